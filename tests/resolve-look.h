/* SPDX-License-Identifier: Apache-2.0
 *
 * Pieces of descriptions, and looks at what they mean.
 */
#ifndef FER_TESTS_RESOLVE_LOOK_H
#define FER_TESTS_RESOLVE_LOOK_H

#include "cases.h"
#include "needs.h"
#include "resolve-text.h"

#define NET "net small(x) -> y { y = x | conv: conv2d 4 kernel=3 | bn: batchnorm | avgpool global | fc: linear 7 }\n"
#define DATA "data train -> image, label = synthface count=8 size=32 channels=1 | batch 4\n"
#define FIT(net) "  logits = image | " net "\n  loss ce = logits, label | cross_entropy\n"
#define STAGE(body) "stage fit over train until epoch=1 {\n" body "}\n"

static inline bool has_warning(const char *text)
{
    for (int i = 0; i < d->diags.count; i++) {
        if (d->diags.items[i].severity == FER_SEVERITY_WARNING && strcmp(d->diags.items[i].text, text) == 0)
            return true;
    }
    return false;
}

/* The weights of a net, "path path …", running statistics in brackets. */
static inline void weights_are(const char *net, const char *expected)
{
    const struct fer_net *n = fer_description_net(d, net);
    char text[4096] = "";

    ck_assert_msg(n != NULL, "%s", net);
    for (int i = 0; i < n->nweights; i++) {
        const struct fer_weight *w = n->weights[i];

        ck_assert_int_eq(strncmp(w->path, net, strlen(net)), 0);
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s%s", i ? " " : "", w->trained ? "" : "[",
                 w->path + strlen(net) + 1, w->trained ? "" : "]");
    }
    ck_assert_str_eq(text, expected);
}

static inline const struct fer_op *op_at(const struct fer_graph *graph, const char *path)
{
    const struct fer_op *found = NULL;

    for (int i = 0; i < graph->nops; i++) {
        if (strcmp(graph->ops[i]->path, path) == 0) {
            ck_assert_msg(!found, "%s is there twice", path);
            found = graph->ops[i];
        }
    }
    ck_assert_msg(found != NULL, "there is no %s", path);
    return found;
}

static inline int count_ops(const struct fer_graph *graph, const char *layer)
{
    int count = 0;

    for (int i = 0; i < graph->nops; i++)
        count += strcmp(graph->ops[i]->layer->name, layer) == 0;
    return count;
}

static inline const char *shape_of(const struct fer_value *value)
{
    static char text[96];

    return fer_shape_text(&value->shape, text, sizeof(text));
}

/* Of the weights of a net the first dimension of one. */
static inline int channels(const char *net, int weight)
{
    return fer_description_net(d, net)->weights[weight]->shape.dim[0];
}

static inline int resolve_run(void)
{
    if (has_plugins())
        return cases_run();
    puts("skipped: this build leaves out plugins that the descriptions use");
    return SKIPPED;
}

#endif
