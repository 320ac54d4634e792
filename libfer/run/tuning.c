/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tuning.h"

#include "arena.h"
#include "file.h"
#include "number.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { COLUMNS = FER_TUNED_FIELDS + 4, FIELD_LIMIT = 255, LIMIT = 16 << 20 };

static const char head[] = "fer tune 1";
static const char columns[] = "# device\tdriver\ttype\tmode\twork\tshape\tkernels\tsolution\tms\tgain\n";

struct fer_tuning {
    char *path;
    struct fer_arena *arena; /* of all texts */
    struct fer_tuned *lines;
    int count, capacity;
};

char *fer_tuning_path(void)
{
    return fer_cache_path("tune.txt");
}

/* ---- lines ---- */

static bool same_key(const struct fer_tuned *a, const struct fer_tuned *b)
{
    for (int i = 0; i < FER_TUNED_FIELDS; i++) {
        if (strcmp(a->field[i], b->field[i]) != 0)
            return false;
    }
    return a->kernels == b->kernels;
}

static enum fer_status no_memory(const struct fer_tuning *tuning, struct fer_error *err)
{
    return fer_fail(err, FER_ENOMEM, "out of memory while %s was read", tuning->path);
}

static enum fer_status add(struct fer_tuning *tuning, const struct fer_tuned *line, struct fer_error *err)
{
    if (tuning->count == tuning->capacity) {
        int capacity = tuning->capacity ? 2 * tuning->capacity : 64;
        struct fer_tuned *grown = realloc(tuning->lines, (size_t)capacity * sizeof(*grown));

        if (!grown)
            return no_memory(tuning, err);
        tuning->lines = grown;
        tuning->capacity = capacity;
    }
    tuning->lines[tuning->count++] = *line;
    return FER_OK;
}

/* ---- from text ---- */

static bool is_hash(const char *text, uint64_t *value)
{
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return false;
    *value = strtoull(text, NULL, 16);
    return true;
}

static bool is_positive(const char *text, double *value)
{
    char *end;

    if (strspn(text, "0123456789.e+-") != strlen(text))
        return false;
    *value = fer_number_read(text, &end);
    return end != text && !*end && isfinite(*value) && *value > 0;
}

static bool is_word(const char *text, size_t length)
{
    return length > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") >= length;
}

/* "direct", or of another plugin "plugin.name". */
static bool is_solver(const char *text, size_t length)
{
    size_t first = strcspn(text, ". ");

    return is_word(text, first) && (first == length || is_word(text + first + 1, length - first - 1));
}

/* A solver, then words that are NAME=INTEGER, single blanks between them. */
static bool is_solution(const char *text)
{
    size_t length = strcspn(text, " ");

    if (!is_solver(text, length))
        return false;
    for (text += length; *text; text += length) {
        size_t name, digits;

        if (*text++ != ' ')
            return false;
        name = strcspn(text, "= ");
        if (!is_word(text, name) || text[name] != '=')
            return false;
        text += name + 1;
        text += *text == '-';
        digits = strspn(text, "0123456789");
        if (digits < 1 || digits > 9)
            return false;
        length = digits;
    }
    return true;
}

/* What is wrong with the text of a line, NULL: nothing.  Its tabs become ends of fields. */
static const char *split(char *text, char *field[COLUMNS])
{
    int count = 0;

    for (char *at = text; at; count++) {
        char *tab = strchr(at, '\t');

        if (count == COLUMNS)
            return "has more than ten fields";
        if (tab)
            *tab = '\0';
        if (!*at)
            return "has an empty field";
        if (strlen(at) > FIELD_LIMIT)
            return "has a field of more than 255 characters";
        field[count] = at;
        at = tab ? tab + 1 : NULL;
    }
    return count < COLUMNS ? "does not have ten fields with tabs between them" : NULL;
}

