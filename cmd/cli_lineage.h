/* cmd/cli_lineage.h - what 'show --graph' and 'log --graph' share. */
#ifndef CLI_LINEAGE_H
#define CLI_LINEAGE_H
#include "cli.h"

/* As text, with --dot for Graphviz, with --json as a document. */
int cli_print_lineage(struct cli *cli, const struct mlops_lineage *lineage);

/* The options that ask for it. */
#define LINEAGE_OPTIONS(what)                                                                      \
    {.name = "graph", .help = what},                                                               \
    {                                                                                              \
        .name = "dot", .help = "the same for Graphviz: mlops ... --dot | dot -Tsvg"                \
    }

/* And the document. */
#define LINEAGE_JSON                                                                               \
    {"versions[].bundle", "text", "with --graph: its id; what was made before what from"},         \
        {"versions[].version", "number?", "with --graph: null where it is not in this registry"},  \
        {"versions[].parents", "array", "with --graph: ids of what it was made from"},             \
        {"versions[].run", "text?", "with --graph: the run that made it"},                         \
    {                                                                                              \
        "versions[].data", "object", "with --graph: from names of snapshots to digests"            \
    }

#endif
