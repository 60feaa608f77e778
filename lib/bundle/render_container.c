/* lib/bundle/render_container.c - a Containerfile that installs what the lock says, and what runs
 * the image that is built of it: a Deployment of Kubernetes and a Compose project. */
#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"
#include "bundle/project_environment.h"
#include "bundle/render.h"
#include <math.h>

#define NAME_LENGTH 52    /* of a Kubernetes object, which puts up to 11 characters behind it */
#define SCRIPT_MAX 60000u /* bytes of one RUN: the kernel takes 128 KiB in one argument */
#define USER "65532"      /* "nonroot", as distroless images have it */

static const cJSON *setting(const struct render *render, const char *key)
{
    return environment_setting(render->environment->manifest.project.environment_settings,
                               render->options->stage, key);
}

static const char *setting_text(const struct render *render, const char *key)
{
    return cJSON_GetStringValue(setting(render, key));
}

/* A text in double quotes, as JSON, YAML and the exec form of Containerfiles read it. */
static void put_text(struct render *render, const char *text)
{
    json_write_string(text, &render->out);
}

/* `text` with each `what` written twice. The caller frees. */
static char *doubled(const char *text, const char *what)
{
    struct buffer out = {0};
    size_t length = strlen(what);
    for (; *text; text++) {
        if (strncmp(text, what, length) == 0)
            buffer_putc(&out, *text);
        buffer_putc(&out, *text);
    }
    return buffer_steal(&out);
}

/* ["python3", "serve.py"]; one line is for a shell. `expands`: what must stand twice to mean
 * itself. */
static void put_command(struct render *render, const cJSON *command, const char *expands)
{
    const cJSON *item;
    bool first = true;
    buffer_putc(&render->out, '[');
    if (cJSON_IsString(command)) {
        _cleanup_(free_string) char *text = doubled(command->valuestring, expands);
        buffer_puts(&render->out, "\"sh\", \"-c\", ");
        put_text(render, text);
    } else {
        cJSON_ArrayForEach(item, command)
        {
            _cleanup_(free_string) char *text = doubled(item->valuestring, expands);
            buffer_puts(&render->out, first ? "" : ", ");
            put_text(render, text);
            first = false;
        }
    }
    buffer_puts(&render->out, "]");
}

static void mark_image(struct render *render, const char *image, const char *indent)
{
    if (!image_is_pinned(image))
        buffer_printf(&render->out, "%s# NOT PINNED:\n", indent);
}

/* What every way of running it sets, with the project's own over it. The caller deletes. */
static cJSON *variables(const struct render *render)
{
    cJSON *merged = environment_variables(
        render->environment->manifest.project.environment_settings, render->options->stage);
    static const char *const names[] = {"MLOPS_MODEL", "MLOPS_BUNDLE", "MLOPS_STAGE"};
    const char *const values[] = {render->environment->version.model,
                                  render->environment->version.bundle, render->options->stage};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (values[i] && !cJSON_HasObjectItem(merged, names[i]))
            json_add_string(merged, names[i], values[i]);
    return merged;
}

/* ---- Containerfile ----------------------------------------------------------------------- */

/* Variables of ENV are expanded: `$` and the quotes are escaped. */
static void put_env(struct render *render, const char *name, const char *value)
{
    buffer_printf(&render->out, "ENV %s=\"", name);
    for (; *value; value++)
        buffer_printf(&render->out, "%s%c", strchr("\"\\$", *value) ? "\\" : "", *value);
    buffer_puts(&render->out, "\"\n");
}

/* A word of a shell command in single quotes. */
static void put_shell_word(const char *text, struct buffer *out)
{
    buffer_putc(out, '\'');
    for (; *text; text++)
        if (*text == '\'')
            buffer_puts(out, "'\\''");
        else
            buffer_putc(out, *text);
    buffer_putc(out, '\'');
}

static void put_copy(struct render *render, const char *path)
{
    buffer_puts(&render->out, "COPY [");
    put_text(render, path);
    buffer_puts(&render->out, ", ");
    put_text(render, path);
    buffer_puts(&render->out, "]\n");
}

/* The lock file itself where pip reads it; what is included, too. */
static void put_own_lock(struct render *render)
{
    const struct lock *lock = &render->environment->lock;
    put_copy(render, render->environment->manifest.project.environment);
    for (size_t i = 0; i < lock->included_count; i++)
        put_copy(render, lock->included[i]);
}

