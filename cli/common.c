/* SPDX-License-Identifier: Apache-2.0
 *
 * Options that every command takes.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* In the order of enum common_option, as are the options. */
enum { KEY_DEVICE = 0x100, KEY_SEED, KEY_SET, KEY_DATA, KEY_JSON, KEY_WITHOUT, KEY_PRECISION, KEY_END };
enum { COMMON_NAMED = KEY_END - KEY_DEVICE };

static struct argp_option options[] = {
    /* drop_options hides some */
    { "device", KEY_DEVICE, "NAME", 0, "OpenCL device: a number of `fer devices`, cpu, gpu, or a part of its name", 0 },
    { "seed", KEY_SEED, "N", 0, "seed of everything random", 0 },
    { "set", KEY_SET, "NAME=VALUE", 0, "override a `let` of the description", 0 },
    { "data", KEY_DATA, "NAME=PATH", 0, "take the pictures of a data set from PATH", 0 },
    { "json", KEY_JSON, NULL, 0, "write results as JSON", 0 },
    { "without", KEY_WITHOUT, "PASS,...", 0,
      "leave passes of the compiler out, to compare: fold, fuse, layout, inplace, views, optimizer, arena, tune, "
      "solvers",
      0 },
    { "precision", KEY_PRECISION, "fp32|tf32|fp16|bf16", 0,
      "as what feature maps lie in memory, and what products may round [fp32]", 0 },
    { "quiet", 'q', NULL, 0, "say only what went wrong", 0 },
    { "verbose", 'v', NULL, 0, "say more", 0 },
    { NULL, 'h', NULL, OPTION_HIDDEN, NULL, 0 }, /* argp itself knows --help and -? */
    { 0 },
};

/* Lists of words, each with room for all arguments and two more. */
struct words {
    struct words *next;
    const char *words[];
};
static struct words *lists;

void append_word(struct argp_state *state, const char ***list, int *count, const char *word)
{
    if (!*list) {
        struct words *made = calloc(1, sizeof(*made) + ((size_t)state->argc + 3) * sizeof(*made->words));

        if (!made)
            argp_failure(state, EXIT_FAILURE, ENOMEM, "cannot remember the arguments");
        made->next = lists;
        lists = made;
        *list = made->words;
    }
    (*list)[(*count)++] = word;
}

void forget_arguments(void)
{
    while (lists) {
        struct words *next = lists->next;

        free(lists);
        lists = next;
    }
}

static void append_pair(struct argp_state *state, const char ***list, int *count, const char *pair, const char *form)
{
    if (!strchr(pair, '=') || pair[0] == '=')
        argp_error(state, "'%s' should be %s", pair, form);
    append_word(state, list, count, pair);
}

uint64_t seed_argument(struct argp_state *state, const char *name, const char *value, char **end)
{
    uint64_t seed;

    errno = 0;
    seed = strtoull(value, end, 10);
    if (!isdigit((unsigned char)value[0]) || errno || seed > FER_SEED_MAX)
        argp_error(state, "--%s=%s should be a whole number from 0 to %" PRIu64, name, value, FER_SEED_MAX);
    return seed;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct common *common = state->input;
    char *end;

    if (key >= KEY_DEVICE && key < KEY_END) {
        common->given |= 1u << (key - KEY_DEVICE);
        refuse_options(state, common, common->dropped, common->why);
    }
    switch (key) {
    case KEY_DEVICE: common->device = value; return 0;
    case KEY_SEED:
        common->seed = seed_argument(state, "seed", value, &end);
        if (*end)
            argp_error(state, "--seed=%s should be one whole number", value);
        common->seed_set = true;
        return 0;
    case KEY_SET: append_pair(state, &common->sets, &common->nsets, value, "NAME=VALUE"); return 0;
    case KEY_DATA: append_pair(state, &common->data, &common->ndata, value, "NAME=PATH"); return 0;
    case KEY_JSON: common->json = true; return 0;
    case KEY_PRECISION: common->precision = value; return 0;
    case KEY_WITHOUT: common->without = value; return 0;
    case 'q': common->quiet = true; return 0;
    case 'v': common->verbose = true; return 0;
    case 'h': argp_state_help(state, stdout, ARGP_HELP_STD_HELP); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp common_argp = { options, parse, NULL, NULL, NULL, NULL, NULL };

struct fer_settings common_settings(const struct common *common)
{
    return (struct fer_settings){ .sets = common->sets, .data = common->data, .seed = common->seed };
}

long whole_argument(struct argp_state *state, const char *name, const char *value, long least, long most)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(value, &end, 10);
    if (end == value || *end || errno || number < least || number > most)
        argp_error(state, "--%s=%s should be a whole number from %ld to %ld", name, value, least, most);
    return number;
}

long count_argument(struct argp_state *state, const char *name, const char *value, long most)
{
    return whole_argument(state, name, value, 1, most);
}

double number_argument(struct argp_state *state, const char *name, const char *value, double least, double most)
{
    char *end;
    double number = strtod(value, &end);

    if (end == value || *end || !(number >= least && number <= most))
        argp_error(state, "--%s=%s should be a number from %g to %g", name, value, least, most);
    return number;
}

void refuse_options(struct argp_state *state, const struct common *common, unsigned unused, const char *why)
{
    for (int i = 0; i < COMMON_NAMED; i++) {
        if (common->given & unused & (1u << i))
            argp_error(state, "--%s changes nothing here: %s", options[i].name, why);
    }
}

void drop_options(struct common *common, unsigned dropped, const char *why)
{
    common->dropped = dropped;
    common->why = why;
    for (int i = 0; i < COMMON_NAMED; i++) {
        if (dropped & (1u << i))
            options[i].flags |= OPTION_HIDDEN;
    }
}

void need_operands(struct argp_state *state, unsigned least, unsigned most)
{
    if (state->arg_num < least)
        argp_error(state, "an argument is missing");
    if (state->arg_num > most)
        argp_error(state, "too many arguments");
}

void parse_arguments(const struct argp *argp, int argc, char **argv, void *args)
{
    static char version[64];
    error_t failed;

    snprintf(version, sizeof(version), "fer %s", fer_version());
    argp_program_version = version;
    argp_err_exit_status = EXIT_USAGE;
    failed = argp_parse(argp, argc, argv, 0, NULL, args);
    if (failed)
        exit(failed == EINVAL ? EXIT_USAGE : EXIT_FAILURE);
}
