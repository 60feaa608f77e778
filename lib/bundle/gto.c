/* lib/bundle/gto.c - tags of GTO taken apart, and put together to versions and stages. */
#include "bundle/gto.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* ---- names ---------------------------------------------------------------------------------- */

static bool is_alphanumeric(char c)
{
    return c && strchr(LETTERS DIGITS, c);
}

/* [a-zA-Z0-9]([a-zA-Z0-9-/_]*[a-zA-Z0-9])? */
static bool is_name(const char *text, size_t length)
{
    if (length == 0 || !is_alphanumeric(text[0]) || !is_alphanumeric(text[length - 1]))
        return false;
    return strspn(text, LETTERS DIGITS "-_/") >= length;
}

/* An artifact as a tag has it, "models=fraud"; `out` gets it as people write it. */
static bool take_artifact(const char *text, size_t length, char *out)
{
    const char *sign = memchr(text, '=', length);
    size_t folder = sign ? (size_t)(sign - text) : 0;
    if (sign && (folder == 0 || strspn(text, LETTERS DIGITS "-_./") < folder))
        return false;
    const char *name = sign ? sign + 1 : text;
    if (!is_name(name, length - (size_t)(name - text)))
        return false;
    memcpy(out, text, length);
    out[length] = '\0';
    if (sign)
        out[folder] = ':';
    return true;
}

/* Length of a number without leading zeros at `text`; 0: none. */
static size_t number_length(const char *text)
{
    size_t length = strspn(text, DIGITS);
    return length > 1 && text[0] == '0' ? 0 : length;
}

/* Identifiers with dots between them; those of a pre-release that are numbers have no zeros before
 * them. Returns their length, 0: there is none. */
static size_t identifiers_length(const char *text, bool strict)
{
    size_t at = 0;
    for (;;) {
        size_t length = strspn(text + at, LETTERS DIGITS "-");
        bool number = strspn(text + at, DIGITS) == length;
        if (length == 0 || (strict && number && length > 1 && text[at] == '0'))
            return 0;
        at += length;
        if (text[at] != '.')
            return at;
        at++;
    }
}

/* Length of "v1.2.3-rc.1+build" at `text`; 0: it is no version. */
static size_t version_length(const char *text)
{
    size_t at = 1;
    if (text[0] != 'v')
        return 0;
    for (int i = 0; i < 3; i++) {
        size_t length = number_length(text + at);
        if (length == 0 || (i < 2 && text[at + length] != '.'))
            return 0;
        at += length + (i < 2);
    }
    for (int i = 0; i < 2; i++) {
        if (text[at] != "-+"[i])
            continue;
        size_t length = identifiers_length(text + at + 1, i == 0);
        if (length == 0)
            return 0;
        at += length + 1;
    }
    return at;
}

/* What stands behind '@'; how much of it is taken comes back, 0: nothing of GTO's. */
static size_t take_version(const char *text, struct gto_name *name)
{
    static const struct {
        const char *word;
        enum gto_action action;
    } words[] = {{"deprecated", GTO_DEPRECATE}, {"created", GTO_CREATE}};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (str_starts(text, words[i].word)) {
            name->action = words[i].action;
            return strlen(words[i].word);
        }
    size_t length = version_length(text);
    memcpy(name->version, text, length);
    name->action = text[length] == '!' ? GTO_DEREGISTER : GTO_REGISTER;
    return length > 0 && text[length] == '!' ? length + 1 : length;
}

static size_t take_stage(const char *text, struct gto_name *name)
{
    size_t length = strspn(text, LETTERS DIGITS "-_/");
    if (!is_name(text, length))
        return 0;
    memcpy(name->stage, text, length);
    name->action = text[length] == '!' ? GTO_UNASSIGN : GTO_ASSIGN;
    return text[length] == '!' ? length + 1 : length;
}

