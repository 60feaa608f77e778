/* tests/unit/base/test_number.c - decimal text to a double, bit for bit as strtod has it. */
#include "base/number.h"
#include "test.h"
#include <float.h>
#include <math.h>
#include <stdio.h>

static uint64_t next(uint64_t *seed) /* xorshift64, Marsaglia 2003 */
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static double of_bits(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static void reads(const char *text, uint64_t expected)
{
    double number;
    if (!number_parse(text, strlen(text), &number))
        fail_msg("'%s' is not read", text);
    if (bits_of(number) != expected)
        fail_msg("'%s' is %.17g and not %.17g", text, number, of_bits(expected));
}

static void reads_as_strtod(const char *text)
{
    reads(text, bits_of(strtod(text, NULL)));
}

/* Bits by the source where it has them, and by exact fractions (Python's) each. */
static const struct {
    const char *text;
    uint64_t bits;
} hard[] = {
    /* Paxson and Kahan, "A Program for Testing IEEE Decimal-Binary Conversion", 1991, table 1: just
     * below the midpoint of two doubles. */
    {"5e+125", 0x5a07a2ecc414a03f},
    {"69e+267", 0x77c0b7cb60c994da},
    {"999e-026", 0x3b282782afe1869e},
    {"7861e-034", 0x39afe3544145e9d8},
    {"75569e-254", 0x0c35a462d91c6ab3},
    {"928609e-261", 0x0afbe2dd66200bef},
    {"9210917e+080", 0x51fda232347e6032},
    {"84863171e+114", 0x59406e98f5ec8f37},
    {"653777767e+273", 0x7a720223f2b3a881},
    {"5232604057e-298", 0x041465b896c24520},
    {"27235667517e-109", 0x2b77d41824d64fb2},
    {"653532977297e-123", 0x28d925a0aabcdc68},
    {"3142213164987e-294", 0x057d3409dfbca26f},
    {"46202199371337e-072", 0x33d28f9edfbd341f},
    {"231010996856685e-073", 0x33c28f9edfbd341f},
    {"9324754620109615e+212", 0x6f43ae60753af6ca},
    {"78459735791271921e+049", 0x4d9dcd0089c1314e},
    {"272104041512242479e+200", 0x6d13bbb4bf05f087},
    {"6802601037806061975e+198", 0x6cf3bbb4bf05f087},
    {"20505426358836677347e-221", 0x161012954b6aabba},
    {"836168422905420598437e-234", 0x13b20403a628a9ca},
    {"4891559871276714924261e+222", 0x7286ecaf7694a3c7},
    /* Their table 2: just above. */
    {"9e-265", 0x091d05244fe5066a},
    {"85e-037", 0x38a698ccdc60015a},
    {"623e+100", 0x554640a62f3a83df},
    {"3571e+263", 0x77462644c61d41aa},
    {"81661e+153", 0x60b7ca8e3d68578e},
    {"920657e-023", 0x3c653a9985dbde6c},
    {"4603285e-024", 0x3c553a9985dbde6c},
    {"87575437e-309", 0x016e07320602056c},
    {"245540327e+122", 0x5b01b6231e18c5cb},
    {"6138508175e+120", 0x5ae1b6231e18c5cb},
    {"83356057653e+193", 0x6a4544e6daee2a18},
    {"619534293513e+124", 0x5c210c20303fe0f1},
    {"2335141086879e+218", 0x6fc340a1c932c1ee},
    {"36167929443327e-159", 0x21bce77c2b3328fc},
    {"609610927149051e-255", 0x0e104273b18918b1},
    {"3743626360493413e-165", 0x20e8823a57adbef9},
    {"94080055902682397e-242", 0x11364981e39e66ca},
    {"899810892172646163e+283", 0x7e6adf51fa055e03},
    {"7120190517612959703e+120", 0x5cc3220dcd5899fd},
    {"25188282901709339043e-252", 0x0fa4059af3db2a84},
    {"308984926168550152811e-052", 0x39640de48676653b},
    {"6372891218502368041059e+064", 0x51c067047dbb38fe},
    /* R. Regan, exploringbinary.com: what Visual C++, gcc and glibc, PHP and Java (2.225…e-308) and
     * SQLite once read wrongly. */
    {"9214843084008499", 0x43405e6cec57761a},
    {"0.500000000000000166533453693773481063544750213623046875", 0x3fe0000000000002},
    {"30078505129381147446200", 0x44997a3c7271b021},
    {"1777820000000000000001", 0x4458180d5bad2e3e},
    {"0.500000000000000166547006220929549868969843373633921146392822265625", 0x3fe0000000000002},
    {"0.50000000000000016656055874808561867439493653364479541778564453125", 0x3fe0000000000002},
    {"0.3932922657273", 0x3fd92bb352c4623a},
    {"3.518437208883201171875e13", 0x42c0000000000002},
    {"62.5364939768271845828", 0x404f44abd5aa7ca4},
    {"8.10109172351e-10", 0x3e0bd5cbaef0fd0c},
    {"1.50000000000000011102230246251565404236316680908203125", 0x3ff8000000000000},
    {"9007199254740991.4999999999999999999999999999999995", 0x433fffffffffffff},
    {"2.2250738585072011e-308", 0x000fffffffffffff},
    {"2.2250738585072012e-308", 0x0010000000000000},
    {"1e-23", 0x3b282db34012b251},
    {"8.533e+68", 0x4e3fa69165a8eea2},
    {"4.1006e-184", 0x19dbe0d1c7ea60c9},
    {"9.998e+307", 0x7fe1cc0a350ca87b},
    {"9.9538452227e-280", 0x0602117ae45cde43},
    {"6.47660115e-260", 0x0a1fdd9e333badad},
    /* N. Tao, github.com/nigeltao/parse-number-fxx-test-data. */
    {"1e-324", 0x0000000000000000},
    {"4.9e-324", 0x0000000000000001},
    {"4.9406564584124654e-324", 0x0000000000000001},
    {"1e-323", 0x0000000000000002},
    {"2.2250738585072009E-308", 0x000fffffffffffff},
    {"2.2250738585072014E-308", 0x0010000000000000},
    {"1e-2147483649", 0x0000000000000000},
    {"1e-9223372036854775809", 0x0000000000000000},
    {"1e-99", 0x2b617f7d4ed8c33e},
    {"0.63571428571428568", 0x3fe457c57c57c57c},
    {"1090544144181609348835077142190", 0x462b8779f2474dfb},
    {"1e99", 0x547d42aea2879f2e},
    {"1e999", 0x7ff0000000000000},
    {"1e18446744073709551616", 0x7ff0000000000000},
};

static void published_hard_cases_have_their_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(hard); i++) {
        char negative[128];
        reads(hard[i].text, hard[i].bits);
        (void)snprintf(negative, sizeof(negative), "-%s", hard[i].text);
        reads(negative, hard[i].bits | 1ULL << 63);
    }
}

