/* tests/unit/trust/test_words.c - secrets and tags in texts. Tokens here are made up, in pieces, so
 * that no scanner of this repository takes them for real ones. */
#include "container.h"
#include "trust/words.h"

static const char random36[] = "a8Kd0sLq2Zx7Nc4Vb1Mw9Ep6Rt3Yu5Hj0GfB";

static void text_is(const char *name, const char *text, enum verdict verdict, const char *rules)
{
    struct buffer data = {0};
    buffer_puts(&data, text);
    finds(name, &data, verdict, rules);
    buffer_clear(&data);
}

static void joined(const char *name, const char *a, const char *b, const char *c,
                   enum verdict verdict, const char *rules)
{
    _cleanup_(free_string) char *text = xprintf("%s%s%s", a, b, c);
    text_is(name, text, verdict, rules);
}

static void tokens_are_found_by_their_form(void **state)
{
    (void)state;
    joined("a.txt", "token: ghp", "_", random36, VERDICT_UNKNOWN, "secret/token");
    joined("a.txt", "HF_TOKEN=hf", "_", "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH", VERDICT_UNKNOWN,
           "secret/token");
    joined("a.txt", "id AK", "IA", "Q7WXM3PZ5KJ2NVB4 ", VERDICT_UNKNOWN, "secret/token");
    joined("a.txt", "aws_secret_access_key = ", "wJalrXUtnFEMIK7MDENGbPx", "RfiCYq9h3kZ0aLsT2",
           VERDICT_UNKNOWN, "secret/token");
    joined("a.txt", "x eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0NTY3ODkwIn0",
           ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U", VERDICT_UNKNOWN, "secret/token");
    joined("a.txt", "AccountKey", "=",
           "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq1K1SZFPTOtrKBHBeksoGMG"
           "X==",
           VERDICT_SAFE, ""); /* 85 characters: none */
}

static void private_keys_are_found_in_text_and_in_json(void **state)
{
    (void)state;
    joined("id", "-----BEGIN RSA PRIVATE", " KEY-----\n", "MIIEowIBAAKCAQEAy8Dbv8prpJ\nkP",
           VERDICT_SAFE, ""); /* too short for one */
    joined("id", "-----BEGIN EC PRIVATE", " KEY-----\n",
           "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY", VERDICT_UNKNOWN,
           "secret/private-key");
    joined("account.json", "{\"private_key\": \"-----BEGIN PRIVATE", " KEY-----\\n",
           "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC\"}", VERDICT_UNKNOWN,
           "secret/private-key");
    joined("a.pem", "-----BEGIN PUBLIC", " KEY-----\n",
           "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXg", VERDICT_SAFE, "");
}

static void what_stands_for_a_secret_is_none(void **state)
{
    (void)state;
    text_is("a.txt", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", VERDICT_SAFE, "");
    joined("a.txt", "AK", "IA", "IOSFODNN7EXAMPLE", VERDICT_SAFE, "");
    text_is("a.txt", "postgresql://user:password@localhost/db http://a:8080/x@y", VERDICT_SAFE, "");
    text_is("a.txt", "postgresql://user:$PASSWORD@localhost/db", VERDICT_SAFE, "");
    text_is("a.txt", "--------------- | --- sk-learn hf_ npm_ eyJ SG. ://", VERDICT_SAFE, "");
    text_is("a.txt", "task-classification-with-transformers-and-others-2024-11", VERDICT_SAFE, "");
}

static void passwords_in_addresses_are_found_and_not_shown(void **state)
{
    struct findings findings;
    static const char text[] = "db: postgresql://scorer:c0rr3ct-h0rse@db.internal:5432/fraud\n";
    (void)state;
    (void)scan_with(NULL, "a.yaml", text, sizeof(text) - 1, (struct scan_limits){0}, &findings);
    assert_int_equal(VERDICT_UNKNOWN, findings.verdict);
    assert_int_equal(1, findings.count);
    assert_string_equal("secret/password", findings.items[0].rule->id);
    assert_null(strstr(findings.items[0].message, "c0rr3ct"));
    assert_int_equal(14, findings.items[0].offset);
    findings_clear(&findings);
}

/* Wherever a word lies to the blocks that a file is read in, it is found, and once. */
static void words_across_blocks_are_found_once(void **state)
{
    (void)state;
    _cleanup_(free_string) char *token = xprintf("npm%s%s ", "_", random36);
    for (size_t at = (256u << 10) - 1100; at < (256u << 10) + 60; at += 1) {
        struct buffer data = {0};
        struct findings findings;
        if (at > (256u << 10) - 1000 && at < (256u << 10) - 60)
            continue;
        buffer_reserve(&data, at + 3000);
        memset(data.data, ' ', at);
        data.length = at;
        buffer_puts(&data, token);
        for (int i = 0; i < 2000; i++)
            buffer_putc(&data, '\n');
        (void)scan_with(NULL, "a.txt", data.data, data.length, (struct scan_limits){0}, &findings);
        assert_int_equal(1, findings.count);
        assert_int_equal(at, findings.items[0].offset);
        findings_clear(&findings);
        buffer_clear(&data);
    }
}

static void yaml_that_makes_python_objects_is_unsafe(void **state)
{
    (void)state;
    text_is("a.yaml", "x: !!python/object/apply:os.getpid []\n", VERDICT_UNSAFE,
            "yaml/python-object");
    text_is("a.yaml", "x: !<tag:yaml.org,2002:python/name:os.getpid>\n", VERDICT_UNSAFE,
            "yaml/python-object");
    text_is("a.yaml", "x: !!python/tuple [1, 2]\n", VERDICT_SAFE, "");
    text_is("README.md", "Never write !!python/object/apply:os.getpid in YAML.\n", VERDICT_SAFE,
            "");
}

static void xml_with_entities_is_unsafe(void **state)
{
    (void)state;
    text_is("m.pmml", "<?xml version=\"1.0\"?><!DOCTYPE PMML [<!ENTITY a SYSTEM \"file:///x\">]>",
            VERDICT_UNSAFE, "xml/entity xml/doctype");
    text_is("m.pmml", "<?xml version=\"1.0\"?><PMML version=\"4.4\"><Header/></PMML>", VERDICT_SAFE,
            "");
    text_is("page", "<!DOCTYPE html><p>x", VERDICT_SAFE, "");
}

static void programs_among_artifacts_are_named(void **state)
{
    (void)state;
    text_is("run", "#!/bin/sh\necho\n", VERDICT_UNKNOWN, "script/program");
    text_is("modeling.py", "pass\n", VERDICT_UNKNOWN, "script/program");
    text_is("weights", "# a\nimport os\nos.getpid()\n", VERDICT_UNKNOWN, "script/program");
    text_is("weights", "from os import getpid\n", VERDICT_UNKNOWN, "script/program");
    text_is("notes", "import duties were raised\nfrom here on\ndef. none\n", VERDICT_SAFE, "");
    text_is("README.md", "```python\nimport os\n```\n", VERDICT_SAFE, "");
}

static void machine_code_is_named(void **state)
{
    struct buffer data = {0};
    (void)state;
    buffer_append(&data,
                  "\x7f"
                  "ELF\2\1\1\0\0\0\0\0\0\0\0\0",
                  16);
    finds("op.so", &data, VERDICT_UNKNOWN, "executable/code");
    finds("weights.npy", &data, VERDICT_UNSAFE, "executable/code scan/disguised");
    buffer_clear(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_found_by_their_form),
        cmocka_unit_test(private_keys_are_found_in_text_and_in_json),
        cmocka_unit_test(what_stands_for_a_secret_is_none),
        cmocka_unit_test(passwords_in_addresses_are_found_and_not_shown),
        cmocka_unit_test(words_across_blocks_are_found_once),
        cmocka_unit_test(yaml_that_makes_python_objects_is_unsafe),
        cmocka_unit_test(xml_with_entities_is_unsafe),
        cmocka_unit_test(programs_among_artifacts_are_named),
        cmocka_unit_test(machine_code_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
