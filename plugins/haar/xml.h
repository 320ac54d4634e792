/* SPDX-License-Identifier: Apache-2.0
 *
 * The little XML that cascade files are written in: elements, text, comments, a declaration.  No entities, no CDATA, no
 * document type: a file that has them is refused.
 */
#ifndef FER_HAAR_XML_H
#define FER_HAAR_XML_H

#include <fer/status.h>

/* Name, text and type are pieces of the document.  The text is what stands before the first child, or all of it. */
struct xml_piece {
    const char *at;
    size_t length;
};
struct xml_node {
    struct xml_piece name, text, type; /* type: the attribute type_id */
    size_t child, next;                /* indexes of nodes; 0: none (node 0 is the document) */
    size_t line;
};
struct xml {
    struct xml_node *nodes;
    size_t count;
};

/* Read `text`, zero-terminated, which the nodes then point into.  Errors: FER_EFORMAT with the line, FER_ENOMEM. */
enum fer_status xml_parse(struct xml *xml, const char *text, size_t size, struct fer_error *err);
void xml_free(struct xml *xml);

/* The first child of that name; NULL: none. */
const struct xml_node *xml_child(const struct xml *xml, const struct xml_node *node, const char *name);
const struct xml_node *xml_first(const struct xml *xml, const struct xml_node *node); /* child */
const struct xml_node *xml_next(const struct xml *xml, const struct xml_node *node);  /* sibling */
bool xml_is(struct xml_piece piece, const char *text);                                /* white space around it aside */
/* The next number of a text, which then starts behind it; false at its end or where no finite number stands. */
bool xml_number(struct xml_piece *text, double *value);
/* A child's only number, whole and in [min, max].  `line` of the error is the node's. */
enum fer_status xml_int(const struct xml *xml, const struct xml_node *node, const char *name, int min, int max,
                        int *value, struct fer_error *err);
enum fer_status xml_float(const struct xml *xml, const struct xml_node *node, const char *name, float *value,
                          struct fer_error *err);

#endif