static void numbers_are_read_exactly(void **state)
{
    (void)state;
    static const char *const good[] = {"0",
                                       "-0",
                                       "-0.0",
                                       "0e999",
                                       "+1",
                                       "0.1",
                                       "3.14159265358979",
                                       "1e22",
                                       "1e23",
                                       "5e-324",
                                       "2.4703282292062327e-324",
                                       "2.4703282292062328e-324",
                                       "1.7976931348623157e308",
                                       "1.7976931348623158e308",
                                       "1.7976931348623159e308",
                                       "123456789012345678901234567890",
                                       "18446744073709551615",
                                       "18446744073709551616",
                                       "1.00000000",
                                       "12345678.12345678",
                                       "0.1234567812345678",
                                       "0.12345678123456e5",
                                       ".5",
                                       "5.",
                                       "-1E-7",
                                       "9007199254740993",
                                       "9007199254740993.00000000000000000000",
                                       "9007199254740993.00000000000000000001",
                                       "2.2250738585072014e-308",
                                       "1e400",
                                       "-1e400",
                                       "-1e-400"};
    static const char *const bad[] = {"",     "-",    ".",    "e5",         "1e",          "1e+",
                                      "0x10", "1 ",   " 1",   "1,5",        "nan",         "12a",
                                      "--1",  "1..2", "1.2.", "-.e1",       ".inf",        "-.inf",
                                      "inf.", "in",   "+",    "0.1234567a", "0.12345678/9"};
    double value;
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
        reads_as_strtod(good[i]);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_false(number_parse(bad[i], strlen(bad[i]), &value));
    assert_true(number_parse("-inf", 4, &value) && isinf(value) && value < 0);
    assert_true(number_parse("Infinity", 8, &value) && isinf(value) && value > 0);
}

static void every_byte_that_is_no_digit_ends_eight_of_them(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++)
        for (size_t at = 0; at < 8; at++) {
            char text[] = "0.12345678";
            double value;
            text[2 + at] = (char)byte;
            bool digit = byte >= '0' && byte <= '9';
            bool exponent = (byte == 'e' || byte == 'E') && at < 7;
            assert_int_equal(digit || exponent, number_parse(text, strlen(text), &value));
        }
}

