/*
 * include/mlops/access.h - who may do what in a shared registry: roles that PostgreSQL itself
 * enforces, against whoever has a user's password and any client. docs/shared.md.
 */
#ifndef MLOPS_ACCESS_H
#define MLOPS_ACCESS_H
#include <mlops/registry.h>
MLOPS_BEGIN

/* Each may do what the one before it may, and more. */
enum mlops_access {
    MLOPS_ACCESS_READER,   /* look */
    MLOPS_ACCESS_AUTHOR,   /* package, register, test, sign, approve, tag */
    MLOPS_ACCESS_RELEASER, /* promote, roll back, freeze, retire, delete, monitor */
    MLOPS_ACCESS_ADMIN,    /* policies, trust, garbage, and giving roles */
    MLOPS_ACCESS_COUNT
};

MLOPS_API const char *mlops_access_name(enum mlops_access role);
/* Errors: MLOPS_INVALID no role is called so. */
MLOPS_API int mlops_access_parse(const char *name, enum mlops_access *role, struct mlops_error *err);

struct mlops_access_row {
    char *user;
    enum mlops_access role;
};

struct mlops_access_list {
    struct mlops_access_row *items; /* by role, the least first, then by user */
    size_t count;
};
MLOPS_API void mlops_access_list_clear(struct mlops_access_list *list);

/*
 * Give `user`, a login of the database server, `role` instead of any that it has, with an entry of
 * the log. The first one sets the roles up, for which the tables must be the caller's own, and the
 * right to make roles.
 * Errors: MLOPS_INVALID the registry is not shared; MLOPS_NOT_FOUND no such login; MLOPS_IO the
 * caller may not give roles.
 */
MLOPS_API int mlops_access_grant(struct mlops_registry *registry, enum mlops_access role,
                                 const char *user, struct mlops_error *err);
/* Take every role from `user`. Errors: as above; MLOPS_NOT_FOUND it has none. */
MLOPS_API int mlops_access_revoke(struct mlops_registry *registry, const char *user,
                                  struct mlops_error *err);
/* Who has which role. The caller clears `list`. Errors: MLOPS_INVALID not shared; MLOPS_IO. */
MLOPS_API int mlops_access_read(struct mlops_registry *registry, struct mlops_access_list *list,
                                struct mlops_error *err);

MLOPS_END
#endif
