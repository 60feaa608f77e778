/*
 * lib/base/regex.c - an expression becomes a program of steps; all ways through it are followed at
 * once, a character at a time.
 */
#include "base/regex.h"

#define DEPTH_MAX 100   /* of groups in groups */
#define REPEAT_MAX 1000 /* in {m,n} */
#define NO_END (-1)     /* of {m,} */

enum step_kind {
    STEP_CHARACTER, /* takes a byte of `set`; this and what has no target goes on behind itself */
    STEP_FORK,      /* goes on at `next` and at `other` */
    STEP_JUMP,      /* goes on at `next` */
    STEP_BEGIN,     /* only at the beginning */
    STEP_END,       /* only at the end */
    STEP_FOUND,
};

struct step {
    enum step_kind kind;
    uint32_t next, other;
    bool wide;       /* while it is parsed: also characters beyond ASCII */
    uint32_t set[8]; /* a bit a byte */
};

struct regex {
    struct step *steps;
    size_t count, capacity;
    uint32_t *now, *then,
        *waiting; /* steps to be tried at this byte, at the next, and to be seen */
    size_t now_count, then_count;
    uint64_t *seen, round; /* by step: the last round that it was put down in */
};

/* ---- from text to steps ---------------------------------------------------------------------- */

struct parser {
    const char *text, *at;
    struct regex *regex;
    unsigned depth;
    struct mlops_error *err;
};

static int wrong(const struct parser *parser, const char *what)
{
    return mlops_fail(parser->err, MLOPS_INVALID,
                      "'%s' is no regular expression: %s at character %zu", parser->text, what,
                      (size_t)(parser->at - parser->text) + 1);
}

static int add(const struct parser *parser, struct step step)
{
    struct regex *regex = parser->regex;
    if (regex->count == REGEX_STEPS_MAX)
        return mlops_fail(parser->err, MLOPS_INVALID,
                          "'%s' is too large: it comes to over %d steps", parser->text,
                          REGEX_STEPS_MAX);
    GROW(regex->steps, regex->count, &regex->capacity);
    regex->steps[regex->count++] = step;
    return MLOPS_OK;
}

static void set_byte(struct step *step, unsigned char byte)
{
    step->set[byte / 32] |= 1U << (byte % 32);
}

static bool has_byte(const struct step *step, unsigned char byte)
{
    return step->set[byte / 32] >> (byte % 32) & 1;
}

static void set_range(struct step *step, unsigned first, unsigned last)
{
    for (unsigned byte = first; byte <= last; byte++)
        set_byte(step, (unsigned char)byte);
}

/* Among ASCII, and with or without the rest. */
static void turn_around(struct step *step)
{
    for (size_t i = 0; i < 4; i++)
        step->set[i] = ~step->set[i];
    step->wide = !step->wide;
}

/* `\d` and its like, or the byte itself: false where the letter means nothing. */
static bool take_escape(char c, struct step *step)
{
    struct step class = {.kind = STEP_CHARACTER};
    switch (c | 0x20) {
    case 'd':
        set_range(&class, '0', '9');
        break;
    case 'w':
        set_range(&class, '0', '9');
        set_range(&class, 'A', 'Z');
        set_range(&class, 'a', 'z');
        set_byte(&class, '_');
        break;
    case 's':
        set_range(&class, '\t', '\r');
        set_byte(&class, ' ');
        break;
    default:
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
            (unsigned char)c >= 0x80 || c == '\0')
            return false;
        set_byte(step, (unsigned char)c);
        return true;
    }
    if (!(c & 0x20))
        turn_around(&class);
    for (size_t i = 0; i < 8; i++)
        step->set[i] |= class.set[i];
    step->wide = step->wide || class.wide;
    return true;
}

/* One member of a class: a character, an escape, or a range. */
static int take_member(struct parser *parser, struct step *step)
{
    unsigned char first = (unsigned char)*parser->at++;
    if (first == '\\') {
        if (!take_escape(*parser->at, step))
            return wrong(parser, "an unknown escape");
        parser->at++;
        return MLOPS_OK;
    }
    if (first >= 0x80)
        return wrong(parser, "a class of characters beyond ASCII");
    unsigned char last = first;
    if (parser->at[0] == '-' && parser->at[1] != ']' && parser->at[1] != '\0') {
        last = (unsigned char)parser->at[1];
        parser->at += 2;
        if (last == '\\' || last >= 0x80 || last < first)
            return wrong(parser, "a range that is none");
    }
    set_range(step, first, last);
    return MLOPS_OK;
}

/* Beyond ASCII a character is a byte from C0 on, and those from 80 to BF that follow it. */
static int add_characters(const struct parser *parser, struct step step)
{
    struct step more = {.kind = STEP_CHARACTER};
    uint32_t loop = (uint32_t)parser->regex->count + 1;
    if (!step.wide)
        return add(parser, step);
    set_range(&step, 0xc0, 0xff);
    set_range(&more, 0x80, 0xbf);
    TRY(add(parser, step));
    TRY(add(parser, (struct step){.kind = STEP_FORK, .next = loop + 1, .other = loop + 3}));
    TRY(add(parser, more));
    return add(parser, (struct step){.kind = STEP_JUMP, .next = loop});
}