bool gto_parse(const char *tag, struct gto_name *name)
{
    size_t length = strcspn(tag, "@#");
    *name = (struct gto_name){0};
    if (strlen(tag) > GTO_TAG_MAX || !tag[length] || !take_artifact(tag, length, name->artifact))
        return false;
    const char *rest = tag + length + 1;
    size_t taken = tag[length] == '@' ? take_version(rest, name) : take_stage(rest, name);
    if (taken == 0)
        return false;
    rest += taken;
    if (!*rest)
        return true;
    size_t digits = *rest == '#' ? strspn(rest + 1, DIGITS) : 0;
    if (digits == 0 || digits > 18 || rest[1 + digits])
        return false;
    name->counter = strtoull(rest + 1, NULL, 10);
    return true;
}

/* ---- versions ------------------------------------------------------------------------------- */

static int compare_numbers(const char *a, size_t a_length, const char *b, size_t b_length)
{
    if (a_length != b_length)
        return a_length < b_length ? -1 : 1;
    return strncmp(a, b, a_length);
}

/* Of two identifiers numbers come before texts (semver.org, 11.4). */
static int compare_identifiers(const char *a, size_t a_length, const char *b, size_t b_length)
{
    bool a_number = strspn(a, DIGITS) >= a_length, b_number = strspn(b, DIGITS) >= b_length;
    if (a_number && b_number)
        return compare_numbers(a, a_length, b, b_length);
    if (a_number != b_number)
        return a_number ? -1 : 1;
    size_t shorter = a_length < b_length ? a_length : b_length;
    int order = memcmp(a, b, shorter);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* Both stand behind "v1.2.3": a pre-release is before its release. */
static int compare_prereleases(const char *a, const char *b)
{
    if (*a != '-' || *b != '-')
        return (*a != '-') - (*b != '-');
    for (;;) {
        a++, b++;
        size_t a_length = strcspn(a, ".+"), b_length = strcspn(b, ".+");
        int order = compare_identifiers(a, a_length, b, b_length);
        if (order)
            return order;
        a += a_length, b += b_length;
        if (*a != '.' || *b != '.')
            return (*a == '.') - (*b == '.');
    }
}

int gto_compare_versions(const char *a, const char *b)
{
    for (int i = 0; i < 3; i++) {
        a++, b++; /* over 'v' and the dots */
        size_t a_length = strspn(a, DIGITS), b_length = strspn(b, DIGITS);
        int order = compare_numbers(a, a_length, b, b_length);
        if (order)
            return order;
        a += a_length, b += b_length;
    }
    return compare_prereleases(a, b);
}

/* ---- what they say together ----------------------------------------------------------------- */

struct placed {
    struct gto_name name;
    const struct gto_tag *tag;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *one = a, *two = b;
    if (one->tag->time_s != two->tag->time_s)
        return one->tag->time_s < two->tag->time_s ? -1 : 1;
    if (one->name.counter != two->name.counter)
        return one->name.counter < two->name.counter ? -1 : 1;
    return strcmp(one->tag->name, two->tag->name);
}

static struct gto_version *find_version(const struct gto_state *state, const struct gto_name *name)
{
    for (size_t i = 0; i < state->version_count; i++)
        if (str_equal(state->versions[i].artifact, name->artifact) &&
            str_equal(state->versions[i].version, name->version))
            return &state->versions[i];
    return NULL;
}

/* The version that was registered on the tag's commit; of several the greatest. */
static struct gto_version *version_at(const struct gto_state *state, size_t index)
{
    struct gto_version *found = NULL;
    for (size_t i = 0; i < state->version_count; i++) {
        struct gto_version *version = &state->versions[i];
        if (version->registered && str_equal(version->artifact, state->names[index].artifact) &&
            str_equal(version->tag->commit, state->tags[index]->commit) &&
            (!found || gto_compare_versions(found->version, version->version) < 0))
            found = version;
    }
    return found;
}

static void take_registration(struct gto_state *state, size_t index)
{
    const struct gto_name *name = &state->names[index];
    struct gto_version *version = find_version(state, name);
    if (!version) {
        GROW(state->versions, state->version_count, &state->version_capacity);
        version = &state->versions[state->version_count++];
        *version = (struct gto_version){.artifact = name->artifact, .version = name->version};
    }
    version->tag = state->tags[index];
    version->registered = true;
}

static int compare_stages(const void *a, const void *b)
{
    const struct gto_name *one = *(const struct gto_name *const *)a;
    const struct gto_name *two = *(const struct gto_name *const *)b;
    int order = strcmp(one->artifact, two->artifact);
    return order ? order : strcmp(one->stage, two->stage);
}

/* Give `stage` to the greatest of the versions on which the last word is that it is assigned.
 * `targets` has for each tag the version on its commit, `assigned` room for each version. */
static void give_stage(struct gto_state *state, const struct gto_name *stage,
                       struct gto_version *const *targets, bool *assigned)
{
    struct gto_version *holder = NULL;
    memset(assigned, 0, state->version_count * sizeof(*assigned));
    for (size_t i = 0; i < state->count; i++)
        if (targets[i] && str_equal(state->names[i].artifact, stage->artifact) &&
            str_equal(state->names[i].stage, stage->stage))
            assigned[targets[i] - state->versions] = state->names[i].action == GTO_ASSIGN;
    for (size_t i = 0; i < state->version_count; i++)
        if (assigned[i] &&
            (!holder || gto_compare_versions(holder->version, state->versions[i].version) < 0))
            holder = &state->versions[i];
    if (!holder)
        return;
    char *list =
        holder->stages ? xprintf("%s,%s", holder->stages, stage->stage) : xstrdup(stage->stage);
    free(holder->stages);
    holder->stages = list;
}

/* Each stage of an artifact once, in the order of their names. */
static void give_stages(struct gto_state *state)
{
    const struct gto_name **stages = xcalloc(state->count + 1, sizeof(*stages));
    struct gto_version **targets = xcalloc(state->count + 1, sizeof(*targets));
    bool *assigned = xcalloc(state->version_count + 1, sizeof(*assigned));
    size_t count = 0;
    for (size_t i = 0; i < state->count; i++) {
        targets[i] = *state->names[i].stage ? version_at(state, i) : NULL;
        if (targets[i])
            stages[count++] = &state->names[i];
    }
    if (count > 0)
        qsort(stages, count, sizeof(*stages), compare_stages);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_stages(&stages[i], &stages[i - 1]) != 0)
            give_stage(state, stages[i], targets, assigned);
    free(stages);
    free(targets);
    free(assigned);
}

