/* tests/unit/release/test_deploy.c - a host: laid out, switched, taken back, followed. */
#include "trial/session.h"
#include <mlops/deploy.h>

static struct mlops_deployment deployment;

static char *host_path(const struct session *s, const char *below)
{
    _cleanup_(free_string) char *host = path_join(s->folder, "host");
    return *below ? path_join(host, below) : TAKE_PTR(host);
}

/* Version N, whose model says N, in production. */
static struct mlops_version given_live(struct session *s, unsigned number, const char *health)
{
    _cleanup_(free_string) char *yaml = xprintf("model: fraud\ndescription: 'version %u'\n"
                                                "code: model.bin\n%s%s\n",
                                                number, *health ? "deploy: " : "", health);
    _cleanup_(free_string) char *content = xprintf("model %u\n", number);
    given_file(s, "model.bin", content);
    struct mlops_version version = given_version(s, yaml);
    given_in_stage(s, &version, "production", number - 1);
    return version;
}

static int deploy(struct session *s, const char *ref, uint64_t keep)
{
    _cleanup_(free_string) char *host = host_path(s, "");
    const struct mlops_deploy_options options = {.ref = ref, .directory = host, .keep = keep};
    mlops_deployment_clear(&deployment);
    return mlops_deploy(s->registry, &options, &deployment, &s->err);
}

static void assert_current(struct session *s, const char *content)
{
    _cleanup_(free_string) char *path = host_path(s, "current/model.bin");
    _cleanup_(buffer_clear) struct buffer text = {0};
    assert_ok(s, file_read(path, 1000, &text, &s->err));
    assert_string_equal(content, text.data);
}

static size_t count_releases(struct session *s)
{
    _cleanup_(free_string) char *path = host_path(s, "");
    struct mlops_host host = {0};
    assert_ok(s, mlops_host_read(path, true, NULL, &host, &s->err));
    size_t count = host.count;
    assert_null(host.damage);
    mlops_host_clear(&host);
    return count;
}

static void versions_are_laid_out_switched_to_and_kept(void **state)
{
    struct session *s = *state;
    for (unsigned i = 1; i <= 4; i++) {
        _cleanup_(free_string) char *content = xprintf("model %u\n", i);
        given_live(s, i, "");
        assert_ok(s, deploy(s, "fraud@production", 2));
        assert_true(deployment.deployed && !deployment.already && !deployment.went_back);
        assert_current(s, content);
    }
    assert_int_equal(2, count_releases(s));
    assert_ok(s, deploy(s, "fraud@production", 2));
    assert_true(deployment.already && !deployment.deployed);
    assert_ok(s, deploy(s, "fraud@3", 2)); /* it lies there still */
    assert_true(deployment.there);
    assert_current(s, "model 3\n");
    mlops_deployment_clear(&deployment);
}

static void what_is_not_well_is_taken_back(void **state)
{
    struct session *s = *state;
    given_live(s, 1, "{health: 'true'}");
    assert_ok(s, deploy(s, "fraud@production", 0));
    assert_true(deployment.had_health);
    given_live(s, 2, "{health: 'echo it burns; exit 3'}");
    assert_fails(s, MLOPS_REFUSED, deploy(s, "fraud@production", 0));
    assert_true(deployment.went_back && !deployment.deployed);
    assert_contains(deployment.why, "it burns");
    assert_current(s, "model 1\n");
    mlops_deployment_clear(&deployment);
}

static void make_link(const char *target, const char *path)
{
    if (symlink(target, path) < 0)
        fail_msg("symlink %s: %s", path, strerror(errno));
}

/* Nothing that others put where a host's things belong is written to, followed or removed. */
static void a_folder_of_others_is_left_as_it_is(void **state)
{
    struct session *s = *state;
    static const char *const places[] = {"current", "releases", ".deploy"};
    given_live(s, 1, "");
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        for (int link = 0; link < 2; link++) {
            _cleanup_(free_string) char *host = host_path(s, ""), *path = host_path(s, places[i]);
            _cleanup_(free_string) char *outside = path_join(s->folder, "outside");
            struct stat status;
            assert_ok(s, directory_make(host, 0755, &s->err));
            assert_ok(s, directory_make(outside, 0755, &s->err));
            if (link) {
                make_link(outside, path);
            } else {
                FILE *file = fopen(path, "w");
                assert_non_null(file);
                assert_true(fputs("mine\n", file) >= 0);
                assert_int_equal(0, fclose(file));
            }
            if (deploy(s, "fraud@production", 0) == MLOPS_OK)
                fail_msg("'%s' of others was taken for the host's own", places[i]);
            assert_in_range(s->err.code, 1, 6);
            assert_int_equal(0, lstat(path, &status));
            assert_true(link ? S_ISLNK(status.st_mode) : S_ISREG(status.st_mode));
            assert_int_equal(0, rmdir(outside)); /* empty still */
            assert_ok(s, tree_remove(host, &s->err));
        }
    mlops_deployment_clear(&deployment);
}