/* The lock of another format, written as requirements inside the image. */
static void put_written_lock(struct render *render, bool hashed)
{
    size_t from = render->out.length;
    bool open = false;
    for (size_t i = 0; i < render->count; i++) {
        _cleanup_(buffer_clear) struct buffer line = {0};
        render_requirement(render->wanted[i], hashed, " ", &line);
        if (open && render->out.length - from + line.length > SCRIPT_MAX) {
            buffer_puts(&render->out, " \\\n    >> /tmp/requirements.txt\n");
            open = false;
        }
        if (!open) {
            from = render->out.length;
            buffer_puts(&render->out, "RUN printf '%s\\n'");
            open = true;
        }
        buffer_puts(&render->out, " \\\n    ");
        put_shell_word(line.data, &render->out);
    }
    if (open)
        buffer_puts(&render->out, " \\\n    >> /tmp/requirements.txt\n");
}

static void put_install(struct render *render, bool hashed)
{
    const struct bundle_environment *environment = render->environment;
    bool own = environment->lock.format == LOCK_REQUIREMENTS;
    _cleanup_(buffer_clear) struct buffer path = {0};
    if (render->count == 0)
        return;
    if (own)
        put_own_lock(render);
    else
        put_written_lock(render, hashed);
    put_shell_word(own ? environment->manifest.project.environment : "/tmp/requirements.txt",
                   &path);
    if (!hashed)
        buffer_puts(&render->out, "# NOT ALL PINNED BY DIGEST:\n");
    buffer_printf(&render->out, "RUN python3 -m pip install --no-cache-dir %s-r %s\n",
                  hashed ? "--require-hashes " : "", path.data);
}

int render_containerfile(struct render *render, struct mlops_error *err)
{
    const struct mlops_version *version = &render->environment->version;
    const char *image, *port = setting_text(render, "port");
    const cJSON *command = setting(render, "command"), *item;
    bool hashed;
    TRY(render_check_pinned(render, "Containerfile", &hashed, err));
    TRY(render_image(
        render,
        cJSON_GetStringValue(environment_setting(
            render->environment->manifest.project.environment_settings, NULL, "image")),
        "'image'", &image, err));
    _cleanup_(json_free) cJSON *all = variables(render);
    render_head(render);
    buffer_puts(&render->out, "# Build it in a checkout of the bundle: mlops checkout REF DIR.\n");
    mark_image(render, image, "");
    buffer_printf(&render->out, "FROM %s\n", image);
    buffer_printf(&render->out, "LABEL io.mlops.model=\"%s\" io.mlops.bundle=\"%s\"\n",
                  version->model, version->bundle);
    put_env(render, "PYTHONDONTWRITEBYTECODE", "1");
    put_env(render, "PYTHONUNBUFFERED", "1");
    cJSON_ArrayForEach(item, all)
    {
        put_env(render, item->string, item->valuestring);
    }
    buffer_puts(&render->out, "WORKDIR /opt/model\n");
    put_install(render, hashed);
    buffer_puts(&render->out, "COPY . .\nUSER " USER ":" USER "\n");
    if (port)
        buffer_printf(&render->out, "EXPOSE %s\n", port);
    if (command) {
        buffer_puts(&render->out, "CMD ");
        put_command(render, command, "\x01"); /* nothing is expanded there */
        buffer_putc(&render->out, '\n');
    }
    return MLOPS_OK;
}

/* ---- names and images of what runs ------------------------------------------------------- */

/* "fraud-production" as DNS has names (RFC 1123); where that loses anything, with a digest of the
 * model's name behind it, so that two models do not become one. The caller frees. */
static char *object_name(const struct render *render)
{
    const char *model = render->environment->version.model, *stage = render->options->stage;
    _cleanup_(free_string) char *whole =
        xprintf("%s%s%s", model, stage ? "-" : "", stage ? stage : "");
    struct buffer name = {0};
    bool lost = strlen(whole) > NAME_LENGTH;
    for (const char *c = whole; *c && name.length < NAME_LENGTH - 9; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '-';
        bool large = *c >= 'A' && *c <= 'Z';
        lost = lost || !plain;
        buffer_putc(&name, plain ? *c : large ? (char)(*c | 0x20) : '-');
    }
    lost = lost || strlen(whole) >= NAME_LENGTH - 9 || name.data[0] < 'a' ||
           name.data[name.length - 1] == '-';
    if (lost) {
        struct digest digest;
        char hex[SHA256_HEX_SIZE];
        sha256_of(whole, strlen(whole), &digest);
        digest_to_hex(&digest, hex);
        buffer_printf(&name, "-%.8s", hex);
    }
    if (name.data[0] >= 'a')
        return buffer_steal(&name);
    _cleanup_(free_string) char *rest = buffer_steal(&name);
    return xprintf("m-%s", rest + (*rest == '-'));
}

