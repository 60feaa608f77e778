/* lib/registry/hook.c - hooks: found, judged, run. */
#include "registry/hook.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/path.h"
#include "base/process.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_NS 60000000000LL
#define SHOWN_MAX 600 /* bytes of output that an error message has room for */

static int fail_unfit(struct mlops_error *err, const char *path, const char *what)
{
    mlops_fail(err, MLOPS_INVALID, "the hook '%s' %s", path, what);
    return mlops_hint(err, "see to it, or move it out of that folder");
}

/* A hook that is there and does not run must not pass for one that says yes. */
static int find(const char *path, bool *found, struct mlops_error *err)
{
    struct stat status;
    *found = stat(path, &status) == 0;
    if (!*found && (errno == ENOENT || errno == ENOTDIR))
        return MLOPS_OK;
    if (!*found)
        return mlops_fail_errno(err, MLOPS_IO, errno, "look at the hook '%s'", path);
    if (!S_ISREG(status.st_mode) || access(path, X_OK) < 0)
        return fail_unfit(err, path, "is not an executable file");
    if (status.st_mode & S_IWOTH)
        return fail_unfit(err, path, "can be written by anybody");
    return MLOPS_OK;
}

static int write_input(struct mlops_registry *registry, const char *name,
                       const struct hook_event *event, struct buffer *text, struct mlops_error *err)
{
    _cleanup_(json_free) cJSON *json = cJSON_CreateObject();
    char now[32];
    mlops_time_format(clock_now_ns(), now);
    json_add_string(json, "hook", name);
    json_add_string(json, "registry", mlops_registry_location(registry));
    json_add_string(json, "actor", registry_actor(registry));
    json_add_string(json, "time", now);
    json_add_known(json, "model", event->model);
    json_add_known(json, "bundle", event->bundle);
    json_add_known(json, "stage", event->stage);
    json_add_known(json, "reason", event->reason);
    json_add_known(json, "directory", event->directory);
    if (event->version)
        json_add_u64(json, "version", event->version);
    if (event->previous)
        json_add_u64(json, "previous", event->previous);
    if (event->entry)
        json_add_u64(json, "entry", event->entry - 1);
    TRY(json_write_canonical(json, text, err));
    buffer_putc(text, '\n');
    return MLOPS_OK;
}

static char **make_environment(struct mlops_registry *registry, const char *name,
                               const struct hook_event *event)
{
    _cleanup_(
        free_string) char *hook = xprintf("MLOPS_HOOK=%s", name),
                          *where = xprintf("MLOPS_REGISTRY=%s", mlops_registry_location(registry)),
                          *actor = xprintf("MLOPS_ACTOR=%s", registry_actor(registry)),
                          *model = xprintf("MLOPS_MODEL=%s", event->model ? event->model : ""),
                          *version =
                              xprintf("MLOPS_VERSION=%llu", (unsigned long long)event->version),
                          *bundle = xprintf("MLOPS_BUNDLE=%s", event->bundle ? event->bundle : ""),
                          *stage = xprintf("MLOPS_STAGE=%s", event->stage ? event->stage : "");
    const char *const more[] = {hook, where, actor, model, version, bundle, stage, NULL};
    return process_environment(more);
}

int hook_timeout(const char *name, int64_t otherwise_ns, int64_t *timeout_ns,
                 struct mlops_error *err)
{
    const char *said = getenv(name);
    *timeout_ns = otherwise_ns;
    if (!said || !*said)
        return MLOPS_OK;
    if (mlops_duration_parse(said, timeout_ns, err))
        return mlops_wrap(err, "%s", name);
    return *timeout_ns > 0 ? MLOPS_OK : mlops_fail(err, MLOPS_INVALID, "%s is no time", name);
}

/* How it ended, and the end of what it printed, in one line. The caller frees. */
static char *describe(const char *name, const struct process_result *result, int64_t timeout_ns)
{
    struct buffer text = {0};
    size_t length = result->output.length;
    while (length > 0 && strchr(" \r\n\t", result->output.data[length - 1]))
        length--;
    if (result->timed_out)
        buffer_printf(&text, "the hook %s did not end within %g s", name, (double)timeout_ns / 1e9);
    else if (result->signal)
        buffer_printf(&text, "the hook %s was ended by signal %d", name, result->signal);
    else
        buffer_printf(&text, "the hook %s says no (exit %d)", name, result->exit_status);
    if (length > 0)
        buffer_puts(&text, ": ");
    for (size_t i = length > SHOWN_MAX ? length - SHOWN_MAX : 0; i < length; i++) {
        unsigned char c = (unsigned char)result->output.data[i];
        buffer_putc(&text, c == '\n' ? ' ' : c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
    return buffer_steal(&text);
}

static int run_with(struct mlops_registry *registry, const char *path,
                    const struct hook_telling *telling, struct mlops_error *err)
{
    const char *name = telling->name;
    _cleanup_(free_strings) char **environment = make_environment(registry, name, &telling->event);
    _cleanup_(process_result_clear) struct process_result result = {0};
    const char *const argv[] = {path, NULL};
    int64_t timeout_ns;
    TRY(hook_timeout("MLOPS_HOOK_TIMEOUT", TIMEOUT_NS, &timeout_ns, err));
    if (process_run(&(struct process_options){.argv = argv,
                                              .directory = mlops_registry_location(registry),
                                              .environment = (const char *const *)environment,
                                              .input = telling->input,
                                              .input_length = telling->length,
                                              .timeout_ns = timeout_ns,
                                              .observer = registry_observer(registry)},
                    &result, err))
        return mlops_wrap(err, "the hook %s", name);
    if (!result.timed_out && result.exit_status == 0)
        return MLOPS_OK;
    _cleanup_(free_string) char *why = describe(name, &result, timeout_ns);
    return mlops_fail(err, MLOPS_REFUSED, "%s", why);
}

static int run(struct mlops_registry *registry, const char *name, const char *path,
               const struct hook_event *event, struct mlops_error *err)
{
    _cleanup_(buffer_clear) struct buffer input = {0};
    TRY(write_input(registry, name, event, &input, err));
    return run_with(registry, path,
                    &(struct hook_telling){
                        .name = name, .input = input.data, .length = input.length, .event = *event},
                    err);
}

static int run_if_there(struct mlops_registry *registry, const char *when,
                        const struct hook_event *event, struct mlops_error *err)
{
    _cleanup_(free_string) char *name = xprintf("%s-%s", when, event->action);
    _cleanup_(free_string) char *path =
        xprintf("%s/hooks/%s", mlops_registry_location(registry), name);
    bool found;
    TRY(find(path, &found, err));
    return found ? run(registry, name, path, event, err) : MLOPS_OK;
}

int hook_before(struct mlops_registry *registry, const struct hook_event *event,
                struct mlops_error *err)
{
    return run_if_there(registry, "pre", event, err);
}

void hook_after(struct mlops_registry *registry, const struct hook_event *event)
{
    struct mlops_error trouble = {0};
    if (run_if_there(registry, "post", event, &trouble))
        registry_warn(registry, "%s", trouble.message);
}

int hook_tell(struct mlops_registry *registry, const struct hook_telling *telling,
              struct mlops_error *err)
{
    _cleanup_(free_string) char *path =
        xprintf("%s/hooks/%s", mlops_registry_location(registry), telling->name);
    bool found;
    TRY(find(path, &found, err));
    if (found)
        return run_with(registry, path, telling, err);
    return mlops_fail(err, MLOPS_NOT_FOUND, "there is no hook '%s'", path);
}
