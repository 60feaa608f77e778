/* tests/unit/store/test_s3_config.c - addresses of buckets, the environment, and AWS profiles. */
#include "test.h"

#include "base/file.h"
#include "base/path.h"
#include "store/aws_profile.h"
#include "store/s3_config.h"

static const char *const variables[] = {
    "AWS_PROFILE",       "AWS_ACCESS_KEY_ID",   "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL",
    "AWS_REGION",        "AWS_DEFAULT_REGION",  "AWS_CA_BUNDLE",
    "AWS_MAX_ATTEMPTS"};

struct fixture {
    char *folder;
    struct s3_config config;
    struct s3_credentials credentials;
    struct mlops_error err;
};

static void write(const struct fixture *f, const char *variable, const char *name, const char *text)
{
    struct mlops_error err = {0};
    _cleanup_(free_string) char *path = path_join(f->folder, name);
    assert_int_equal(0, file_write_durable(path, text, strlen(text), 0600, &err));
    (void)setenv(variable, path, 1);
}

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    assert_int_equal(0, directory_make_temporary("/tmp", "mlops-s3", &f->folder, &f->err));
    for (size_t i = 0; i < ARRAY_LENGTH(variables); i++)
        (void)unsetenv(variables[i]);
    write(f, "AWS_CONFIG_FILE", "config", "");
    write(f, "AWS_SHARED_CREDENTIALS_FILE", "credentials", "");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    s3_config_clear(&f->config);
    s3_credentials_clear(&f->credentials);
    assert_int_equal(0, tree_remove(f->folder, &f->err));
    free(f->folder);
    free(f);
    return 0;
}

static void an_address_says_where(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(0, s3_config_parse("s3://models/a/b/?region=eu-west-1&cache=2M&sse=aws%3Akms"
                                        "&kms-key=k&endpoint=https://h:9000/&profile=p&ca=/c"
                                        "&part-size=16M",
                                        &f->config, &f->err));
    assert_string_equal("models", f->config.bucket);
    assert_string_equal("a/b/", f->config.prefix);
    assert_string_equal("eu-west-1", f->config.region);
    assert_string_equal("https://h:9000", f->config.endpoint);
    assert_string_equal("aws:kms", f->config.sse);
    assert_string_equal("p", f->config.profile);
    assert_int_equal(2U << 20, f->config.cache_bytes);
    assert_int_equal(16U << 20, f->config.part_bytes);
    assert_true(f->config.path_style);
    assert_false(f->config.conditional);
}

static void buckets_at_aws_are_hosts_but_for_those_with_dots(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(0, s3_config_parse("s3://models", &f->config, &f->err));
    assert_string_equal("", f->config.prefix);
    assert_false(f->config.path_style);
    s3_config_clear(&f->config);
    assert_int_equal(0, s3_config_parse("s3://my.models", &f->config, &f->err));
    assert_true(f->config.path_style);
    s3_config_clear(&f->config);
    assert_int_equal(0, s3_config_parse("s3://my.models/x?style=host", &f->config, &f->err));
    assert_false(f->config.path_style);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "s3:",
                                        "s3://",
                                        "s3:///x",
                                        "s3://ab",
                                        "s3://UPPER",
                                        "s3://a_b",
                                        "s3://bucket//x",
                                        "s3://bucket/a//b",
                                        "s3://bucket/../x",
                                        "s3://bucket/a b",
                                        "s3://bucket/\xFF",
                                        "s3://bucket/x?",
                                        "s3://bucket?region",
                                        "s3://bucket?style=odd",
                                        "s3://bucket?cache=x",
                                        "s3://bucket?cache=1X",
                                        "s3://bucket?cache=99999999999999999",
                                        "s3://bucket?part-size=4M",
                                        "s3://bucket?part-size=6G",
                                        "s3://bucket?part-size=many",
                                        "s3://bucket?nothing=1",
                                        "s3://bucket?endpoint=ftp://h",
                                        "s3://bucket?endpoint=https://u:p@h",
                                        "s3://bucket?endpoint=https://h/path",
                                        "s3://bucket?endpoint=",
                                        "https://bucket/x"};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        int code = s3_config_parse(wrong[i], &f->config, &f->err);
        if (code == MLOPS_OK)
            s3_config_clear(&f->config);
        /* an empty query and a setting without a value say nothing, and harm nobody */
        bool harmless =
            str_equal(wrong[i], "s3://bucket/x?") || str_equal(wrong[i], "s3://bucket?region");
        assert_int_equal(harmless ? MLOPS_OK : MLOPS_INVALID, code);
    }
}