static int take_class(struct parser *parser)
{
    struct step step = {.kind = STEP_CHARACTER};
    bool other = *parser->at == '^';
    parser->at += other;
    do {
        if (*parser->at == '\0')
            return wrong(parser, "a class that is never closed");
        if (parser->at[0] == '[' && parser->at[1] && strchr(":.=", parser->at[1]))
            return wrong(parser, "a class by its name, of which the characters are to be said");
        TRY(take_member(parser, &step));
    } while (*parser->at != ']');
    parser->at++;
    if (other)
        turn_around(&step);
    return add_characters(parser, step);
}

static int take_alternatives(struct parser *parser);

static int take_group(struct parser *parser)
{
    if (parser->at[0] == '?') {
        if (parser->at[1] != ':')
            return wrong(parser, "a group of a kind that is not known here");
        parser->at += 2;
    }
    if (++parser->depth > DEPTH_MAX)
        return wrong(parser, "too many groups in one another");
    TRY(take_alternatives(parser));
    parser->depth--;
    if (*parser->at != ')')
        return wrong(parser, "a group that is never closed");
    parser->at++;
    return MLOPS_OK;
}

static int take_atom(struct parser *parser)
{
    struct step step = {.kind = STEP_CHARACTER};
    char c = *parser->at++;
    switch (c) {
    case '(':
        return take_group(parser);
    case '[':
        return take_class(parser);
    case '^':
        return add(parser, (struct step){.kind = STEP_BEGIN});
    case '$':
        return add(parser, (struct step){.kind = STEP_END});
    case '.':
        turn_around(&step);
        return add_characters(parser, step);
    case '\\':
        if (!take_escape(*parser->at, &step))
            return wrong(parser, "an unknown escape");
        parser->at++;
        return add_characters(parser, step);
    case '*':
    case '+':
    case '?':
    case '{':
        parser->at--;
        return wrong(parser, "nothing to be repeated");
    default:
        set_byte(&step, (unsigned char)c);
        return add(parser, step);
    }
}

/* A character above ASCII is one atom of several bytes. */
static int take_character(struct parser *parser)
{
    bool wide = (unsigned char)*parser->at >= 0x80;
    TRY(take_atom(parser));
    while (wide && ((unsigned char)*parser->at & 0xc0) == 0x80)
        TRY(take_atom(parser));
    return MLOPS_OK;
}

static int take_number(struct parser *parser, int *number)
{
    if (*parser->at < '0' || *parser->at > '9')
        return wrong(parser, "a number was expected");
    for (*number = 0; *parser->at >= '0' && *parser->at <= '9'; parser->at++) {
        *number = *number * 10 + (*parser->at - '0');
        if (*number > REPEAT_MAX)
            return wrong(parser, "too many repetitions");
    }
    return MLOPS_OK;
}

/* How often: 1 to 1 where nothing is said. */
static int take_count(struct parser *parser, int *least, int *most)
{
    *least = *most = 1;
    char c = *parser->at;
    if (c == '*' || c == '+' || c == '?') {
        *least = c == '+';
        *most = c == '?' ? 1 : NO_END;
        parser->at++;
    } else if (c == '{') {
        parser->at++;
        TRY(take_number(parser, least));
        *most = *least;
        if (*parser->at == ',') {
            parser->at++;
            *most = NO_END;
            if (*parser->at != '}')
                TRY(take_number(parser, most));
        }
        if (*parser->at != '}' || (*most != NO_END && *most < *least))
            return wrong(parser, "a count of repetitions that is none");
        parser->at++;
    } else
        return MLOPS_OK;
    if (strchr("*+?{", *parser->at) && *parser->at)
        return wrong(parser, "a repetition of a repetition");
    return MLOPS_OK;
}

/* What stands from `atom` on, which is there once, so often. */
static int repeat_atom(const struct parser *parser, size_t atom, int least, int most)
{
    struct regex *regex = parser->regex;
    size_t end = regex->count, length = end - atom;
    struct step *body = xcalloc(length + 1, sizeof(*body));
    if (length > 0) /* "()" has no steps, and there may be none before it */
        memcpy(body, regex->steps + atom, length * sizeof(*body));
    regex->count = atom;
    int code = MLOPS_OK, copies = most == NO_END ? least : most;
    for (int i = 0; i < copies + (most == NO_END) && !code; i++) {
        size_t fork = regex->count;
        bool optional = i >= least, loop = most == NO_END && i == copies;
        if (optional)
            code = add(parser, (struct step){.kind = STEP_FORK, .next = (uint32_t)fork + 1});
        size_t start = regex->count;
        for (size_t j = 0; j < length && !code; j++) {
            struct step step = body[j];
            step.next += (uint32_t)(start - atom);
            step.other += (uint32_t)(start - atom);
            code = add(parser, step);
        }
        if (loop && !code)
            code = add(parser, (struct step){.kind = STEP_JUMP, .next = (uint32_t)fork});
        if (optional && !code)
            regex->steps[fork].other = (uint32_t)regex->count;
    }
    free(body);
    return code;
}

