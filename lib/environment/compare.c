/* lib/environment/compare.c - distributions by kind and key, versions as their index compares them,
 * builds where both sides know them. */
#include "environment/compare.h"
#include "environment/marker.h"
#include "environment/pep440.h"

static const char *const kinds[] = {
    [DISTRIBUTION_PYPI] = "pypi", [DISTRIBUTION_CONDA] = "conda", [DISTRIBUTION_IMAGE] = "image"};

static void add(struct differences *differences, const char *kind, const char *name,
                enum difference_severity severity, char *expected, char *found)
{
    GROW(differences->items, differences->count, &differences->capacity);
    differences->items[differences->count++] = (struct difference){.kind = kind,
                                                                   .name = xstrdup(name),
                                                                   .expected = expected,
                                                                   .found = found,
                                                                   .severity = severity};
}

static char *copy(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static bool same(const char *a, const char *b)
{
    return a && b ? str_equal(a, b) : a == b;
}

/* ---- the list ---------------------------------------------------------------------------- */

static int kind_order(const char *kind)
{
    static const char *const order[] = {"python", "pypi",       "conda", "image",
                                        "os",     "os-package", "cpu",   "gpu"};
    int place = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(order); i++)
        if (str_equal(order[i], kind))
            place = (int)i;
    return place;
}

static int compare_differences(const void *a, const void *b)
{
    const struct difference *left = a, *right = b;
    int order = kind_order(left->kind) - kind_order(right->kind);
    return order ? order : strcmp(left->name, right->name);
}

static void sort(struct differences *differences)
{
    if (differences->count > 0)
        qsort(differences->items, differences->count, sizeof(*differences->items),
              compare_differences);
}

/* ---- one distribution ---------------------------------------------------------------------- */

/* PEP 440, "Version matching": 1.0 is 1.0.0, and a version without a local label means any. */
static bool same_version(const struct distribution *expected, const struct distribution *found)
{
    struct pep440 a, b;
    if (!expected->version || !found->version || str_equal(expected->version, found->version))
        return true;
    if (expected->kind != DISTRIBUTION_PYPI ||
        !pep440_parse(expected->version, strlen(expected->version), &a) ||
        !pep440_parse(found->version, strlen(found->version), &b))
        return false;
    if (!a.local[0])
        b.local[0] = '\0';
    return pep440_compare(&a, &b) == 0;
}

static bool share_hash(const struct distribution *a, const struct distribution *b)
{
    for (size_t i = 0; i < a->hash_count; i++)
        for (size_t j = 0; j < b->hash_count; j++)
            if (str_equal(a->hashes[i], b->hashes[j]))
                return true;
    return false;
}

/* Where both sides know which build it is. */
static bool same_build(const struct distribution *expected, const struct distribution *found)
{
    if (expected->build && found->build && !str_equal(expected->build, found->build))
        return false;
    if (expected->content && found->content)
        return str_equal(expected->content, found->content);
    if (expected->kind == DISTRIBUTION_PYPI && expected->hash_count > 0 && found->hash_count > 0)
        return share_hash(expected, found);
    return true;
}

/* What tells a build from another of the same version, short enough for a table. */
static char *describe_build(const struct distribution *item)
{
    const char *mark = item->build     ? item->build
                       : item->content ? item->content
                       : item->source  ? item->source
                                       : "another build";
    return xprintf("%s (%.19s)", item->version ? item->version : "", mark);
}

/* The best of several entries of one key, of which a lock may have one a platform. */
static void judge(const struct distribution *expected, const struct distribution *found,
                  struct differences *differences)
{
    const char *kind = kinds[expected->kind];
    if (!same_version(expected, found))
        add(differences, kind, expected->name, DIFFERS_VERSION, copy(expected->version),
            copy(found->version));
    else if (!same_build(expected, found))
        add(differences, kind, expected->name, DIFFERS_BUILD, describe_build(expected),
            describe_build(found));
}

/* ---- a lock and a machine ---------------------------------------------------------------- */

static enum marker_verdict wanted(const struct distribution *item,
                                  const struct marker_environment *environment)
{
    return item->marker ? marker_judge(item->marker, environment) : MARKER_YES;
}

/* Is another entry of the same key a better answer to what was found? */
static bool is_answered(const struct lock *expected, size_t index, const struct distribution *found,
                        const struct marker_environment *environment)
{
    const struct distribution *item = &expected->items[index];
    for (size_t i = 0; i < expected->count; i++) {
        const struct distribution *other = &expected->items[i];
        if (i != index && other->kind == item->kind && str_equal(other->key, item->key) &&
            wanted(other, environment) != MARKER_NO && (same_version(other, found) || i < index))
            return true;
    }
    return false;
}