static void the_environment_goes_before_the_profile(void **state)
{
    struct fixture *f = *state;
    write(f, "AWS_CONFIG_FILE", "config",
          "# ours\n[default]\nregion = eu-central-1\n  nested = 1\nendpoint_url=http://profile:1\n"
          "max_attempts = 3 # enough\n");
    assert_int_equal(0, s3_config_parse("s3://models", &f->config, &f->err));
    assert_int_equal(0, s3_config_complete(&f->config, &f->err));
    assert_string_equal("eu-central-1", f->config.region);
    assert_string_equal("http://profile:1", f->config.endpoint);
    assert_int_equal(3, f->config.attempts);
    s3_config_clear(&f->config);
    (void)setenv("AWS_ENDPOINT_URL", "http://general:1", 1);
    (void)setenv("AWS_ENDPOINT_URL_S3", "http://special:1", 1);
    (void)setenv("AWS_REGION", "us-west-2", 1);
    assert_int_equal(0, s3_config_parse("s3://models", &f->config, &f->err));
    assert_int_equal(0, s3_config_complete(&f->config, &f->err));
    assert_string_equal("us-west-2", f->config.region);
    assert_string_equal("http://special:1", f->config.endpoint);
    assert_true(f->config.path_style);
}

static void credentials_come_from_the_environment_or_a_profile(void **state)
{
    struct fixture *f = *state;
    write(f, "AWS_SHARED_CREDENTIALS_FILE", "credentials",
          "[default]\naws_access_key_id=A\naws_secret_access_key=B/c+d=\n\n[work]\r\n"
          "aws_access_key_id = W\r\naws_secret_access_key = X\r\naws_session_token = T\r\n");
    assert_int_equal(0, s3_config_parse("s3://models", &f->config, &f->err));
    assert_int_equal(0, s3_credentials_load(&f->config, &f->credentials, &f->err));
    assert_string_equal("A", f->credentials.access_key);
    assert_string_equal("B/c+d=", f->credentials.secret_key);
    assert_null(f->credentials.session_token);
    s3_credentials_clear(&f->credentials);
    (void)setenv("AWS_PROFILE", "work", 1);
    assert_int_equal(0, s3_credentials_load(&f->config, &f->credentials, &f->err));
    assert_string_equal("W", f->credentials.access_key);
    assert_string_equal("T", f->credentials.session_token);
    s3_credentials_clear(&f->credentials);
    (void)setenv("AWS_ACCESS_KEY_ID", "E", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "F", 1);
    assert_int_equal(0, s3_credentials_load(&f->config, &f->credentials, &f->err));
    assert_string_equal("E", f->credentials.access_key);
    assert_null(f->credentials.session_token);
}

static void a_profile_of_another_kind_says_what_to_do(void **state)
{
    struct fixture *f = *state;
    write(f, "AWS_CONFIG_FILE", "config", "[profile  sso ]\nsso_session = s\n");
    assert_int_equal(0, s3_config_parse("s3://models?profile=sso", &f->config, &f->err));
    assert_int_equal(MLOPS_IO, s3_credentials_load(&f->config, &f->credentials, &f->err));
    assert_non_null(strstr(f->err.hint, "export-credentials"));
}

static void ini_of_any_form_is_read_and_harms_nobody(void **state)
{
    static const char text[] = "[a]\nk=v\n[\n]\n[]\n=\n[b\nk = w ; no\n[c]\n k=indented\nk";
    (void)state;
    for (size_t length = 0; length < sizeof(text); length++)
        free(ini_value(text, length, "c", "k"));
    _cleanup_(free_string) char *a = ini_value(text, strlen(text), "a", "k");
    _cleanup_(free_string) char *b = ini_value(text, strlen(text), "b", "k");
    assert_string_equal("v", a);
    assert_string_equal("w", b);
    assert_null(ini_value(text, strlen(text), "c", "k"));
    assert_null(ini_value(NULL, 0, "c", "k"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_address_says_where),
        TEST(buckets_at_aws_are_hosts_but_for_those_with_dots),
        TEST(what_is_no_address_is_refused),
        TEST(the_environment_goes_before_the_profile),
        TEST(credentials_come_from_the_environment_or_a_profile),
        TEST(a_profile_of_another_kind_says_what_to_do),
        TEST(ini_of_any_form_is_read_and_harms_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
