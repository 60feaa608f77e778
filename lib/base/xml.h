/*
 * lib/base/xml.h - XML from outside, read strictly and without surprises: elements and attributes of
 * a document in UTF-8. What makes XML dangerous is refused: DOCTYPE, and with it every entity but
 * the five of the language.
 */
#ifndef BASE_XML_H
#define BASE_XML_H
#include "base/buffer.h"

#define XML_DEPTH_MAX 1024 /* trees of models nest as deep as they are */
#define XML_ATTRIBUTES_MAX 64
#define XML_NAME_MAX 255 /* bytes */

/* Called for each element's start and end; a code other than MLOPS_OK ends the reading. Names are
 * with their prefix, as written; `attribute`, which may be NULL, comes before the element's start,
 * with the value as written, references and all. */
struct xml_handler {
    void *context;
    int (*start)(void *context, const char *name, struct mlops_error *err);
    int (*end)(void *context, const char *name, struct mlops_error *err);
    int (*attribute)(void *context, const char *element, const char *name, const char *value,
                     size_t length, struct mlops_error *err);
};

/*
 * Read `length` bytes; `what` names them in messages. Text between elements is checked, not given.
 * Errors: MLOPS_INVALID with the line: not well-formed, not UTF-8, a DOCTYPE, beyond a limit above;
 * what a handler returns.
 */
int xml_read(const char *text, size_t length, const char *what, const struct xml_handler *handler,
             struct mlops_error *err);

#endif