/* What every virtual environment has, and what conda brought under PyPI's name. */
static bool is_expected_everywhere(const struct lock *expected, const struct distribution *found)
{
    static const char *const tools[] = {"pip", "setuptools", "wheel"};
    bool conda = false;
    for (size_t i = 0; i < expected->count && !conda; i++)
        conda = expected->items[i].kind == DISTRIBUTION_CONDA;
    if (found->kind == DISTRIBUTION_CONDA && !conda)
        return true;
    if (found->kind == DISTRIBUTION_PYPI && conda && same(found->source, "conda"))
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(tools); i++)
        if (found->kind == DISTRIBUTION_PYPI && str_equal(found->key, tools[i]))
            return true;
    return false;
}

static void find_extras(const struct lock *expected, const struct lock *found,
                        struct differences *differences)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct distribution *item = &found->items[i];
        if (lock_find(expected, item->kind, item->key, NULL) ||
            is_expected_everywhere(expected, item))
            continue;
        add(differences, kinds[item->kind], item->name, DIFFERS_EXTRA, NULL, copy(item->version));
    }
}

/* ">=3.10,<4" as the marker that says the same; NULL where it is of another kind. */
static char *python_marker(const char *specifiers)
{
    struct buffer text = {0};
    _cleanup_(free_string) char *list = xstrdup(specifiers);
    char *state = NULL;
    for (char *part = strtok_r(list, ",", &state); part; part = strtok_r(NULL, ",", &state)) {
        part += strspn(part, " ");
        size_t sign = strspn(part, "<>=!~");
        const char *version = part + sign + strspn(part + sign, " ");
        size_t length = strcspn(version, " '\"");
        if (sign == 0 || length == 0) {
            buffer_clear(&text);
            return NULL;
        }
        buffer_printf(&text, "%spython_full_version %.*s '%.*s'", text.length ? " and " : "",
                      (int)sign, part, (int)length, version);
    }
    return text.length ? buffer_steal(&text) : NULL;
}

static void compare_python(const struct lock *expected, const struct captured *found,
                           const struct marker_environment *environment,
                           struct differences *differences)
{
    _cleanup_(free_string) char *marker = expected->python ? python_marker(expected->python) : NULL;
    if (!marker)
        return;
    if (!found->python)
        add(differences, "python", "python", DIFFERS_MISSING, copy(expected->python), NULL);
    else if (marker_judge(marker, environment) == MARKER_NO)
        add(differences, "python", "python", DIFFERS_VERSION, copy(expected->python),
            copy(found->python));
}

static void compare_packages(const struct lock *expected, const struct captured *found,
                             const struct compare_options *options, struct differences *differences)
{
    const struct marker_environment environment = {.python = found->python,
                                                   .implementation = found->implementation,
                                                   .machine = found->machine};
    for (size_t i = 0; i < expected->count; i++) {
        const struct distribution *item = &expected->items[i];
        enum marker_verdict verdict = wanted(item, &environment);
        if (item->kind == DISTRIBUTION_IMAGE || verdict == MARKER_NO)
            continue;
        const struct distribution *there = lock_find(&found->packages, item->kind, item->key, NULL);
        if (there && !is_answered(expected, i, there, &environment))
            judge(item, there, differences);
        else if (!there && verdict == MARKER_YES && !item->optional &&
                 lock_find(expected, item->kind, item->key, NULL) == item)
            add(differences, kinds[item->kind], item->name, DIFFERS_MISSING,
                xstrdup(item->version ? item->version : "any version"), NULL);
    }
    if (!options->extras)
        find_extras(expected, &found->packages, differences);
}

void compare_lock(const struct lock *expected, const struct captured *found,
                  const struct compare_options *options, struct differences *differences)
{
    const struct marker_environment environment = {.python = found->python,
                                                   .implementation = found->implementation,
                                                   .machine = found->machine};
    compare_python(expected, found, &environment, differences);
    compare_packages(expected, found, options, differences);
    sort(differences);
}

/* ---- two machines ------------------------------------------------------------------------ */

static void compare_text(struct differences *differences, const char *kind, const char *name,
                         const char *expected, const char *found)
{
    if (!expected || same(expected, found))
        return;
    add(differences, kind, name, found ? DIFFERS_VERSION : DIFFERS_MISSING, copy(expected),
        copy(found));
}

static int order_os(const struct os_package *a, const struct os_package *b)
{
    int order = strcmp(a->name, b->name);
    return order ? order
                 : strcmp(a->architecture ? a->architecture : "",
                          b->architecture ? b->architecture : "");
}

