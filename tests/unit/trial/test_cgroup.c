/* tests/unit/trial/test_cgroup.c - control groups: found, made, joined, at their limits,
 * removed. */
#include "test.h"

#include "base/file.h"
#include "child.h"
#include "trial/cgroup.h"
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- where ----------------------------------------------------------------------------------- */

static void assert_folder(const char *mounts, const char *groups, const char *controller,
                          const char *expected, const char *expected_top)
{
    _cleanup_(free_string) char *top = NULL;
    _cleanup_(free_string) char *folder = cgroup_folder(mounts, groups, controller, &top);
    if (!expected) {
        assert_null(folder);
        return;
    }
    assert_non_null(folder);
    assert_string_equal(expected, folder);
    assert_string_equal(expected_top, top);
}

/* As proc(5) and cgroups(7) have them: Debian 12 at a terminal, a container, version 1 beside 2. */
static void the_folder_of_a_group_is_read_from_mounts_and_groups(void **state)
{
    (void)state;
    static const char systemd[] =
        "24 30 0:22 / /proc rw,relatime shared:12 - proc proc rw\n"
        "28 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
    static const char both[] =
        "38 29 0:33 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
        "39 29 0:34 /docker/f00 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
        "41 29 0:36 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    assert_folder(systemd, "0::/user.slice/user-1000.slice/session-3.scope\n", NULL,
                  "/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope", "/sys/fs/cgroup");
    assert_folder(systemd, "0::/\n", NULL, "/sys/fs/cgroup", "/sys/fs/cgroup");
    assert_folder(systemd, "0::/../outside\n", NULL, NULL, NULL);
    assert_folder(systemd, "8:pids:/a\n", NULL, NULL, NULL);
    assert_folder(systemd, "8:pids:/a\n0::/b\n", "pids", NULL, NULL);
    assert_folder(both, "8:pids:/a\n7:cpu,cpuacct:/docker/f00/x\n0::/\n", NULL,
                  "/sys/fs/cgroup/unified", "/sys/fs/cgroup/unified");
    assert_folder(both, "8:pids:/a\n0::/\n", "pids", "/sys/fs/cgroup/pids/a",
                  "/sys/fs/cgroup/pids");
    assert_folder(both, "7:cpu,cpuacct:/docker/f00/x\n", "cpuacct", "/sys/fs/cgroup/cpu/x",
                  "/sys/fs/cgroup/cpu");
    assert_folder(both, "7:cpu,cpuacct:/other\n", "cpu", NULL, NULL);
    assert_folder("", "", NULL, NULL, NULL);
    assert_folder("nonsense\n - cgroup2 \n", "0::\n::\n0::/a", NULL, NULL, NULL);
}

/* ---- groups of this machine ------------------------------------------------------------------ */

static struct cgroup_place find(bool wanted(const struct cgroup_place *))
{
    struct cgroup_place place;
    char why[MLOPS_MESSAGE_SIZE];
    cgroup_find(&place, why, sizeof(why));
    if (wanted(&place))
        return place;
    print_message("not tried here: %s\n", why);
    cgroup_place_clear(&place);
    skip();
    return place;
}

static bool any(const struct cgroup_place *place)
{
    return place->path || place->old_path;
}

static bool with_processes(const struct cgroup_place *place)
{
    return place->processes;
}

static bool with_memory(const struct cgroup_place *place)
{
    return place->memory;
}

static struct cgroup given_group(const struct cgroup_place *place, uint64_t memory,
                                 uint64_t processes)
{
    struct cgroup group;
    struct mlops_error err = {0};
    assert_int_equal(MLOPS_OK,
                     cgroup_make(place, &(struct cgroup_limits){memory, processes}, &group, &err));
    return group;
}

/* `body` in a process of the group; its status. */
static int run_in(const struct cgroup *group, void body(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (!cgroup_join(group))
            _exit(99);
        body();
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(child, waitpid(child, &status, 0));
    return status;
}

static void remove_group(struct cgroup *group, struct cgroup_place *place)
{
    _cleanup_(free_string) char *path = xstrdup(group->path ? group->path : group->old_path);
    cgroup_remove(group);
    assert_false(path_exists(path));
    cgroup_place_clear(place);
}

static void leave_a_sleeper(void)
{
    if (fork() == 0) {
        setsid();
        for (;;)
            pause();
    }
}

static void what_is_in_a_group_ends_with_it(void **state)
{
    (void)state;
    struct cgroup_place place = find(any);
    struct cgroup group = given_group(&place, UINT64_MAX, UINT64_MAX);
    if (!place.path) { /* version 1 cannot end it */
        remove_group(&group, &place);
        skip();
    }
    assert_int_equal(0, run_in(&group, leave_a_sleeper));
    remove_group(&group, &place); /* a group with processes in it cannot be removed */
}

/* Nobody ends before all were started, or one was refused. */
static void fork_ten(void)
{
    pid_t children[10];
    size_t count = 0;
    bool refused = false;
    while (count < ARRAY_LENGTH(children) && !refused) {
        children[count] = fork_with_test();
        if (children[count] == 0)
            for (;;)
                pause();
        refused = children[count] < 0;
        count += !refused;
    }
    for (size_t i = 0; i < count; i++) {
        (void)kill(children[i], SIGKILL);
        (void)waitpid(children[i], NULL, 0);
    }
    if (refused)
        _exit(7);
}

static void more_processes_than_its_limit_are_refused_and_counted(void **state)
{
    (void)state;
    struct cgroup_place place = find(with_processes);
    struct cgroup_events events;
    struct cgroup group = given_group(&place, UINT64_MAX, 11);
    assert_true(group.processes);
    assert_int_equal(0, run_in(&group, fork_ten));
    cgroup_look(&group, &events);
    assert_int_equal(0, events.forks_refused);
    remove_group(&group, &place);

    place = find(with_processes);
    group = given_group(&place, UINT64_MAX, 5);
    assert_int_equal(7 << 8, run_in(&group, fork_ten));
    cgroup_look(&group, &events);
    assert_int_equal(1, events.forks_refused);
    assert_int_equal(0, events.memory_kills);
    remove_group(&group, &place);
}

static void eat(void)
{
    size_t size = 200U << 20;
    char *data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data != MAP_FAILED)
        memset(data, 1, size);
}

static void more_memory_than_its_limit_is_a_kill_that_is_known_for_one(void **state)
{
    (void)state;
    struct cgroup_place place = find(with_memory);
    struct cgroup_events events;
    struct cgroup group = given_group(&place, 50U << 20, UINT64_MAX);
    assert_int_equal(SIGKILL, run_in(&group, eat));
    cgroup_look(&group, &events);
    assert_true(events.memory_reached > 0);
    assert_true(events.memory_kills > 0);
    remove_group(&group, &place);
}

static void nowhere_there_is_no_group_and_nothing_to_do(void **state)
{
    (void)state;
    struct cgroup_place nowhere = {0};
    struct cgroup_events events;
    struct cgroup group = given_group(&nowhere, 1, 1);
    assert_true(cgroup_join(&group));
    cgroup_kill(&group);
    cgroup_look(&group, &events);
    assert_int_equal(0, events.forks_refused);
    cgroup_remove(&group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folder_of_a_group_is_read_from_mounts_and_groups),
        cmocka_unit_test(what_is_in_a_group_ends_with_it),
        cmocka_unit_test(more_processes_than_its_limit_are_refused_and_counted),
        cmocka_unit_test(more_memory_than_its_limit_is_a_kill_that_is_known_for_one),
        cmocka_unit_test(nowhere_there_is_no_group_and_nothing_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
