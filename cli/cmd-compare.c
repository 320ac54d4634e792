/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { EDGES_MAX = 64 };

struct args {
    struct common common;
    const char **a, **b; /* NULL-terminated */
    int na, nb;
    char *by;
    double edges[EDGES_MAX];
    int nedges, resamples;
};

enum { KEY_AGAINST = 0x200, KEY_BY, KEY_RESAMPLES };

static const struct argp_option options[] = {
    { "against", KEY_AGAINST, "B", 0, "predictions of the other; may be repeated, as A may", 0 },
    { "by", KEY_BY, "NAME=X,X,...", 0, "also compare in bins of a column, by their edges", 0 },
    { "resamples", KEY_RESAMPLES, "N", 0, "of the bootstrap [10000]", 0 },
    { 0 },
};

static void read_bins(struct argp_state *state, struct args *args, const char *text)
{
    const char *at = strchr(text, '=');
    char *end;

    if (!at || at == text)
        argp_error(state, "--by=%s should be NAME=EDGE,EDGE,..., such as covered=0,0.1,0.2,0.5", text);
    args->by = strndup(text, (size_t)(at - text));
    do {
        if (args->nedges == EDGES_MAX)
            argp_error(state, "--by=%s: more than %d edges", text, EDGES_MAX);
        args->edges[args->nedges++] = strtod(at + 1, &end);
        if (end == at + 1 || (*end && *end != ','))
            argp_error(state, "--by=%s should be NAME=EDGE,EDGE,..., such as covered=0,0.1,0.2,0.5", text);
        at = end;
    } while (*at);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        drop_options(&args->common, OPTIONS_SETTINGS | OPTIONS_COMPUTING,
                     "predictions are read, and neither a description nor a device");
        return 0;
    case KEY_AGAINST: append_word(state, &args->b, &args->nb, value); return 0;
    case KEY_BY: read_bins(state, args, value); return 0;
    case KEY_RESAMPLES: args->resamples = (int)count_argument(state, "resamples", value, COUNT_LIMIT); return 0;
    case ARGP_KEY_ARG: append_word(state, &args->a, &args->na, value); return 0;
    case ARGP_KEY_END:
        if (args->nb == 0 && args->na == 2) { /* fer compare A B */
            append_word(state, &args->b, &args->nb, args->a[1]);
            args->a[1] = NULL;
        } else if (args->nb == 0 || args->na == 0) {
            argp_error(state, "two files, or files and --against files");
        }
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void print_verdict(const json_t *entry)
{
    const json_t *mcnemar = json_object_get(entry, "mcnemar");

    if (number_of(entry, "samples") == 0) {
        puts("no samples");
        return;
    }
    printf("%.4f - %.4f = %+.4f  95 %% [%+.4f, %+.4f]%s  p %.4f", number_of(entry, "accuracy_a"),
           number_of(entry, "accuracy_b"), number_of(entry, "difference"), number_of(entry, "low"),
           number_of(entry, "high"), number_of(entry, "low") > 0 || number_of(entry, "high") < 0 ? " *" : "  ",
           number_of(entry, "p"));
    if (mcnemar)
        printf("  McNemar %.0f:%.0f p %.4f", number_of(mcnemar, "a_only"), number_of(mcnemar, "b_only"),
               number_of(mcnemar, "p"));
    printf("  (%.0f)\n", number_of(entry, "samples"));
}

static void print_comparison(const json_t *report, const char *by)
{
    const json_t *test, *bin;
    size_t i, k;

    json_array_foreach(json_object_get(report, "tests"), i, test)
    {
        printf("%s  ", text_of(test, "test"));
        print_verdict(test);
        json_array_foreach(json_object_get(test, "bins"), k, bin)
        {
            printf("  %s %g-%g  ", by, number_of(bin, "low_edge"), number_of(bin, "high_edge"));
            print_verdict(bin);
        }
        if (number_of(test, "only_a") > 0 || number_of(test, "only_b") > 0)
            fprintf(stderr,
                    "fer: warning: test %s: %.0f samples are only in the first, %.0f only in the second; they do "
                    "not count\n",
                    text_of(test, "test"), number_of(test, "only_a"), number_of(test, "only_b"));
    }
}

int cmd_compare(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "A B\nA... --against B...",
        .doc = "Is A better than B?  A and B are files of `fer eval --predictions`, or directories "
               "of a sweep's runs; several of one side (seeds) are averaged.  For each test: "
               "accuracies, their difference with its 95 % interval by the paired bootstrap (* when "
               "0 is outside), and McNemar's exact test.",
        .children = COMMON_CHILDREN
    };
    struct args args = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    json_t *report;
    char *text;
    int result = EXIT_SUCCESS;

    parse_arguments(&argp, argc, argv, &args);
    if (fer_compare(&(struct fer_compare_options){ .a = args.a,
                                                   .b = args.b,
                                                   .by = args.by,
                                                   .edges = args.edges,
                                                   .nedges = args.nedges,
                                                   .resamples = args.resamples,
                                                   .seed = args.common.seed },
                    &text, &err) == FER_OK) {
        report = parse_report(text);
        if (args.common.json)
            print_json(report);
        else
            print_comparison(report, args.by);
        json_decref(report);
    } else {
        result = report_failure(&err);
    }
    free(args.by);
    return finish(result);
}