static const char *parse_line(char *text, struct fer_tuned *line)
{
    char *field[COLUMNS];
    const char *wrong;

    for (const char *at = text; *at; at++) {
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
            return "has a control character";
    }
    wrong = split(text, field);
    if (wrong)
        return wrong;
    for (int i = 0; i < FER_TUNED_FIELDS; i++)
        line->field[i] = field[i];
    line->solution = field[7];
    if (strcmp(line->mode, "infer") != 0 && strcmp(line->mode, "train") != 0)
        return "has a mode, field 4, that is neither infer nor train";
    if (!is_hash(field[6], &line->kernels))
        return "has a hash of kernels, field 7, that is not 16 digits from 0 to f";
    if (!is_solution(line->solution))
        return "has a solution, field 8, that is not a solver and NAME=NUMBER of its tunables";
    if (!is_positive(field[8], &line->ms) || !is_positive(field[9], &line->gain))
        return "has a time or a gain, fields 9 and 10, that is not a number above 0";
    return NULL;
}

static enum fer_status fail_line(const struct fer_tuning *tuning, int number, const char *wrong, struct fer_error *err)
{
    return fer_fail(err, FER_EFORMAT,
                    "%s:%d: the line %s; remove it, or the whole file, and run fer tune again (or leave the file out: "
                    "--without tune)",
                    tuning->path, number, wrong);
}

static enum fer_status add_text(struct fer_tuning *tuning, char *text, int number, struct fer_error *err)
{
    struct fer_tuned line;
    const char *wrong;
    char *copy;

    if (number == 1)
        return strcmp(text, head) == 0 ? FER_OK : fail_line(tuning, 1, "is not 'fer tune 1'", err);
    if (!*text || *text == '#')
        return FER_OK;
    copy = fer_arena_strdup(tuning->arena, text);
    if (!copy)
        return no_memory(tuning, err);
    wrong = parse_line(copy, &line);
    if (!wrong && fer_tuning_find(tuning, &line, NULL))
        wrong = "has the key of an earlier one";
    return wrong ? fail_line(tuning, number, wrong, err) : add(tuning, &line, err);
}

static enum fer_status parse(struct fer_tuning *tuning, char *text, size_t size, struct fer_error *err)
{
    enum fer_status status = FER_OK;
    int number = 1;

    if (strlen(text) != size)
        return fer_fail(err, FER_EFORMAT, "%s is no text: it has a zero byte; remove it and run fer tune again",
                        tuning->path);
    for (char *at = text, *end; at && !status; at = end ? end + 1 : NULL) {
        end = strchr(at, '\n');
        if (end)
            *end = '\0';
        status = add_text(tuning, at, number++, err);
    }
    return status;
}

static enum fer_status read_file(struct fer_tuning *tuning, struct fer_error *err)
{
    struct fer_error own = FER_ERROR_INIT;
    void *bytes = NULL;
    size_t size = 0;
    enum fer_status status = fer_file_read(tuning->path, LIMIT, &bytes, &size, &own);

    fer_arena_free(tuning->arena);
    tuning->count = 0;
    tuning->arena = fer_arena_create();
    if (!tuning->arena)
        status = no_memory(tuning, err);
    else if (status == FER_ENOTFOUND)
        status = FER_OK;
    else if (status)
        fer_fail(err, status, "%s", own.text);
    else if (size > 0)
        status = parse(tuning, bytes, size, err);
    free(bytes);
    return status;
}

enum fer_status fer_tuning_open(const char *path, struct fer_tuning **out, struct fer_error *err)
{
    struct fer_tuning *tuning = calloc(1, sizeof(*tuning));
    enum fer_status status;

    *out = NULL;
    if (tuning)
        tuning->path = strdup(path);
    if (!tuning || !tuning->path) {
        free(tuning);
        return fer_fail(err, FER_ENOMEM, "out of memory");
    }
    status = read_file(tuning, err);
    if (status) {
        fer_tuning_free(tuning);
        return status;
    }
    *out = tuning;
    return FER_OK;
}

void fer_tuning_free(struct fer_tuning *tuning)
{
    if (!tuning)
        return;
    fer_arena_free(tuning->arena);
    free(tuning->lines);
    free(tuning->path);
    free(tuning);
}

const char *fer_tuning_file(const struct fer_tuning *tuning)
{
    return tuning->path;
}

int fer_tuning_count(const struct fer_tuning *tuning)
{
    return tuning->count;
}