/* Both are sorted. */
static void compare_os_packages(const struct captured *expected, const struct captured *found,
                                const struct compare_options *options,
                                struct differences *differences)
{
    size_t i = 0, j = 0;
    while (i < expected->os_package_count || j < found->os_package_count) {
        const struct os_package *a =
            i < expected->os_package_count ? &expected->os_packages[i] : NULL;
        const struct os_package *b = j < found->os_package_count ? &found->os_packages[j] : NULL;
        int order = !a ? 1 : !b ? -1 : order_os(a, b);
        if (order < 0)
            add(differences, "os-package", a->name, DIFFERS_MISSING, copy(a->version), NULL);
        else if (order > 0 && !options->extras)
            add(differences, "os-package", b->name, DIFFERS_EXTRA, NULL, copy(b->version));
        else if (order == 0)
            compare_text(differences, "os-package", a->name, a->version, b->version);
        i += order <= 0;
        j += order >= 0;
    }
}

/* A program that was built for a feature stops without it; more features do no harm. */
static void compare_flags(const struct captured *expected, const struct captured *found,
                          struct differences *differences)
{
    for (size_t i = 0, j = 0; i < expected->cpu_flag_count; i++) {
        while (j < found->cpu_flag_count && strcmp(found->cpu_flags[j], expected->cpu_flags[i]) < 0)
            j++;
        if (j == found->cpu_flag_count || !str_equal(found->cpu_flags[j], expected->cpu_flags[i]))
            add(differences, "cpu", expected->cpu_flags[i], DIFFERS_MISSING, xstrdup("yes"), NULL);
    }
}

void compare_captured(const struct captured *expected, const struct captured *found,
                      const struct compare_options *options, struct differences *differences)
{
    compare_text(differences, "python", "python", expected->python, found->python);
    compare_text(differences, "python", "implementation", expected->implementation,
                 found->implementation);
    compare_packages(&expected->packages, found, options, differences);
    compare_text(differences, "os", "release", expected->os_name, found->os_name);
    compare_text(differences, "cpu", "machine", expected->machine, found->machine);
    compare_text(differences, "gpu", "cuda", expected->cuda, found->cuda);
    if (options->machine) {
        compare_text(differences, "gpu", "driver", expected->gpu_driver, found->gpu_driver);
        compare_os_packages(expected, found, options, differences);
        compare_flags(expected, found, differences);
    }
    sort(differences);
}

/* ---- two locks --------------------------------------------------------------------------- */

/* The entry of the other lock for the same distribution, marker and all where there are several. */
static const struct distribution *counterpart(const struct lock *lock,
                                              const struct distribution *item)
{
    const struct distribution *any = NULL;
    for (size_t i = 0; i < lock->count; i++) {
        const struct distribution *other = &lock->items[i];
        if (other->kind != item->kind || !str_equal(other->key, item->key))
            continue;
        if (same(other->version, item->version) || same(other->marker, item->marker))
            return other;
        any = other;
    }
    return any;
}

static char *describe(const struct distribution *item)
{
    return xstrdup(item->version ? item->version : item->text ? item->text : "any version");
}

void compare_locks(const struct lock *expected, const struct lock *found,
                   struct differences *differences)
{
    if (expected->python && !same(expected->python, found->python))
        add(differences, "python", "python", found->python ? DIFFERS_VERSION : DIFFERS_MISSING,
            copy(expected->python), copy(found->python));
    for (size_t i = 0; i < expected->count; i++) {
        const struct distribution *item = &expected->items[i], *other = counterpart(found, item);
        if (item->optional)
            continue;
        if (!other)
            add(differences, kinds[item->kind], item->name, DIFFERS_MISSING, describe(item), NULL);
        else if (!same(item->version, other->version) && !same_version(item, other))
            add(differences, kinds[item->kind], item->name, DIFFERS_VERSION, describe(item),
                describe(other));
        else if (!item->version != !other->version || !same(item->source, other->source))
            add(differences, kinds[item->kind], item->name, DIFFERS_VERSION, copy(item->text),
                copy(other->text));
        else if (!same_build(item, other))
            add(differences, kinds[item->kind], item->name, DIFFERS_BUILD, describe_build(item),
                describe_build(other));
    }
    for (size_t i = 0; i < found->count; i++)
        if (!found->items[i].optional && !counterpart(expected, &found->items[i]))
            add(differences, kinds[found->items[i].kind], found->items[i].name, DIFFERS_EXTRA, NULL,
                describe(&found->items[i]));
    sort(differences);
}

void differences_clear(struct differences *differences)
{
    for (size_t i = 0; i < differences->count; i++) {
        free(differences->items[i].name);
        free(differences->items[i].expected);
        free(differences->items[i].found);
    }
    free(differences->items);
    *differences = (struct differences){0};
}

const char *difference_severity_name(enum difference_severity severity)
{
    static const char *const names[] = {[DIFFERS_MISSING] = "missing",
                                        [DIFFERS_VERSION] = "other version",
                                        [DIFFERS_BUILD] = "other build",
                                        [DIFFERS_EXTRA] = "extra"};
    return names[severity];
}