static int runtime_image(const struct render *render, const char **image, struct mlops_error *err)
{
    const cJSON *settings = render->environment->manifest.project.environment_settings;
    const cJSON *stages = cJSON_GetObjectItemCaseSensitive(settings, "stages");
    const cJSON *own = render->options->stage
                           ? cJSON_GetObjectItemCaseSensitive(stages, render->options->stage)
                           : NULL;
    return render_image(render, json_string(own, "image", NULL),
                        "'image' of the stage (the image that is built of the Containerfile)",
                        image, err);
}

/* ---- Kubernetes -------------------------------------------------------------------------- */

static void put_labels(struct render *render, const char *indent, const char *name)
{
    buffer_printf(&render->out, "%sapp.kubernetes.io/name: \"%s\"\n", indent, name);
    buffer_printf(&render->out, "%sapp.kubernetes.io/managed-by: \"mlops\"\n", indent);
}

static void put_annotations(struct render *render, const char *indent)
{
    const struct mlops_version *version = &render->environment->version;
    buffer_printf(&render->out, "%smlops.io/model: \"%s\"\n", indent, version->model);
    buffer_printf(&render->out, "%smlops.io/bundle: \"%s\"\n", indent, version->bundle);
    if (render->options->stage)
        buffer_printf(&render->out, "%smlops.io/stage: \"%s\"\n", indent, render->options->stage);
}

static void put_resources(struct render *render)
{
    static const char *const parts[] = {"requests", "limits"};
    const char *cpu = setting_text(render, "cpu"), *memory = setting_text(render, "memory");
    if (!cpu && !memory)
        return;
    buffer_puts(&render->out, "          resources:\n");
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        buffer_printf(&render->out, "            %s:\n", parts[i]);
        if (cpu)
            buffer_printf(&render->out, "              cpu: \"%s\"\n", cpu);
        if (memory)
            buffer_printf(&render->out, "              memory: \"%s\"\n", memory);
    }
}

static void put_container(struct render *render, const char *image)
{
    const cJSON *command = setting(render, "command"), *item;
    const char *port = setting_text(render, "port");
    _cleanup_(json_free) cJSON *all = variables(render);
    mark_image(render, image, "        ");
    buffer_printf(&render->out, "        - name: model\n          image: \"%s\"\n", image);
    if (command) {
        buffer_puts(&render->out, "          command: ");
        put_command(render, command, "$(");
        buffer_putc(&render->out, '\n');
    }
    if (port)
        buffer_printf(&render->out,
                      "          ports:\n            - name: serve\n              containerPort: "
                      "%s\n",
                      port);
    buffer_puts(&render->out, "          env:\n");
    cJSON_ArrayForEach(item, all)
    {
        _cleanup_(free_string) char *value = doubled(item->valuestring, "$(");
        buffer_printf(&render->out, "            - name: %s\n              value: ", item->string);
        put_text(render, value);
        buffer_putc(&render->out, '\n');
    }
    put_resources(render);
    buffer_puts(&render->out, "          securityContext:\n"
                              "            allowPrivilegeEscalation: false\n"
                              "            readOnlyRootFilesystem: true\n"
                              "            capabilities:\n"
                              "              drop: [\"ALL\"]\n"
                              "          volumeMounts:\n"
                              "            - name: tmp\n"
                              "              mountPath: /tmp\n"
                              "      volumes:\n"
                              "        - name: tmp\n"
                              "          emptyDir: {}\n");
}

static void put_service(struct render *render, const char *name, const char *port)
{
    buffer_printf(&render->out,
                  "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: \"%s\"\n  labels:\n",
                  name);
    put_labels(render, "    ", name);
    buffer_printf(&render->out,
                  "spec:\n  selector:\n    app.kubernetes.io/name: \"%s\"\n  ports:\n"
                  "    - name: serve\n      port: %s\n      targetPort: serve\n",
                  name, port);
}

