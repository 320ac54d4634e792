/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

struct args {
    struct common common;
    bool check, in_place;
    char **models;
    int count;
};

static const struct argp_option options[] = {
    { "check", 'c', NULL, 0, "print nothing; exit 1 when a text is not canonical", 0 },
    { "in-place", 'i', NULL, 0, "replace the files", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    (void)value;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        drop_options(&args->common, OPTIONS_BUT_JSON | OPTION_JSON, "a text is printed as it is written");
        return 0;
    case 'c': args->check = true; return 0;
    case 'i': args->in_place = true; return 0;
    case ARGP_KEY_ARGS:
        args->models = state->argv + state->next;
        args->count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which description?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* Whether the file holds exactly `text`. */
static bool is_same(const char *path, const char *text)
{
    FILE *file = fopen(path, "r");
    bool same = file != NULL;

    for (; same && *text; text++)
        same = fgetc(file) == (unsigned char)*text;
    same = same && fgetc(file) == EOF;
    if (file)
        fclose(file);
    return same;
}

/* Beside the file, then over it, so that it is never half written; a link stays one. */
static int replace(const char *path, const char *text)
{
    char *target = realpath(path, NULL), *temporary = NULL;
    struct stat info;
    FILE *file;
    bool failed;
    int fd;

    if (!target || stat(target, &info) != 0 || asprintf(&temporary, "%s.XXXXXX", target) < 0) {
        fprintf(stderr, "fer: cannot write %s: %s\n", path, strerror(errno));
        free(target);
        return EXIT_FAILURE;
    }
    fd = S_ISREG(info.st_mode) ? mkstemp(temporary) : (errno = EINVAL, -1);
    file = fd >= 0 && fchmod(fd, info.st_mode & 07777) == 0 ? fdopen(fd, "w") : NULL;
    failed = !file || fputs(text, file) < 0 || fflush(file) != 0 || fsync(fd) != 0;
    failed = (file && fclose(file) != 0) || failed || rename(temporary, target) != 0;
    if (failed) {
        fprintf(stderr, "fer: cannot write %s: %s\n", path, strerror(errno));
        if (fd >= 0)
            unlink(temporary);
    }
    free(temporary);
    free(target);
    return failed;
}

static int format(struct fer_context *context, const struct args *args, const char *path)
{
    struct fer_error err = FER_ERROR_INIT;
    char *text;
    int status = EXIT_SUCCESS;

    if (fer_format(context, path, &text, &err) != FER_OK)
        return report_failure(&err);
    if (args->check) {
        if (!is_same(path, text)) {
            fprintf(stderr, "fer: %s is not in the canonical form; `fer fmt -i %s` makes it so\n", path, path);
            status = EXIT_FAILURE;
        }
    } else if (args->in_place && strcmp(path, "-") != 0) {
        if (!is_same(path, text))
            status = replace(path, text);
    } else {
        fputs(text, stdout);
    }
    free(text);
    return status;
}

int cmd_fmt(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "MODEL.fer...",
                               .doc = "Print descriptions in the canonical way, comments kept (-: standard input).",
                               .children = COMMON_CHILDREN };
    struct args args = { 0 };
    struct fer_context *context;
    int status = EXIT_SUCCESS;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    for (int i = 0; i < args.count; i++)
        status |= format(context, &args, args.models[i]);
    return finish(status);
}