static void numbers_of_any_length_are_read(void **state)
{
    char text[4096];
    (void)state;
    (void)sprintf(text, "0.%0*d", 600, 1); /* 1e-600 */
    reads_as_strtod(text);
    (void)strcat(text, "e600");
    reads(text, bits_of(1));
    (void)sprintf(text, "1%0*de-1000", 1000, 0);
    reads(text, bits_of(1));
    /* 2^53 + 1, a tie, and what is far behind it */
    (void)sprintf(text, "9007199254740993.%0*d", 1000, 0);
    reads(text, bits_of(9007199254740992));
    (void)sprintf(text, "9007199254740993.%0*d", 1000, 1);
    reads(text, bits_of(9007199254740994));
    (void)sprintf(text, "%0*d.%0*d", 1000, 7, 1000, 0);
    reads(text, bits_of(7));
}

/* What programs write: as few digits as come back, as many as pandas, and more. */
static void random_doubles_are_read_as_by_strtod(void **state)
{
    static const char *const formats[] = {"%.17g", "%.16g", "%.15g", "%.20g"};
    uint64_t seed = 1;
    char text[64];
    (void)state;
    for (int i = 0; i < 100000; i++) {
        double number = of_bits(next(&seed));
        if (i % 2) /* of a size that data has */
            number = ldexp((double)(int64_t)next(&seed), -(int)(next(&seed) % 128));
        if (!isfinite(number))
            continue;
        for (size_t j = 0; j < ARRAY_LENGTH(formats); j++) {
            (void)snprintf(text, sizeof(text), formats[j], number);
            reads_as_strtod(text);
        }
        if (i % 2) {
            (void)snprintf(text, sizeof(text), "%.12f", number);
            reads_as_strtod(text);
        }
    }
}

static void random_decimals_are_read_as_by_strtod(void **state)
{
    uint64_t seed = 2;
    char text[64];
    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint64_t digits = next(&seed) >> next(&seed) % 64;
        int exponent = (int)(next(&seed) % 700) - 365;
        (void)snprintf(text, sizeof(text), "%llue%d", (unsigned long long)digits, exponent);
        reads_as_strtod(text);
        (void)snprintf(text, sizeof(text), "-%llu.%06lluE%+d", (unsigned long long)digits % 1000,
                       (unsigned long long)(next(&seed) % 1000000), exponent % 30);
        reads_as_strtod(text);
    }
}

static void subnormals_are_read_as_by_strtod(void **state)
{
    static const char *const formats[] = {"%.17g", "%.16g", "%.3g", "%.25g"};
    uint64_t seed = 3;
    char text[64];
    (void)state;
    for (int i = 0; i < 10000; i++) {
        double number = of_bits(next(&seed) >> (12 + next(&seed) % 50));
        for (size_t j = 0; j < ARRAY_LENGTH(formats); j++) {
            (void)snprintf(text, sizeof(text), formats[j], number);
            reads_as_strtod(text);
        }
    }
}

static void one_less(char *last)
{
    for (; *last == '0' || *last == '.'; last--)
        if (*last == '0')
            *last = '9';
    --*last;
}

/* A long double has the bits for a midpoint: all its digits are written, then more and less. */
static void midpoints_are_read_as_by_strtod(void **state)
{
    uint64_t seed = 4;
    char text[1024];
    (void)state;
    if (LDBL_MANT_DIG <= DBL_MANT_DIG)
        skip();
    for (int i = 0; i < 10000; i++) {
        uint64_t bits = next(&seed) >> 1;
        if (i % 3 == 1) /* around 1 */
            bits = (bits & ((1ULL << 52) - 1)) | (uint64_t)(1023 - 60 + bits % 120) << 52;
        else if (i % 3 == 2) /* subnormal, or nearly */
            bits >>= 10 + next(&seed) % 50;
        if (bits >= 0x7ffULL << 52)
            continue;
        long double low = of_bits(bits), high = of_bits(bits + 1);
        if (isinf(high))
            high = ldexpl(1, DBL_MAX_EXP);
        (void)snprintf(text, sizeof(text), "%.800Le", low / 2 + high / 2);
        char *exponent = strchr(text, 'e');
        reads_as_strtod(text);
        exponent[-1] = '1';
        reads_as_strtod(text);
        exponent[-1] = '0';
        one_less(exponent - 1);
        reads_as_strtod(text);
        (void)snprintf(text, sizeof(text), "%.*Le", 16 + i % 8, low / 2 + high / 2);
        reads_as_strtod(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_hard_cases_have_their_bits),
        cmocka_unit_test(numbers_are_read_exactly),
        cmocka_unit_test(every_byte_that_is_no_digit_ends_eight_of_them),
        cmocka_unit_test(numbers_of_any_length_are_read),
        cmocka_unit_test(random_doubles_are_read_as_by_strtod),
        cmocka_unit_test(random_decimals_are_read_as_by_strtod),
        cmocka_unit_test(subnormals_are_read_as_by_strtod),
        cmocka_unit_test(midpoints_are_read_as_by_strtod),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
