/* SPDX-License-Identifier: Apache-2.0 */
#include "xml.h"

#include <fer/host.h>

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define NODES_MAX ((size_t)1 << 21)

struct reader {
    struct xml *xml;
    const char *at, *end;
    size_t line, room;
    size_t open[DEPTH_MAX], last[DEPTH_MAX]; /* elements that are open, and the newest child of each */
    int depth;
    struct fer_error *err;
};

static enum fer_status bad(struct reader *r, const char *what)
{
    return fer_fail(r->err, FER_EFORMAT, "line %zu: %s", r->line, what);
}

static bool starts(const struct reader *r, const char *text)
{
    const size_t length = strlen(text);
    return (size_t)(r->end - r->at) >= length && memcmp(r->at, text, length) == 0;
}

static void skip(struct reader *r, size_t count)
{
    for (; count > 0 && r->at < r->end; count--)
        r->line += *r->at++ == '\n';
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && isspace((unsigned char)*r->at))
        skip(r, 1);
}

static enum fer_status skip_past(struct reader *r, const char *text, const char *what)
{
    while (r->at < r->end && !starts(r, text))
        skip(r, 1);
    if (r->at == r->end)
        return bad(r, what);
    skip(r, strlen(text));
    return FER_OK;
}

static struct xml_piece read_name(struct reader *r)
{
    struct xml_piece name = { r->at, 0 };
    while (r->at < r->end && (isalnum((unsigned char)*r->at) || strchr("_-.:", *r->at)) && *r->at)
        skip(r, 1);
    name.length = (size_t)(r->at - name.at);
    return name;
}

static enum fer_status add_node(struct reader *r, struct xml_piece name)
{
    struct xml *xml = r->xml;
    if (r->depth == DEPTH_MAX)
        return bad(r, "elements lie too deep");
    if (xml->count == r->room) {
        const size_t room = r->room ? 2 * r->room : 1024;
        struct xml_node *nodes = room <= NODES_MAX ? realloc(xml->nodes, room * sizeof(*nodes)) : NULL;
        if (!nodes)
            return room > NODES_MAX ? bad(r, "there are too many elements")
                                    : fer_fail(r->err, FER_ENOMEM, "out of memory");
        xml->nodes = nodes;
        r->room = room;
    }
    const size_t index = xml->count++;
    xml->nodes[index] = (struct xml_node){ .name = name, .line = r->line };
    if (r->depth > 0) {
        if (r->last[r->depth - 1])
            xml->nodes[r->last[r->depth - 1]].next = index;
        else
            xml->nodes[r->open[r->depth - 1]].child = index;
        r->last[r->depth - 1] = index;
    }
    r->open[r->depth] = index;
    r->last[r->depth++] = 0;
    return FER_OK;
}

/* name="value", of which only type_id is kept. */
static enum fer_status read_attribute(struct reader *r)
{
    const struct xml_piece name = read_name(r);
    if (name.length == 0)
        return bad(r, "an attribute or '>' is expected");
    skip_space(r);
    if (!starts(r, "="))
        return bad(r, "an attribute has no value");
    skip(r, 1);
    skip_space(r);
    if (!starts(r, "\"") && !starts(r, "'"))
        return bad(r, "the value of an attribute has no quotes");
    const char quote[2] = { *r->at, 0 };
    skip(r, 1);
    struct xml_piece value = { r->at, 0 };
    const enum fer_status status = skip_past(r, quote, "the value of an attribute does not end");
    value.length = (size_t)(r->at - value.at) - (status ? 0 : 1);
    if (xml_is(name, "type_id"))
        r->xml->nodes[r->open[r->depth - 1]].type = value;
    return status;
}

static enum fer_status read_start(struct reader *r)
{
    skip(r, 1);
    const struct xml_piece name = read_name(r);
    if (name.length == 0)
        return bad(r, "an element has no name");
    enum fer_status status = add_node(r, name);
    while (!status) {
        skip_space(r);
        if (starts(r, "/>")) {
            skip(r, 2);
            r->depth--;
            return FER_OK;
        }
        if (starts(r, ">")) {
            skip(r, 1);
            return FER_OK;
        }
        status = read_attribute(r);
    }
    return status;
}

static enum fer_status read_end(struct reader *r)
{
    skip(r, 2);
    const struct xml_piece name = read_name(r);
    const struct xml_piece open = r->xml->nodes[r->open[r->depth - 1]].name;
    skip_space(r);
    if (!starts(r, ">"))
        return bad(r, "'>' is expected");
    if (r->depth == 1 || name.length != open.length || memcmp(name.at, open.at, name.length) != 0)
        return bad(r, "an element ends that did not begin");
    skip(r, 1);
    r->depth--;
    return FER_OK;
}

