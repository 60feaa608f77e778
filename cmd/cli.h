/*
 * cmd/cli.h - the command-line framework: what a subcommand is, and what it may call.
 *
 * A subcommand is one file with one `struct command`. Parsing, help, manual page, completions and
 * the description of its JSON come from that table; opening the registry, output, errors and the
 * exit code are the framework's. A command's `run` parses nothing itself, calls one or two library
 * functions, and renders.
 */
#ifndef CLI_H
#define CLI_H
#include <cjson/cJSON.h>
#include <mlops/mlops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- idioms ------------------------------------------------------------------------------ */

/* Leave the function with the code where `x` fails. */
#define TRY(x)                                                                                     \
    do {                                                                                           \
        int code_ = (x);                                                                           \
        if (code_)                                                                                 \
            return code_;                                                                          \
    } while (0)

/* Run `function(&variable)` when the variable's scope ends. */
#define _cleanup_(function) __attribute__((cleanup(function)))

/* Hand a pointer over and forget it. */
#define TAKE_PTR(pointer)                                                                          \
    __extension__({                                                                                \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static inline void free_string(char **text)
{
    free(*text);
}

static inline void free_json(cJSON **json)
{
    cJSON_Delete(*json);
}

static inline bool str_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static inline bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- the table that describes a subcommand ----------------------------------------------- */

/* What stands in the place of an argument, for the shells to complete; may be or-ed. */
enum completion {
    COMPLETE_NONE = 0,
    COMPLETE_REF = 1,
    COMPLETE_MODEL = 2,
    COMPLETE_STAGE = 4,
    COMPLETE_FILE = 8,
    COMPLETE_DIRECTORY = 16,
    COMPLETE_COMMAND = 32,
    COMPLETE_SHELL = 64,
    OPTIONAL = 1024, /* the argument may be left out; only after those that may not */
    REPEATED = 2048, /* any number from here: only the last argument */
};

struct command_argument {
    const char *name; /* "REF" */
    unsigned completion;
    const char *words; /* what it may be, "generate list show"; NULL: anything */
};

enum option_kind {
    OPTION_FLAG,     /* --name and --no-name */
    OPTION_TEXT,     /* the last one counts */
    OPTION_LIST,     /* text; may be given more than once */
    OPTION_COUNT,    /* a whole number of at least 1 */
    OPTION_NUMBER,   /* a finite number of more than 0 */
    OPTION_DURATION, /* "30s" */
    OPTION_CHOICE,   /* one of `words` */
};

struct command_option {
    const char *name; /* long, without the dashes */
    char letter;      /* short; '\0': none */
    enum option_kind kind;
    const char *argument; /* its argument's name; NULL for flags */
    const char *help;     /* what it does, for a list; no capital, no full stop */
    unsigned completion;
    const char *words; /* what the argument may be (OPTION_CHOICE) or often is */
    bool required;
};

struct command_example {
    const char *line, *what;
};

/* An exit code that means something special here. */
struct command_exit {
    int code;
    const char *meaning;
};

/* A member of the command's JSON document. */
struct command_field {
    const char *path; /* "suites[].name" */
    const char *type; /* "text", "number", "bool", "time", "array", "object"; '?': or null */
    const char *meaning;
};

enum command_group {
    GROUP_HIDDEN, /* for scripts of ours */
    GROUP_MAKE,
    GROUP_LOOK,
    GROUP_RELEASE,
    GROUP_WATCH,
    GROUP_LOOK_AFTER,
    GROUP_HELP,
    GROUP_COUNT,
};

#define COMMAND_ARGUMENTS 4
#define COMMAND_OPTIONS 32
#define COMMAND_EXAMPLES 12
#define COMMAND_EXITS 6
#define COMMAND_FIELDS 72

struct cli;

/* Arrays end with the first element that is zero. All text is ASCII. */
struct command {
    const char *name;
    const char *summary;     /* one line, lower case, no full stop */
    const char *synopsis;    /* what follows the options in the usage line */
    const char *description; /* paragraphs, "\n\n" between; lines that begin with a blank are
                                shown as they are */
    enum command_group group;
    bool registry; /* the framework opens one before `run` */
    bool pager;    /* its output may be longer than a screen */
    struct command_argument args[COMMAND_ARGUMENTS];
    struct command_option options[COMMAND_OPTIONS];
    struct command_example examples[COMMAND_EXAMPLES];
    struct command_exit exits[COMMAND_EXITS];
    struct command_field json[COMMAND_FIELDS];
    int (*run)(struct cli *cli);
};

/* ---- a run of the program ------------------------------------------------------------------ */

/* An option as it stood on the command line. */
struct given_option {
    const struct command_option *option;
    const char *text; /* its argument; NULL for flags */
    bool on;          /* flags: false for --no-name */
    int64_t whole;    /* OPTION_COUNT; OPTION_DURATION in nanoseconds */
    double number;    /* OPTION_NUMBER */
};

/* What the progress line shows (cli_progress.c). */
struct progress {
    char activity[64];
    int64_t drawn_ns;
    size_t shown; /* lines on the terminal; the cursor is on the last */
};

struct cli {
    const struct command *const *commands; /* all, NULL-terminated */
    const struct command *command;         /* the one that runs; NULL before it is known */
    char *name;                            /* as it was called */
    char **args;                           /* what is no option, NULL-terminated */
    size_t arg_count;
    struct given_option *given;
    size_t given_count;

    bool json, quiet, verbose;
    bool out_terminal, err_terminal; /* is it one that can do more than print lines? */
    bool out_color, err_color;

    struct mlops_settings settings;
    struct mlops_registry *registry;
    struct mlops_error err;
    FILE *out; /* what goes to stdout once the command is done */
    char *out_text;
    size_t out_length;
    struct progress progress;
};

/* ---- options (cli_options.c) ---------------------------------------------------------------- */

extern const struct command_option cli_global_options[]; /* ends with a zero element */

/* The option of the running command or the global one with that long name; NULL if unknown. */
const struct command_option *cli_option_find(const struct cli *cli, const char *name,
                                             size_t length);
const struct command_option *cli_option_find_letter(const struct cli *cli, char letter);

/* What was given; asking for an option that no table has is a mistake in the program. */
bool cli_flag(const struct cli *cli, const char *name);
const char *cli_text(const struct cli *cli, const char *name); /* NULL: not given */
/* Where the option was not given, what the environment has, unless that is empty. */
const char *cli_text_or_environment(const struct cli *cli, const char *name, const char *variable);
int64_t cli_whole(const struct cli *cli, const char *name); /* 0: not given */
double cli_number(const struct cli *cli, const char *name); /* 0: not given */
/* One character, or \t for a tab; '\0': not given. Errors: MLOPS_INVALID. */
int cli_byte(struct cli *cli, const char *name, char *byte);
/* All of an OPTION_LIST, NULL-terminated; NULL where none. The caller frees the array alone. */
const char **cli_list(const struct cli *cli, const char *name);

/* ---- from the command line to the exit status ------------------------------------------------ */

/* The words of the command line for us, while those that `ps` shows lose the passwords of URLs.
 * cli_forget_secrets frees them. */
char **cli_hide_secrets(int argc, char **argv);
void cli_forget_secrets(int argc, char **argv, char **own);

/* Read the command line into `cli`. A command that is no table's ends in cli_external. */
int cli_parse(struct cli *cli, int argc, char **argv);

/* Become `mlops-NAME` of PATH; where there is none, say which command may have been meant. */
int cli_external(struct cli *cli, char **argv);

/* Run what was parsed (`code`: what parsing came to), print, and return the exit status. */
int cli_run(struct cli *cli, int code);

const struct command *cli_command_find(const struct cli *cli, const char *name);
/* The error for a name that is no command's, with the nearest one as hint. */
int cli_fail_unknown_command(struct cli *cli, const char *name);

/* The registry; only for commands whose table asks for one. */
struct mlops_registry *cli_registry(struct cli *cli);
/* Open it, for those that want one only at times; the framework closes it. */
int cli_open_registry(struct cli *cli);
/* `name`, which is no file here, was taken for a version's. Where it looks like an archive's and
 * `code` says that nothing of that name was found, the message says so of the file. Returns the
 * code. */
int cli_explain_missing(struct cli *cli, const char *name, int code);
/* How it is opened. */
struct mlops_registry_options cli_registry_options(struct cli *cli);

/* SIGINT, SIGTERM and SIGHUP ask the running command to stop; the second one kills. */
void cli_signals_install(void);
int cli_signal_caught(void); /* its number; 0: none */
_Noreturn void cli_signal_die(int number);

/* ---- output (cli_output.c) ------------------------------------------------------------------ */

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_BAD, STYLE_NOTICE };

/* Find out about the terminals and colours; after the options are known. */
void cli_output_prepare(struct cli *cli);

/* The answer that was asked for: a line on stdout. */
void cli_print(struct cli *cli, const char *format, ...) MLOPS_PRINTF(2, 3);
/* What was done, on stdout; left out by --quiet. */
void cli_say(struct cli *cli, const char *format, ...) MLOPS_PRINTF(2, 3);
/* Beside the matter, on stderr; left out by --quiet and --json. */
void cli_note(struct cli *cli, const char *format, ...) MLOPS_PRINTF(2, 3);
/* As cli_note, only with --verbose. */
void cli_detail(struct cli *cli, const char *format, ...) MLOPS_PRINTF(2, 3);
/* "warning: …" on stderr. */
void cli_warn(struct cli *cli, const char *format, ...) MLOPS_PRINTF(2, 3);
/* cli->err on stderr, or as the JSON document of a failure on stdout. */
void cli_report_error(struct cli *cli);

/* Begin and end a style within cli->out; empty without colour. */
const char *cli_on(const struct cli *cli, enum style style);
const char *cli_off(const struct cli *cli, enum style style);

/* Write all of cli->out, through a pager where that helps. Errors: MLOPS_IO. */
int cli_output_finish(struct cli *cli);
/* Feed `text` to the user's pager. False: there is none, nothing was written. */
bool cli_page(const char *text, size_t length);
/* Columns and rows of the terminal; 80 and 0 where there is none. */
size_t cli_terminal_width(int fd);
size_t cli_terminal_height(int fd);

/* The observer that draws progress, passes on warnings and stops for signals (cli_progress.c). */
struct mlops_observer cli_observer(struct cli *cli);
void cli_progress_clear(struct cli *cli);

/* ---- tables (cli_table.c) ------------------------------------------------------------------- */

struct column {
    const char *title;
    bool right; /* align to the right */
};

struct cell {
    char *text;
    enum style style;
};

enum titles { TITLES_ON_TERMINAL, TITLES_ALWAYS, TITLES_NEVER };

struct table {
    const struct column *columns;
    size_t column_count;
    enum titles titles;
    const char *indent; /* before each line */
    struct cell *cells;
    size_t count, capacity;
};

#define TABLE(columns_, titles_, indent_)                                                          \
    {                                                                                              \
        .columns = (columns_), .column_count = ARRAY_LENGTH(columns_), .titles = (titles_),        \
        .indent = (indent_),                                                                       \
    }

/* The next cell, row by row. An empty one is "-" where lines may stand without titles. */
void cli_table_cell(struct table *table, enum style style, const char *format, ...)
    MLOPS_PRINTF(3, 4);
/* Columns side by side, as wide as they must be; the last is filled to fit a terminal. */
void cli_table_print(struct cli *cli, const struct table *table);
void cli_table_clear(struct table *table);

/* ---- text (cli_text.c) ---------------------------------------------------------------------- */

void *cli_allocate(size_t count, size_t size); /* zeroed; aborts when memory is out */
void *cli_reallocate(void *memory, size_t count, size_t size);
char *cli_copy(const char *text, size_t length);
char *cli_format(const char *format, ...) MLOPS_PRINTF(1, 2);
/* A copy that a terminal may see: control characters and malformed UTF-8 made visible; newlines
 * and tabs stay where `lines` is true. */
char *cli_clean(const char *text, bool lines);
/* A copy with U+FFFD for malformed UTF-8. */
char *cli_valid(const char *text);
/* Columns that valid UTF-8 takes on a terminal. */
size_t cli_width(const char *text);
/* Cut after `width` columns, "..." at the end where something was lost; in place. */
void cli_cut(char *text, size_t width);
/* Paragraphs filled to `width` columns, each line after `indent` blanks. */
void cli_wrap(FILE *out, const char *text, size_t indent, size_t width);
/* "3.4 MB". */
void cli_size_format(uint64_t bytes, char text[32]);
/* The one of the two that goes with `count`: "version" with 1, "versions" otherwise. */
const char *cli_noun(uint64_t count, const char *one, const char *many);
/* A number with as many digits as a person wants to see. */
void cli_number_format(double number, char text[32]);
/* "fraud@3"; the bundle's id where it has no number. */
#define VERSION_TEXT_SIZE (MLOPS_NAME_MAX + 24)
void cli_version_format(const struct mlops_version *version, char text[VERSION_TEXT_SIZE]);
/* How many bytes of a bundle's id to show: all in a pipe, enough for people on a terminal. */
int cli_bundle_length(const struct cli *cli);

/* ---- JSON (cli_json.c) ---------------------------------------------------------------------- */

cJSON *cli_json_object(void);
cJSON *cli_json_array(void);
/* All take ownership of what they add, and abort when memory is out. */
void cli_json_add(cJSON *object, const char *key, cJSON *value);
void cli_json_push(cJSON *array, cJSON *value);
/* Malformed UTF-8 is replaced; NULL becomes null. */
void cli_json_text(cJSON *object, const char *key, const char *text);
/* As cli_json_text, with null for the empty text. */
void cli_json_text_or_null(cJSON *object, const char *key, const char *text);
void cli_json_number(cJSON *object, const char *key, double number);
/* A version number; null for 0. */
void cli_json_version(cJSON *object, const char *key, uint64_t number);
/* A document about a version: "model", "version", "bundle". */
cJSON *cli_json_of_version(const struct mlops_version *version);
#define CLI_JSON_OF_VERSION                                                                        \
    {"model", "text", "whose version it is"}, {"version", "number", "its number"},                 \
    {                                                                                              \
        "bundle", "text", "its bundle's id"                                                        \
    }
void cli_json_bool(cJSON *object, const char *key, bool value);
void cli_json_time(cJSON *object, const char *key, int64_t time_ns);
cJSON *cli_json_texts(char *const *texts, size_t count);
/* The one document on stdout; frees it. */
int cli_print_json(struct cli *cli, cJSON *document);
char *cli_json_print(const cJSON *json, bool pretty);

/* ---- settings (cli_config.c) ---------------------------------------------------------------- */

/* Read all settings, with those of the registry in the folder `registry` (NULL: none). */
int cli_settings_read(struct cli *cli, const char *registry, struct mlops_error *err);
/* What a file or the environment says; NULL where the default holds. */
const char *cli_setting(const struct cli *cli, const char *key);

/* ---- keys (cli_signer.c) -------------------------------------------------------------------- */

/* Who signs, by --key (where the command has that option); the passphrase is asked for at the
 * terminal, or comes from MLOPS_PASSPHRASE. */
struct mlops_signer cli_signer(struct cli *cli);
/* A passphrase for a new key, asked for twice; `*given` false: from nowhere. */
int cli_new_passphrase(struct cli *cli, char *passphrase, size_t size, bool *given);

/* ---- shared by commands --------------------------------------------------------------------- */

/* All of a small text file, or of standard input for "-"; `what` it is, for messages. The caller
 * frees. Errors: MLOPS_NOT_FOUND; MLOPS_INVALID longer than `max`, or not text; MLOPS_IO. */
int cli_read_text(struct cli *cli, const char *what, const char *path, size_t max, char **text);
/* Write a whole text file, `mode` as fopen takes it ("we"; "ae" appends). Errors: MLOPS_IO. */
int cli_write_text(struct cli *cli, const char *path, const char *mode, const char *text);
/* How gates are told: "ok" or "FAIL", then what and why; quiet leaves out those that pass. */
void cli_print_gates(struct cli *cli, const struct mlops_gate_result *gates, size_t count);
cJSON *cli_gates_json(const struct mlops_gate_result *gates, size_t count);

/* `logs` and `predictions` of a suite; null where there are none (show_log.c). */
void cli_json_suite_files(cJSON *json, const struct mlops_suite_files *files);
/* What the suite of the version that the first argument names printed, or predicted. */
int cli_show_log(struct cli *cli, const char *suite, bool predictions);
/* What is kept of it; the caller takes `*json`. */
int cli_log_json(struct cli *cli, const char *suite, cJSON **json);

/* Does the first argument name a version, and not only a model, as which its newest would count? */
int cli_named(struct cli *cli);

/* Which of the words that the first argument may be was given: from 0. */
int cli_action(struct cli *cli, size_t *action);

/* 'mlops import dvc DIR' (import_dvc.c). */
int cli_import_dvc(struct cli *cli, const char *directory);

/* A bundle came in: what was `done` ("packaged") and what it took, on stderr (cli_bundle.c). */
void cli_note_bundle(struct cli *cli, const char *done, const struct mlops_package *package);
/* The same, and print its id, and its version where it was registered, or the document. */
int cli_report_bundle(struct cli *cli, const char *done, const struct mlops_package *package);

/* For profile and drift: how CSV is read, and what is done where it is not said. */
#define CLI_CSV_OPTIONS(usual_separator, usual_ragged)                                             \
    {.name = "columns",                                                                            \
     .kind = OPTION_TEXT,                                                                          \
     .argument = "NAMES",                                                                          \
     .help = "CSV has no header: its columns are called so, by commas"},                           \
        {.name = "separator",                                                                      \
         .kind = OPTION_TEXT,                                                                      \
         .argument = "CHARACTER",                                                                  \
         .help = "of CSV (default: " usual_separator ")"},                                         \
        {.name = "comment",                                                                        \
         .kind = OPTION_TEXT,                                                                      \
         .argument = "CHARACTER",                                                                  \
         .help = "pass over lines of CSV that begin with it"},                                     \
    {                                                                                              \
        .name = "ragged", .kind = OPTION_CHOICE, .argument = "POLICY",                             \
        .help = "rows of another width: refuse, fill or skip (default: " usual_ragged ")",         \
        .words = "refuse fill skip"                                                                \
    }

/* For push and pull: the options that both have, and what they say of an OCI registry. */
#define CLI_REMOTE_OPTIONS                                                                         \
    {.name = "ca",                                                                                 \
     .kind = OPTION_TEXT,                                                                          \
     .argument = "FILE",                                                                           \
     .help = "certificates to trust instead of the system's, PEM",                                 \
     .completion = COMPLETE_FILE},                                                                 \
        {.name = "renumber",                                                                       \
         .help = "REGISTRY: take another number where this one is another bundle's"},              \
    {                                                                                              \
        .name = "plain-http",                                                                      \
        .help = "without TLS also to other machines: who listens sees credentials and content"     \
    }
struct mlops_remote cli_remote(const struct cli *cli, const char *address);
/* For the same (cli_carry.c): open another registry than the command's, which the caller
 * closes; take a version from one into the other, and say so. */
int cli_open_other(struct cli *cli, const char *location, struct mlops_registry **registry);
void cli_close_other(struct mlops_registry **registry);
int cli_carry(struct cli *cli, struct mlops_registry *from, const char *ref,
              struct mlops_registry *to);

/* ---- what the tables become ------------------------------------------------------------------ */

void cli_help_overview(const struct cli *cli, FILE *out);
void cli_help_command(const struct cli *cli, const struct command *command, FILE *out);
cJSON *cli_help_json(const struct command *command); /* NULL: the global options */
extern const char *const cli_group_titles[GROUP_COUNT];
extern const struct command_exit cli_exit_codes[];    /* ends with a NULL meaning */
char *cli_exit_term(const struct command_exit *exit); /* "4", "128+n"; the caller frees */
extern const char cli_reference_help[];
extern const char cli_about[];
struct command_variable {
    const char *name, *meaning;
};
extern const struct command_variable cli_variables[]; /* environment; ends with a NULL name */

/* mlops.1 and mlops-NAME.1 into a folder. */
int cli_write_manual(struct cli *cli, const char *directory);

void cli_completion_bash(const struct cli *cli, FILE *out);
void cli_completion_zsh(const struct cli *cli, FILE *out);
void cli_completion_fish(const struct cli *cli, FILE *out);
#define CLI_SHELLS "bash zsh fish"
/* Where the candidates for an argument come from, as the scripts say it: "ref directory", and
 * "+word" for a fixed word. Empty where nothing is known. The caller frees. */
char *cli_completion_sources(unsigned completion, const char *words);
/* The name of one of them. */
const char *cli_completion_name(enum completion completion);

#endif
