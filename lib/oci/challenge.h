/* lib/oci/challenge.h - what a registry wants to see before it answers: WWW-Authenticate, RFC 9110
 * §11.6.1, with the parameters of distribution's token.md. */
#ifndef OCI_CHALLENGE_H
#define OCI_CHALLENGE_H
#include "base/util.h"

struct oci_challenge {
    bool bearer;                   /* else: basic */
    char *realm, *service, *scope; /* NULL where not given */
};

/* Take `text`, the header's value, apart: its first challenge of a kind that is known. False: it
 * has none, or is not well-formed. The caller clears `challenge`. */
bool oci_challenge_read(const char *text, struct oci_challenge *challenge);
void oci_challenge_clear(struct oci_challenge *challenge);

#endif
