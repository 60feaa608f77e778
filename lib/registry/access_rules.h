/* lib/registry/access_rules.h - the rules of the roles of a shared registry, as SQL. */
#ifndef REGISTRY_ACCESS_RULES_H
#define REGISTRY_ACCESS_RULES_H

/* Raised with the rules: who finds an older number sets them up anew. */
#define ACCESS_RULES_NUMBER 1

/* Statements in order, NULL at the end; @schema, @reader, @author, @releaser and @admin stand for
 * quoted names. They can be run again. */
extern const char *const access_rules[];

#endif