/* ---- following ------------------------------------------------------------------------------- */

/* What a follower said, a letter each: L live, F failed, E empty, A away, B back; and what happens
 * to the world after each letter. */
struct story {
    struct session *s;
    struct buffer said;
    char *database, *aside; /* the registry's database, and where it is moved to be away */
    int left;               /* looks until it is stopped */
};

static int move(const char *from, const char *to)
{
    return rename(from, to) == 0 ? 0 : -1;
}

static int hear(void *context, const struct mlops_deploy_event *event, struct mlops_error *err)
{
    struct story *story = context;
    struct session *s = story->s;
    (void)err;
    buffer_putc(&story->said, "LFEAB"[event->news]);
    switch (story->said.length) {
    case 1: /* version 1 is live: now the registry goes away */
        assert_int_equal(0, move(story->database, story->aside));
        break;
    case 2: /* it comes back */
        assert_int_equal(MLOPS_DEPLOY_AWAY, event->news);
        assert_current(s, "model 1\n");
        assert_int_equal(0, move(story->aside, story->database));
        break;
    case 3:
        assert_int_equal(MLOPS_DEPLOY_BACK, event->news);
        given_live(s, 2, "");
        break;
    default:
        s->cancel = true;
    }
    return MLOPS_OK;
}

static void a_follower_keeps_what_is_live_while_the_registry_is_away(void **state)
{
    struct session *s = *state;
    _cleanup_(free_string) char *host = host_path(s, "");
    struct story story = {.s = s,
                          .database = path_join(s->folder, ".mlops/registry.db"),
                          .aside = path_join(s->folder, "aside.db")};
    const struct mlops_registry_options where = {
        .location = s->folder,
        .observer = {.context = s, .cancelled = session_cancelled, .warn = session_warn}};
    const struct mlops_deploy_options options = {
        .ref = "fraud@production", .directory = host, .interval_ns = 1000000};
    given_live(s, 1, "");
    assert_ok(s, mlops_deploy_follow(&where, &options, hear, &story, &s->err));
    assert_string_equal("LABL", story.said.data);
    s->cancel = false;
    assert_current(s, "model 2\n");
    buffer_clear(&story.said);
    free(story.database);
    free(story.aside);
}

static int hear_once(void *context, const struct mlops_deploy_event *event, struct mlops_error *err)
{
    struct story *story = context;
    (void)err;
    buffer_putc(&story->said, "LFEAB"[event->news]);
    if (event->news == MLOPS_DEPLOY_FAILED)
        assert_false(event->again); /* the same would be refused again */
    story->s->cancel = true;
    return MLOPS_OK;
}

static void a_follower_of_nothing_or_of_what_is_not_well_says_so(void **state)
{
    struct session *s = *state;
    _cleanup_(free_string) char *host = host_path(s, "");
    struct story story = {.s = s};
    const struct mlops_registry_options where = {
        .location = s->folder, .observer = {.context = s, .cancelled = session_cancelled}};
    struct mlops_deploy_options options = {
        .ref = "fraud@production", .directory = host, .interval_ns = 1000000};
    assert_ok(s, mlops_deploy_follow(&where, &options, hear_once, &story, &s->err));
    s->cancel = false;
    given_live(s, 1, "{health: 'exit 1'}");
    assert_ok(s, mlops_deploy_follow(&where, &options, hear_once, &story, &s->err));
    s->cancel = false;
    assert_string_equal("EF", story.said.data);
    options.ref = "fraud@1";
    assert_fails(s, MLOPS_INVALID,
                 mlops_deploy_follow(&where, &options, hear_once, &story, &s->err));
    buffer_clear(&story.said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(versions_are_laid_out_switched_to_and_kept),
        session_test(what_is_not_well_is_taken_back),
        session_test(a_folder_of_others_is_left_as_it_is),
        session_test(a_follower_keeps_what_is_live_while_the_registry_is_away),
        session_test(a_follower_of_nothing_or_of_what_is_not_well_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
