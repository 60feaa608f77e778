/*
 * lib/trial/classes.c - names of classes to numbers: a hash table of the spellings that came, each
 * with the class that it means.
 */
#include "trial/classes.h"
#include "base/number.h"
#include "stats/hll.h"
#include "trial/output.h"
#include <math.h>
#include <strings.h>

#define SHOWN_BYTES 40
#define SPELLINGS_MAX (4 * CLASSES_MAX)

struct spelling {
    char *text;
    uint32_t length, class;
    uint64_t hash;
};

struct class
{
    char *name; /* for messages */
    bool numeric;
    double value;
    uint32_t spelling; /* of a text: where its bytes are */
};

struct classes {
    struct class *items;
    size_t count, capacity;
    struct spelling *spellings;
    size_t spelling_count, spelling_capacity;
    uint32_t *slots;   /* 1 + index of a spelling; 0: free */
    size_t slot_count; /* a power of two */
    uint32_t last;     /* 1 + index of the spelling that came last */
};

struct classes *classes_new(void)
{
    struct classes *classes = xcalloc(1, sizeof(*classes));
    classes->slot_count = 64;
    classes->slots = xcalloc(classes->slot_count, sizeof(*classes->slots));
    return classes;
}

void classes_free(struct classes *classes)
{
    if (!classes)
        return;
    for (size_t i = 0; i < classes->count; i++)
        free(classes->items[i].name);
    for (size_t i = 0; i < classes->spelling_count; i++)
        free(classes->spellings[i].text);
    free(classes->items);
    free(classes->spellings);
    free(classes->slots);
    free(classes);
}

static bool is_spelling(const struct spelling *spelling, struct text_view cell)
{
    return spelling->length == cell.length && memcmp(spelling->text, cell.data, cell.length) == 0;
}

/* The slot of `cell`: that of its spelling, or the free one where it belongs. */
static uint32_t *slot_of(const struct classes *classes, struct text_view cell, uint64_t hash)
{
    size_t mask = classes->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        uint32_t index = classes->slots[at];
        if (index == 0 || (classes->spellings[index - 1].hash == hash &&
                           is_spelling(&classes->spellings[index - 1], cell)))
            return &classes->slots[at];
    }
}

static char *copy_bytes(struct text_view cell) /* which may hold NULs */
{
    char *copy = xmalloc((size_t)cell.length + 1);
    memcpy(copy, cell.data, cell.length);
    return copy;
}

static void grow_slots(struct classes *classes)
{
    size_t mask = classes->slot_count * 2 - 1;
    free(classes->slots);
    classes->slot_count *= 2;
    classes->slots = xcalloc(classes->slot_count, sizeof(*classes->slots));
    for (size_t i = 0; i < classes->spelling_count; i++) {
        size_t at = classes->spellings[i].hash & mask;
        while (classes->slots[at])
            at = (at + 1) & mask;
        classes->slots[at] = (uint32_t)i + 1;
    }
}

static bool read_number(struct text_view cell, double *value)
{
    static const char *const words[] = {"false", "true"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (cell.length == strlen(words[i]) && strncasecmp(cell.data, words[i], cell.length) == 0) {
            *value = (double)i;
            return true;
        }
    return number_parse(cell.data, cell.length, value) && isfinite(*value);
}

/* A new spelling may be of a number that has come in another one. */
static int class_of(struct classes *classes, struct text_view cell, uint32_t *number,
                    struct mlops_error *err)
{
    struct class new = {.spelling = (uint32_t)classes->spelling_count};
    new.numeric = read_number(cell, &new.value);
    for (uint32_t i = 0; new.numeric &&i < classes->count; i++)
        if (classes->items[i].numeric && classes->items[i].value == new.value) {
            *number = i;
            return MLOPS_OK;
        }
    if (classes->count == CLASSES_MAX || classes->spelling_count == SPELLINGS_MAX)
        return mlops_fail(err, MLOPS_INVALID, "there are more than %d classes", CLASSES_MAX);
    size_t shown = cell.length > SHOWN_BYTES ? SHOWN_BYTES : cell.length;
    new.name = output_clean(cell.data, shown);
    GROW(classes->items, classes->count, &classes->capacity);
    *number = (uint32_t)classes->count;
    classes->items[classes->count++] = new;
    return MLOPS_OK;
}

static int add_spelling(struct classes *classes, struct text_view cell, uint64_t hash,
                        struct mlops_error *err)
{
    uint32_t class = 0;
    TRY(class_of(classes, cell, &class, err));
    GROW(classes->spellings, classes->spelling_count, &classes->spelling_capacity);
    classes->spellings[classes->spelling_count++] = (struct spelling){
        .text = copy_bytes(cell), .length = cell.length, .class = class, .hash = hash};
    *slot_of(classes, cell, hash) = (uint32_t)classes->spelling_count;
    if (classes->spelling_count * 2 > classes->slot_count)
        grow_slots(classes);
    return MLOPS_OK;
}

int classes_number(struct classes *classes, struct text_view cell, uint32_t *number,
                   struct mlops_error *err)
{
    /* Runs of the same are common, and then nothing needs to be looked up. */
    if (!classes->last || !is_spelling(&classes->spellings[classes->last - 1], cell)) {
        uint64_t hash = stats_hash(cell.data, cell.length);
        if (*slot_of(classes, cell, hash) == 0)
            TRY(add_spelling(classes, cell, hash, err));
        classes->last = *slot_of(classes, cell, hash);
    }
    *number = classes->spellings[classes->last - 1].class;
    return MLOPS_OK;
}

uint32_t classes_count(const struct classes *classes)
{
    return (uint32_t)classes->count;
}

const char *classes_name(const struct classes *classes, uint32_t number)
{
    return classes->items[number].name;
}

static int compare_texts(const struct classes *classes, uint32_t a, uint32_t b)
{
    const struct spelling *left = &classes->spellings[classes->items[a].spelling];
    const struct spelling *right = &classes->spellings[classes->items[b].spelling];
    size_t common = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->text, right->text, common);
    return order ? order : (left->length > right->length) - (left->length < right->length);
}

int classes_binary(const struct classes *classes, struct binary_classes *binary,
                   struct mlops_error *err)
{
    *binary = (struct binary_classes){.negative = CLASSES_MAX, .positive = CLASSES_MAX};
    for (uint32_t i = 0; i < classes->count; i++) {
        const struct class *class = &classes->items[i];
        if (i > 0 && class->numeric == binary->named)
            return mlops_fail(err, MLOPS_INVALID, "'%s' and '%s' are not 0 and 1, nor two texts",
                              classes->items[0].name, class->name);
        if (class->numeric && class->value != 0 && class->value != 1)
            return mlops_fail(err, MLOPS_INVALID, "'%s' is neither 0 nor 1", class->name);
        if (i >= 2)
            return mlops_fail(err, MLOPS_INVALID, "'%s' is a third class beside '%s' and '%s'",
                              class->name, classes->items[0].name, classes->items[1].name);
        binary->named = !class->numeric;
        if (class->numeric ? class->value == 1
                           : i > 0 && compare_texts(classes, i, binary->negative) > 0)
            binary->positive = i;
        else if (class->numeric || i == 0)
            binary->negative = i;
        else {
            binary->positive = binary->negative;
            binary->negative = i;
        }
    }
    return MLOPS_OK;
}
