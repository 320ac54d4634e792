/* SPDX-License-Identifier: Apache-2.0
 *
 * opencv-cascade-classifier: stages of weak classifiers, whose nodes name features of one list.
 */
#include <math.h>
#include <stdlib.h>

#include "cascade.h"
#include "xml.h"

#define WINDOW_MAX 512

struct features {
    struct cascade_feature *items;
    int count;
};

static enum fer_status read_head(struct cascade *cascade, const struct xml *xml, const struct xml_node *root,
                                 struct fer_error *err)
{
    const struct xml_node *kind = xml_child(xml, root, "featureType"), *stage = xml_child(xml, root, "stageType");
    if (!kind || !xml_is(kind->text, "HAAR"))
        return fer_fail(err, FER_ENOTSUP, "line %zu: only cascades with <featureType>HAAR</featureType> are read here",
                        kind ? kind->line : root->line);
    if (!stage || !xml_is(stage->text, "BOOST"))
        return fer_fail(err, FER_ENOTSUP, "line %zu: only cascades with <stageType>BOOST</stageType> are read here",
                        stage ? stage->line : root->line);
    const enum fer_status status = xml_int(xml, root, "width", 4, WINDOW_MAX, &cascade->width, err);
    return status ? status : xml_int(xml, root, "height", 4, WINDOW_MAX, &cascade->height, err);
}

static enum fer_status read_features(const struct cascade *cascade, const struct xml *xml, const struct xml_node *root,
                                     struct features *features, struct fer_error *err)
{
    const struct xml_node *list = xml_child(xml, root, "features");
    size_t count = 0;
    enum fer_status status = FER_OK;
    for (const struct xml_node *at = xml_first(xml, list); at; at = xml_next(xml, at))
        count++;
    if (count == 0 || count > CASCADE_TESTS_MAX)
        return fer_fail(err, FER_EFORMAT, "line %zu: the cascade has %zu features; 1 to %d are possible", root->line,
                        count, CASCADE_TESTS_MAX);
    features->items = calloc(count, sizeof(*features->items));
    if (!features->items)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (const struct xml_node *at = xml_first(xml, list); at && !status; at = xml_next(xml, at))
        status = cascade_read_feature(cascade, xml, at, &features->items[features->count++], err);
    return status;
}

/* left or right of a node: > 0 the node of the tree, else minus the leaf. */
static bool place(double child, int self, int nodes, int first_test, int first_leaf, int leaves, int *out)
{
    if (child != floor(child))
        return false;
    if (child > 0) { /* forwards only, so that a tree has no circles */
        *out = first_test + (int)child;
        return child > self && child < nodes;
    }
    if (child <= -leaves)
        return false;
    *out = -1 - (first_leaf - (int)child);
    return true;
}

static enum fer_status read_tree(struct cascade *cascade, const struct xml *xml, const struct xml_node *node,
                                 const struct features *features, struct fer_error *err)
{
    const struct xml_node *inner = xml_child(xml, node, "internalNodes"), *outer = xml_child(xml, node, "leafValues");
    const int first_test = cascade->ntests, first_leaf = cascade->nleaves;
    struct xml_piece text;
    double value, n[4] = { 0 };
    int nodes = 0;
    enum fer_status status = FER_OK;
    if (!inner || !outer)
        return fer_fail(err, FER_EFORMAT, "line %zu: a weak classifier has <internalNodes> and <leafValues>",
                        node->line);
    for (text = outer->text; !status && xml_number(&text, &value);)
        status = cascade_add_leaf(cascade, value, err);
    if (!status && !xml_is(text, ""))
        return fer_fail(err, FER_EFORMAT, "line %zu: <leafValues> should be numbers", outer->line);
    for (text = inner->text; xml_number(&text, &value); nodes++)
        ;
    if (!status && (nodes == 0 || nodes % 4 != 0 || !xml_is(text, "")))
        return fer_fail(err, FER_EFORMAT, "line %zu: <internalNodes> should be four numbers a node", inner->line);
    nodes /= 4;
    text = inner->text;
    for (int i = 0; i < nodes && !status; i++) {
        struct cascade_test test = { 0 };
        for (int k = 0; k < 4; k++)
            xml_number(&text, &n[k]); /* there are as many: they were counted */
        if (!(n[2] >= 0 && n[2] < features->count && n[2] == floor(n[2])))
            return fer_fail(err, FER_EFORMAT, "line %zu: there is no feature %g; there are %d", inner->line, n[2],
                            features->count);
        test.feature = features->items[(int)n[2]];
        test.threshold = (float)n[3];
        const int leaves = cascade->nleaves - first_leaf;
        if (!place(n[0], i, nodes, first_test, first_leaf, leaves, &test.below) ||
            !place(n[1], i, nodes, first_test, first_leaf, leaves, &test.above))
            return fer_fail(err, FER_EFORMAT, "line %zu: a node leads to %g and %g, which are not there", inner->line,
                            n[0], n[1]);
        status = cascade_add_test(cascade, test, err);
    }
    return status ? status : cascade_add_root(cascade, first_test, err);
}

static enum fer_status read_stage(struct cascade *cascade, const struct xml *xml, const struct xml_node *node,
                                  bool last, const struct features *features, struct fer_error *err)
{
    struct cascade_stage stage = { .first = cascade->nroots,
                                   .pass = last ? CASCADE_FACE : cascade->nstages + 1,
                                   .fail = CASCADE_NOTHING };
    enum fer_status status = xml_float(xml, node, "stageThreshold", &stage.threshold, err);
    const struct xml_node *weak = xml_child(xml, node, "weakClassifiers");
    for (const struct xml_node *at = xml_first(xml, weak); at && !status; at = xml_next(xml, at))
        status = read_tree(cascade, xml, at, features, err);
    stage.trees = cascade->nroots - stage.first;
    if (!status && stage.trees == 0)
        return fer_fail(err, FER_EFORMAT, "line %zu: a stage has no weak classifiers", node->line);
    return status ? status : cascade_add_stage(cascade, stage, err);
}

enum fer_status cascade_read_new(struct cascade *cascade, const struct xml *xml, const struct xml_node *root,
                                 struct fer_error *err)
{
    struct features features = { 0 };
    enum fer_status status = read_head(cascade, xml, root, err);
    if (!status)
        status = read_features(cascade, xml, root, &features, err);
    const struct xml_node *stages = xml_child(xml, root, "stages");
    for (const struct xml_node *at = xml_first(xml, stages); at && !status; at = xml_next(xml, at))
        status = read_stage(cascade, xml, at, !xml_next(xml, at), &features, err);
    free(features.items);
    return status;
}
