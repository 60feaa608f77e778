/* tests/unit/trust/test_rds.c - values as R writes them (R Internals 1.8), by hand. */
#include "test.h"

#include "trust/rds.h"
#include "trusting.h"

#define X2 "X\n\0\0\0\2\0\4\3\0\0\2\3\0"
#define X3 "X\n\0\0\0\3\0\4\3\0\0\3\5\0\0\0\0\5UTF-8"
#define NIL "\0\0\0\xfe"
#define TEXT_A "\0\4\0\x9\0\0\0\1a"
#define SYMBOL_A "\0\0\0\1" TEXT_A
#define INTS "\0\0\0\xd\0\0\0\2\0\0\0\1\0\0\0\2"
/* The class of 1:3 as R 3.5 and later write it. */
#define CLASS                                                                                      \
    "\0\0\0\2\0\0\0\1\0\4\0\x9\0\0\0\xe"                                                           \
    "compact_intseq"                                                                               \
    "\0\0\0\2\0\0\0\1\0\4\0\x9\0\0\0\4base\0\0\0\2\0\0\0\xd\0\0\0\1\0\0\0\xd" NIL

#define IS(bytes, verdict, rule) expect(&scanner_rds, bytes, sizeof(bytes) - 1, verdict, rule)

static void vectors_lists_and_data_frames_are_safe(void **state)
{
    (void)state;
    IS(X2 NIL, VERDICT_SAFE, NULL);
    IS(X3 INTS, VERDICT_SAFE, NULL);
    IS(X3 "\0\0\0\xe\0\0\0\1\x3f\xf0\0\0\0\0\0\0", VERDICT_SAFE, NULL);
    IS(X3 "\0\0\0\x10\0\0\0\2" TEXT_A "\0\0\0\x9\xff\xff\xff\xff", VERDICT_SAFE, NULL);
    /* a list with names: attributes are a pairlist with a tag */
    IS(X3 "\0\0\2\x13\0\0\0\1" INTS "\0\0\4\2" SYMBOL_A "\0\0\0\x10\0\0\0\1" TEXT_A NIL,
       VERDICT_SAFE, NULL);
    IS("RDX3\n" X3 "\0\0\4\2" SYMBOL_A INTS NIL, VERDICT_SAFE, NULL);
    IS(X3 "\0\0\0\xee" CLASS "\0\0\0\xe\0\0\0\1\x3f\xf0\0\0\0\0\0\0" NIL, VERDICT_SAFE, NULL);
}

static void the_ascii_and_native_forms_are_read(void **state)
{
    (void)state;
    IS("A\n3\n262912\n197888\n5\nUTF-8\n13\n3\n1\nNA\n3\n", VERDICT_SAFE, NULL);
    IS("A\n2\n262912\n131840\n16\n1\n262153\n4\na\\040\\n\\\"\n", VERDICT_SAFE, NULL);
    IS("A\n2\n262912\n131840\n14\n2\n1.5\nInf\n", VERDICT_SAFE, NULL);
    IS("A\n2\n262912\n131840\n14\n2\n1.5\nxyz\n", VERDICT_UNREADABLE, "rds/damaged");
    IS("A\n2\n262912\n131840\n5\n254\n254\n", VERDICT_UNSAFE, "rds/promise");
    IS("B\n\2\0\0\0\0\3\4\0\0\3\2\0\xd\0\0\0\1\0\0\0\7\0\0\0", VERDICT_SAFE, NULL);
}