/* ---- look-up ---- */

/* What differs between lines for the same work; "" when it is other work. */
static const char *difference(const struct fer_tuned *a, const struct fer_tuned *b)
{
    if (strcmp(a->type, b->type) != 0 || strcmp(a->mode, b->mode) != 0 || strcmp(a->work, b->work) != 0 ||
        strcmp(a->shape, b->shape) != 0)
        return NULL;
    return strcmp(a->device, b->device) != 0 ? "device" : strcmp(a->driver, b->driver) != 0 ? "driver" : "kernels";
}

const struct fer_tuned *fer_tuning_find(const struct fer_tuning *tuning, const struct fer_tuned *key, const char **why)
{
    if (why)
        *why = NULL;
    for (int i = 0; i < tuning->count; i++) {
        if (same_key(&tuning->lines[i], key))
            return &tuning->lines[i];
    }
    for (int i = 0; why && i < tuning->count && !*why; i++)
        *why = difference(&tuning->lines[i], key);
    return NULL;
}

/* ---- to text ---- */

static enum fer_status copy_text(struct fer_tuning *tuning, const char **text, struct fer_error *err)
{
    char *copy = fer_arena_strndup(tuning->arena, **text ? *text : "?", FIELD_LIMIT);

    if (!copy)
        return no_memory(tuning, err);
    for (char *at = copy; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = ' ';
    }
    *text = copy;
    return FER_OK;
}

static enum fer_status insert(struct fer_tuning *tuning, const struct fer_tuned *line, struct fer_error *err)
{
    struct fer_tuned copy = *line;
    enum fer_status status = copy_text(tuning, &copy.solution, err);

    for (int i = 0; i < FER_TUNED_FIELDS && !status; i++)
        status = copy_text(tuning, &copy.field[i], err);
    for (int i = 0; i < tuning->count && !status; i++) {
        if (same_key(&tuning->lines[i], &copy)) {
            tuning->lines[i] = copy;
            return FER_OK;
        }
    }
    return status ? status : add(tuning, &copy, err);
}

static enum fer_status fill(int fd, const char *path, void *context, struct fer_error *err)
{
    const struct fer_tuning *tuning = context;
    char text[(FER_TUNED_FIELDS + 2) * (FIELD_LIMIT + 1) + 128];
    int length = snprintf(text, sizeof(text), "%s\n%s", head, columns);
    enum fer_status status = fer_file_write_all(fd, path, text, (size_t)length, err);

    for (int i = 0; i < tuning->count && !status; i++) {
        const struct fer_tuned *t = &tuning->lines[i];

        length =
            fer_number_print(text, sizeof(text), "%s\t%s\t%s\t%s\t%s\t%s\t%016" PRIx64 "\t%s\t%.6g\t%.4g\n", t->device,
                             t->driver, t->type, t->mode, t->work, t->shape, t->kernels, t->solution, t->ms, t->gain);
        status = fer_file_write_all(fd, path, text, (size_t)length, err);
    }
    return status;
}

/* For one writer at a time: a file of its own, as the other is replaced.  -1: there is none here (a file system without
 * locks, a folder of somebody else's), and two writers at once may lose a line, which is measured again. */
static int lock(const struct fer_tuning *tuning)
{
    size_t size = strlen(tuning->path) + sizeof(".lock");
    char *path = malloc(size);
    int fd;

    if (!path)
        return -1;
    snprintf(path, size, "%s.lock", tuning->path);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    free(path);
    if (fd >= 0 && flock(fd, LOCK_EX) != 0) { /* who interrupts it does not want to wait either */
        close(fd);
        return -1;
    }
    return fd;
}

enum fer_status fer_tuning_put(struct fer_tuning *tuning, const struct fer_tuned *line, struct fer_error *err)
{
    enum fer_status status = fer_directory_make_for(tuning->path, err);
    int locked = status ? -1 : lock(tuning);

    if (!status)
        status = read_file(tuning, err);
    if (!status)
        status = insert(tuning, line, err);
    if (!status)
        status = fer_file_fill_atomic(tuning->path, fill, tuning, err);
    if (locked >= 0)
        close(locked);
    return status;
}