int render_kubernetes(struct render *render, struct mlops_error *err)
{
    const char *image, *port = setting_text(render, "port");
    const char *replicas = setting_text(render, "replicas");
    TRY(runtime_image(render, &image, err));
    _cleanup_(free_string) char *name = object_name(render);
    render_head(render);
    buffer_printf(&render->out,
                  "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: \"%s\"\n  labels:\n",
                  name);
    put_labels(render, "    ", name);
    buffer_puts(&render->out, "  annotations:\n");
    put_annotations(render, "    ");
    buffer_printf(&render->out,
                  "spec:\n  replicas: %d\n  selector:\n    matchLabels:\n"
                  "      app.kubernetes.io/name: \"%s\"\n"
                  "  template:\n    metadata:\n      labels:\n",
                  replicas ? atoi(replicas) : 1, name); /* checked: a whole number */
    put_labels(render, "        ", name);
    buffer_puts(&render->out, "      annotations:\n");
    put_annotations(render, "        ");
    buffer_puts(&render->out, "    spec:\n"
                              "      automountServiceAccountToken: false\n"
                              "      securityContext:\n"
                              "        runAsNonRoot: true\n"
                              "        runAsUser: " USER "\n"
                              "        runAsGroup: " USER "\n"
                              "        seccompProfile:\n"
                              "          type: RuntimeDefault\n"
                              "      containers:\n");
    put_container(render, image);
    if (port)
        put_service(render, name, port);
    return MLOPS_OK;
}

/* ---- Compose ----------------------------------------------------------------------------- */

/* "4Gi" in bytes, which Compose has no suffix for; "500m" in processors. */
static double quantity(const char *text)
{
    static const struct {
        const char *suffix;
        double factor;
    } suffixes[] = {
        {"", 1},     {"m", 1e-3},  {"k", 1e3},      {"M", 1e6},         {"G", 1e9},
        {"T", 1e12}, {"Ki", 1024}, {"Mi", 1048576}, {"Gi", 1073741824}, {"Ti", 1099511627776}};
    size_t digits = strspn(text, "0123456789.");
    double value = 0;
    (void)number_parse(text, digits, &value); /* checked when it was packaged */
    for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++)
        if (str_equal(suffixes[i].suffix, text + digits))
            value *= suffixes[i].factor;
    return value;
}

static void put_deploy(struct render *render)
{
    const char *cpu = setting_text(render, "cpu"), *memory = setting_text(render, "memory"),
               *replicas = setting_text(render, "replicas");
    if (!cpu && !memory && !replicas)
        return;
    buffer_puts(&render->out, "    deploy:\n");
    if (replicas)
        buffer_printf(&render->out, "      replicas: %d\n", atoi(replicas)); /* checked */
    if (!cpu && !memory)
        return;
    buffer_puts(&render->out, "      resources:\n        limits:\n");
    if (cpu) {
        buffer_puts(&render->out, "          cpus: \"");
        json_write_number(quantity(cpu), &render->out);
        buffer_puts(&render->out, "\"\n");
    }
    if (memory)
        buffer_printf(&render->out, "          memory: \"%.0fb\"\n", floor(quantity(memory)));
}

int render_compose(struct render *render, struct mlops_error *err)
{
    const char *image, *port = setting_text(render, "port");
    const char *replicas = setting_text(render, "replicas");
    const cJSON *command = setting(render, "command"), *item;
    TRY(runtime_image(render, &image, err));
    _cleanup_(free_string) char *name = object_name(render);
    _cleanup_(json_free) cJSON *all = variables(render);
    render_head(render);
    buffer_printf(&render->out, "name: \"%s\"\nservices:\n  model:\n", name);
    mark_image(render, image, "    ");
    buffer_printf(&render->out, "    image: \"%s\"\n", image);
    if (command) {
        buffer_puts(&render->out, "    command: ");
        put_command(render, command, "$");
        buffer_putc(&render->out, '\n');
    }
    buffer_puts(&render->out, "    environment:\n");
    cJSON_ArrayForEach(item, all)
    {
        _cleanup_(free_string) char *value = doubled(item->valuestring, "$");
        buffer_printf(&render->out, "      %s: ", item->string);
        put_text(render, value);
        buffer_putc(&render->out, '\n');
    }
    if (port && replicas && atoi(replicas) > 1) /* they cannot all have one port of the host */
        buffer_printf(&render->out, "    ports:\n      - \"%s\"\n", port);
    else if (port)
        buffer_printf(&render->out, "    ports:\n      - \"%s:%s\"\n", port, port);
    put_deploy(render);
    buffer_puts(&render->out, "    user: \"" USER ":" USER "\"\n"
                              "    read_only: true\n"
                              "    tmpfs:\n      - /tmp\n"
                              "    cap_drop:\n      - ALL\n"
                              "    security_opt:\n      - \"no-new-privileges:true\"\n");
    return MLOPS_OK;
}