void gto_state_make(const struct gto_tag *tags, size_t count, struct gto_state *state)
{
    struct placed *placed = xcalloc(count + 1, sizeof(*placed));
    *state = (struct gto_state){0};
    for (size_t i = 0; i < count; i++)
        if (gto_parse(tags[i].name, &placed[state->count].name))
            placed[state->count++].tag = &tags[i];
    if (state->count > 0)
        qsort(placed, state->count, sizeof(*placed), compare_placed);
    state->names = xcalloc(state->count + 1, sizeof(*state->names));
    state->tags = xcalloc(state->count + 1, sizeof(*state->tags));
    for (size_t i = 0; i < state->count; i++) {
        state->names[i] = placed[i].name;
        state->tags[i] = placed[i].tag;
    }
    free(placed);
    for (size_t i = 0; i < state->count; i++) {
        struct gto_version *version;
        if (state->names[i].action == GTO_REGISTER)
            take_registration(state, i);
        else if (state->names[i].action == GTO_DEREGISTER &&
                 (version = find_version(state, &state->names[i])))
            version->registered = false;
    }
    give_stages(state);
}

void gto_state_clear(struct gto_state *state)
{
    for (size_t i = 0; i < state->version_count; i++)
        free(state->versions[i].stages);
    free(state->versions);
    free(state->names);
    free(state->tags);
    *state = (struct gto_state){0};
}

bool gto_is_deprecated(const struct gto_state *state, const char *artifact)
{
    bool deprecated = false;
    for (size_t i = 0; i < state->count; i++)
        if (str_equal(state->names[i].artifact, artifact))
            deprecated = state->names[i].action == GTO_DEPRECATE;
    return deprecated;
}