static enum fer_status read_text(struct reader *r)
{
    struct xml_node *node = &r->xml->nodes[r->open[r->depth - 1]];
    struct xml_piece text = { r->at, 0 };
    bool blank = true;
    for (; r->at < r->end && *r->at != '<'; skip(r, 1))
        blank = blank && isspace((unsigned char)*r->at);
    text.length = (size_t)(r->at - text.at);
    if (memchr(text.at, '&', text.length))
        return bad(r, "a cascade has no use for '&'");
    if (!blank && r->depth == 1)
        return bad(r, "text outside of all elements");
    if (!blank && node->text.length == 0)
        node->text = text;
    return FER_OK;
}

enum fer_status xml_parse(struct xml *xml, const char *text, size_t size, struct fer_error *err)
{
    struct reader r = { .xml = xml, .at = text, .end = text + size, .line = 1, .err = err };
    *xml = (struct xml){ 0 };
    enum fer_status status = add_node(&r, (struct xml_piece){ "", 0 });
    while (!status && r.at < r.end) {
        if (starts(&r, "<!--"))
            status = skip_past(&r, "-->", "a comment does not end");
        else if (starts(&r, "<?"))
            status = skip_past(&r, "?>", "the declaration does not end");
        else if (starts(&r, "<!"))
            status = bad(&r, "a cascade has no use for document types and CDATA");
        else if (starts(&r, "</"))
            status = read_end(&r);
        else
            status = starts(&r, "<") ? read_start(&r) : read_text(&r);
    }
    if (!status && r.depth > 1)
        status = bad(&r, "the file ends within an element; is it complete?");
    if (status)
        xml_free(xml);
    return status;
}

void xml_free(struct xml *xml)
{
    free(xml->nodes);
    *xml = (struct xml){ 0 };
}

/* ---- looking into it ---- */

const struct xml_node *xml_first(const struct xml *xml, const struct xml_node *node)
{
    return node && node->child ? &xml->nodes[node->child] : NULL;
}

const struct xml_node *xml_next(const struct xml *xml, const struct xml_node *node)
{
    return node->next ? &xml->nodes[node->next] : NULL;
}

const struct xml_node *xml_child(const struct xml *xml, const struct xml_node *node, const char *name)
{
    for (const struct xml_node *at = xml_first(xml, node); at; at = xml_next(xml, at))
        if (xml_is(at->name, name))
            return at;
    return NULL;
}

bool xml_is(struct xml_piece piece, const char *text)
{
    while (piece.length > 0 && isspace((unsigned char)*piece.at)) {
        piece.at++;
        piece.length--;
    }
    while (piece.length > 0 && isspace((unsigned char)piece.at[piece.length - 1]))
        piece.length--;
    return piece.length == strlen(text) && memcmp(piece.at, text, piece.length) == 0;
}

bool xml_number(struct xml_piece *text, double *value)
{
    char word[64];
    size_t length = 0;
    while (text->length > 0 && isspace((unsigned char)*text->at)) {
        text->at++;
        text->length--;
    }
    while (length < text->length && !isspace((unsigned char)text->at[length]))
        length++;
    if (length == 0 || length >= sizeof(word))
        return false;
    memcpy(word, text->at, length);
    word[length] = 0;
    char *end;
    *value = fer_number_read(word, &end); /* 1. and 1.e-3 and -9.55e-001 are all found in cascades */
    if (*end || !isfinite(*value))
        return false;
    text->at += length;
    text->length -= length;
    return true;
}

/* The only number of the child `name`. */
static enum fer_status only_number(const struct xml *xml, const struct xml_node *node, const char *name, double *value,
                                   struct fer_error *err)
{
    const struct xml_node *child = xml_child(xml, node, name);
    double more;
    if (!child)
        return fer_fail(err, FER_EFORMAT, "line %zu: <%s> is missing", node->line, name);
    struct xml_piece text = child->text;
    if (!xml_number(&text, value) || xml_number(&text, &more) || !xml_is(text, ""))
        return fer_fail(err, FER_EFORMAT, "line %zu: <%s> should be a number", child->line, name);
    return FER_OK;
}

enum fer_status xml_int(const struct xml *xml, const struct xml_node *node, const char *name, int min, int max,
                        int *value, struct fer_error *err)
{
    double number = 0;
    const enum fer_status status = only_number(xml, node, name, &number, err);
    if (status)
        return status;
    if (number != floor(number) || number < min || number > max)
        return fer_fail(err, FER_EFORMAT, "line %zu: <%s> should be a whole number from %d to %d", node->line, name,
                        min, max);
    *value = (int)number;
    return FER_OK;
}

enum fer_status xml_float(const struct xml *xml, const struct xml_node *node, const char *name, float *value,
                          struct fer_error *err)
{
    double number = 0;
    const enum fer_status status = only_number(xml, node, name, &number, err);
    *value = (float)number;
    if (!status && !isfinite(*value))
        return fer_fail(err, FER_EFORMAT, "line %zu: <%s> is too large", node->line, name);
    return status;
}
