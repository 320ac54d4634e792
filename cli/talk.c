/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said, and where.
 */
#include <fer/host.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Control characters but those in `keep`; U+0080 to U+009F are some too, of two bytes in UTF-8. */
static void put_escaped(FILE *out, const char *text, const char *keep)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        const bool second = c[0] == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F;

        if (second) {
            fprintf(out, "\\x%02x\\x%02x", c[0], c[1]);
            c++;
        } else if ((*c >= 0x20 && *c != 0x7F && *c != '\\') || strchr(keep, *c)) {
            fputc(*c, out);
        } else if (*c == '\t' || *c == '\n' || *c == '\\') {
            fprintf(out, "\\%c", *c == '\t' ? 't' : *c == '\n' ? 'n' : '\\');
        } else {
            fprintf(out, "\\x%02x", *c);
        }
    }
}

void put_name(FILE *out, const char *name)
{
    put_escaped(out, name, "");
}

void put_sentence(const char *text)
{
    put_escaped(stderr, text, "\t\n\\");
}

static bool diagnosed; /* errors with carets have been shown: the sentence would repeat them */

static void say(void *user, enum fer_message kind, const char *text)
{
    const struct common *common = user;

    if (kind == FER_MESSAGE_BUILDING && !common->verbose) {
        if (!common->mute && !common->quiet)
            show_building(text);
        return;
    }
    if (kind == FER_MESSAGE_BUILDING && !*text)
        return;
    if (common->mute || (kind == FER_MESSAGE_DETAIL && !common->verbose) ||
        (kind != FER_MESSAGE_ERROR && common->quiet))
        return;
    clear_progress();
    if (kind == FER_MESSAGE_ERROR)
        diagnosed = true;
    /* diagnostics begin with their place */
    if (!strchr(text, '\n'))
        fprintf(stderr, "fer: %s",
                kind == FER_MESSAGE_WARNING    ? "warning: "
                : kind == FER_MESSAGE_BUILDING ? "building "
                                               : "");
    put_sentence(text);
    fputc('\n', stderr);
}

static struct fer_context *context;

struct fer_context *open_context(const struct common *common)
{
    static struct common listener;
    struct fer_context_options options = { .device = common->device,
                                           .place = common->place,
                                           .message = say,
                                           .user = &listener,
                                           .without = common->without,
                                           .precision = common->precision };
    struct fer_error err = FER_ERROR_INIT;

    listener = *common;
    if (fer_context_create(&options, &context, &err) != FER_OK) {
        fprintf(stderr, "fer: %s\n", err.text);
        exit(EXIT_FAILURE);
    }
    return context;
}

void close_context(void)
{
    fer_context_free(context);
    context = NULL;
}

int report_failure(const struct fer_error *err)
{
    clear_progress();
    if (!diagnosed || err->status != FER_EPARSE) {
        fputs("fer: ", stderr);
        put_sentence(err->text[0] ? err->text : fer_status_name(err->status));
        fputc('\n', stderr);
    }
    return EXIT_FAILURE;
}

static void need(bool there)
{
    if (there)
        return;
    fputs("fer: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

json_t *parse_report(char *text)
{
    json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

    free(text);
    need(value);
    return value;
}

/* What standard output does not take is told at the end. */
static void dump(const json_t *value, size_t flags)
{
    need(json_dumpf(value, stdout, flags | JSON_REAL_PRECISION(9)) == 0 || ferror(stdout));
    putchar('\n');
}

void print_json(const json_t *value)
{
    dump(value, JSON_INDENT(2));
}

void json_put(json_t *object, const char *name, json_t *value)
{
    need(json_object_set_new(object, name, value) == 0);
}

void json_add(json_t *list, json_t *value)
{
    need(json_array_append_new(list, value) == 0);
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_path(const char *path)
{
    char *text = fer_text_utf8(path);
    json_t *string = text ? json_string(text) : NULL;

    free(text);
    return string;
}

void print_json_line(json_t *object)
{
    dump(object, JSON_COMPACT);
    json_decref(object);
}

const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

const char *bytes_text(double bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    static char texts[4][32];
    static int next;
    char *text = texts[next++ % 4];
    int unit = 0;

    while (bytes >= 1024 && unit < 4)
        bytes /= 1024, unit++;
    snprintf(text, sizeof(texts[0]), unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

int finish(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("fer: standard output");
        return EXIT_FAILURE;
    }
    return status;
}

void print_csv(const char *text, size_t length)
{
    bool quoted = false;

    for (size_t i = 0; i < length; i++)
        quoted |= strchr(",\"\r\n", text[i]) != NULL;
    if (quoted)
        putchar('"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            putchar('"');
        putchar(text[i]);
    }
    if (quoted)
        putchar('"');
}