static void code_is_named(void **state)
{
    (void)state;
    /* CVE-2024-27322: a promise whose value is not there and whose code is */
    IS(X3 "\0\0\0\5\0\0\0\xfc" INTS, VERDICT_UNSAFE, "rds/promise");
    IS(X3 "\0\0\4\3" NIL NIL INTS, VERDICT_UNKNOWN, "rds/closure");
    IS(X3 "\0\0\0\6" SYMBOL_A NIL, VERDICT_UNKNOWN, "rds/language");
    IS(X3 "\0\0\0\x14\0\0\0\0", VERDICT_UNKNOWN, "rds/language");
    IS(X3 "\0\0\0\x16" NIL NIL, VERDICT_UNKNOWN, "rds/external-pointer");
    IS(X3 "\0\0\0\x8\0\0\0\6system", VERDICT_UNKNOWN, "rds/closure");
    IS(X3 "\0\0\0\xf9\0\0\0\0\0\0\0\1\0\4\0\x9\0\0\0\3pkg", VERDICT_UNKNOWN, "rds/namespace");
    IS(X3 "\0\0\0\xf9\0\0\0\0\0\0\0\1\0\4\0\x9\0\0\0\5stats", VERDICT_SAFE, NULL);
    IS(X3 "\0\0\0\4\0\0\0\0" NIL "\x08\0\4\2" SYMBOL_A INTS NIL NIL NIL, VERDICT_UNSAFE,
       "rds/active-binding");
    IS(X3 "\0\0\0\4\0\0\0\0" NIL "\0\0\4\2" SYMBOL_A INTS NIL NIL NIL, VERDICT_SAFE,
       "rds/environment");
    IS(X3 "\0\0\0\xee\0\0\0\2" SYMBOL_A NIL NIL NIL, VERDICT_UNKNOWN, "rds/altrep-class");
    /* bytecode: shared expressions, code, constants: an expression and a reference to it */
    IS(X3 "\0\0\0\x15\0\0\0\1" INTS "\0\0\0\2\0\0\0\xf4\0\0\0\0\0\0\0\6" NIL "\0\0\0\1" SYMBOL_A
          "\0\0\0\xfe" NIL "\0\0\0\xf3\0\0\0\0",
       VERDICT_UNKNOWN, "rds/bytecode");
}

static void what_r_refuses_is_refused(void **state)
{
    (void)state;
    IS(X3 INTS "x", VERDICT_UNSAFE, "rds/trailing-bytes");
    IS("X\n\0\0\0\4\0\0\0\0\0\0\0\0" NIL, VERDICT_UNREADABLE, "rds/damaged");
    IS(X3 "\0\0\0\x32", VERDICT_UNREADABLE, "rds/damaged");
    IS(X3 "\0\0\1\xff", VERDICT_UNREADABLE, "rds/damaged"); /* reference 1 of none */
    IS(X3 "\0\0\0\xd\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff", VERDICT_UNREADABLE,
       "rds/damaged");
    IS(X3 "\0\0\0\xe\xff\xff\xff\xff\0\1\0\0\0\0\0\0", VERDICT_UNREADABLE, "rds/damaged");
    IS(X3 "\0\0\0\x10\0\0\0\1" NIL, VERDICT_UNREADABLE, "rds/damaged");
}

static void lists_in_lists_end_at_a_limit(void **state)
{
    (void)state;
    size_t depth = 1200000, size = sizeof(X3) - 1 + depth * 8;
    uint8_t *data = malloc(size);
    struct findings findings;
    memcpy(data, X3, sizeof(X3) - 1);
    for (size_t i = 0; i < depth; i++) /* each has two values, the first of which is a list */
        memcpy(data + sizeof(X3) - 1 + i * 8, "\0\0\0\x13\0\0\0\2", 8);
    assert_int_equal(VERDICT_UNREADABLE,
                     scan_with(&scanner_rds, "m", data, size, (struct scan_limits){0}, &findings));
    findings_clear(&findings);
    free(data);
}

static void damage_is_found(void **state)
{
    (void)state;
    static const char file[] = "RDX3\n" X3 "\0\0\4\2" SYMBOL_A "\0\0\2\x13\0\0\0\1" INTS
                               "\0\0\4\2\0\0\1\xff\0\0\0\x10\0\0\0\1" TEXT_A NIL NIL;
    IS(file, VERDICT_SAFE, NULL);
    no_beginning_is_safe(&scanner_rds, file, sizeof(file) - 1);
    no_change_breaks(&scanner_rds, file, sizeof(file) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_lists_and_data_frames_are_safe),
        cmocka_unit_test(the_ascii_and_native_forms_are_read),
        cmocka_unit_test(code_is_named),
        cmocka_unit_test(what_r_refuses_is_refused),
        cmocka_unit_test(lists_in_lists_end_at_a_limit),
        cmocka_unit_test(damage_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