static int take_sequence(struct parser *parser)
{
    while (*parser->at && *parser->at != '|' && *parser->at != ')') {
        int least, most;
        size_t atom = parser->regex->count;
        TRY(take_character(parser));
        TRY(take_count(parser, &least, &most));
        if (least != 1 || most != 1)
            TRY(repeat_atom(parser, atom, least, most));
    }
    return MLOPS_OK;
}

/* Make room for one step at `at`; forks and jumps behind it lead behind it. */
static void make_room(struct regex *regex, size_t at)
{
    for (size_t i = regex->count - 1; i > at; i--)
        regex->steps[i] = regex->steps[i - 1];
    for (size_t i = at + 1; i < regex->count; i++) {
        regex->steps[i].next++;
        regex->steps[i].other++;
    }
}

static int take_alternatives(struct parser *parser)
{
    struct regex *regex = parser->regex;
    size_t start = regex->count;
    TRY(take_sequence(parser));
    if (*parser->at != '|')
        return MLOPS_OK;
    parser->at++;
    TRY(add(parser, (struct step){.kind = STEP_JUMP}));
    make_room(regex, start);
    TRY(add(parser, (struct step){.kind = STEP_JUMP}));
    size_t jump = regex->count - 1;
    regex->steps[start] = (struct step){
        .kind = STEP_FORK, .next = (uint32_t)start + 1, .other = (uint32_t)regex->count};
    TRY(take_alternatives(parser));
    regex->steps[jump].next = (uint32_t)regex->count;
    return MLOPS_OK;
}

static int parse(struct parser *parser)
{
    TRY(take_alternatives(parser));
    if (*parser->at)
        return wrong(parser, "a ')' without its '('");
    return add(parser, (struct step){.kind = STEP_FOUND});
}

/* ---- following the steps --------------------------------------------------------------------- */

/* Put `first` and all that it leads to without a byte on the list; true where the end is
 * reached. */
static bool put_down(struct regex *regex, uint32_t first, bool begin, bool end, uint32_t *list,
                     size_t *count)
{
    size_t waiting = 0;
    regex->waiting[waiting++] = first;
    while (waiting > 0) {
        uint32_t at = regex->waiting[--waiting];
        const struct step *step = &regex->steps[at];
        if (regex->seen[at] == regex->round)
            continue;
        regex->seen[at] = regex->round;
        if (step->kind == STEP_FOUND)
            return true;
        if (step->kind == STEP_CHARACTER)
            list[(*count)++] = at;
        else if (step->kind == STEP_JUMP || step->kind == STEP_FORK)
            regex->waiting[waiting++] = step->next;
        else if (step->kind == STEP_BEGIN ? begin : end)
            regex->waiting[waiting++] = at + 1;
        if (step->kind == STEP_FORK)
            regex->waiting[waiting++] = step->other;
    }
    return false;
}

bool regex_found(struct regex *regex, const char *text, size_t length)
{
    regex->now_count = 0;
    for (size_t i = 0;; i++) {
        bool begin = i == 0, end = i == length;
        if (begin)
            regex->round++;
        if (put_down(regex, 0, begin, end, regex->now, &regex->now_count))
            return true;
        if (end)
            return false;
        regex->round++;
        regex->then_count = 0;
        for (size_t j = 0; j < regex->now_count; j++)
            if (has_byte(&regex->steps[regex->now[j]], (unsigned char)text[i]) &&
                put_down(regex, regex->now[j] + 1, false, i + 1 == length, regex->then,
                         &regex->then_count))
                return true;
        uint32_t *now = regex->now;
        regex->now = regex->then;
        regex->now_count = regex->then_count;
        regex->then = now;
    }
}

int regex_compile(const char *text, struct regex **regex, struct mlops_error *err)
{
    _cleanup_(regex_free_ptr) struct regex *made = xcalloc(1, sizeof(*made));
    struct parser parser = {.text = text, .at = text, .regex = made, .err = err};
    TRY(parse(&parser));
    made->now = xcalloc(made->count, sizeof(*made->now));
    made->then = xcalloc(made->count, sizeof(*made->then));
    made->waiting = xcalloc(2 * made->count + 1, sizeof(*made->waiting));
    made->seen = xcalloc(made->count, sizeof(*made->seen));
    *regex = TAKE_PTR(made);
    return MLOPS_OK;
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    free(regex->steps);
    free(regex->now);
    free(regex->then);
    free(regex->waiting);
    free(regex->seen);
    free(regex);
}
