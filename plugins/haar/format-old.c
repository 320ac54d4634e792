/* SPDX-License-Identifier: Apache-2.0
 *
 * opencv-haar-classifier, as haartraining wrote it: features stand in the nodes, and stages may form a tree.
 */
#include "cascade.h"
#include "xml.h"

#define WINDOW_MAX 512

static enum fer_status read_size(struct cascade *cascade, const struct xml *xml, const struct xml_node *root,
                                 struct fer_error *err)
{
    const struct xml_node *node = xml_child(xml, root, "size");
    struct xml_piece text = node ? node->text : (struct xml_piece){ "", 0 };
    double width, height;
    if (!xml_number(&text, &width) || !xml_number(&text, &height) || !xml_is(text, "") ||
        !(width >= 4 && height >= 4) || !(width <= WINDOW_MAX && height <= WINDOW_MAX))
        return fer_fail(err, FER_EFORMAT, "line %zu: <size> should be the window's width and height, from 4 to %d",
                        node ? node->line : root->line, WINDOW_MAX);
    cascade->width = (int)width;
    cascade->height = (int)height;
    return FER_OK;
}

/* left_val or left_node, right_val or right_node. */
static enum fer_status read_branch(struct cascade *cascade, const struct xml *xml, const struct xml_node *node,
                                   const char *value, const char *link, int self, int nodes, int first, int *out,
                                   struct fer_error *err)
{
    float leaf;
    int at = 0;
    enum fer_status status;
    if (xml_child(xml, node, link)) { /* forwards only, so that a tree has no circles */
        status = xml_int(xml, node, link, self + 1, nodes - 1, &at, err);
        *out = first + at;
        return status;
    }
    status = xml_float(xml, node, value, &leaf, err);
    *out = -1 - cascade->nleaves;
    return status ? status : cascade_add_leaf(cascade, leaf, err);
}

static enum fer_status read_tree(struct cascade *cascade, const struct xml *xml, const struct xml_node *tree,
                                 struct fer_error *err)
{
    const int first = cascade->ntests;
    int nodes = 0, self = 0;
    enum fer_status status = FER_OK;
    for (const struct xml_node *at = xml_first(xml, tree); at; at = xml_next(xml, at))
        nodes++;
    if (nodes == 0)
        return fer_fail(err, FER_EFORMAT, "line %zu: a tree has no nodes", tree->line);
    for (const struct xml_node *at = xml_first(xml, tree); at && !status; at = xml_next(xml, at), self++) {
        struct cascade_test test = { 0 };
        const struct xml_node *feature = xml_child(xml, at, "feature");
        if (!feature)
            return fer_fail(err, FER_EFORMAT, "line %zu: a node has no <feature>", at->line);
        status = cascade_read_feature(cascade, xml, feature, &test.feature, err);
        if (!status)
            status = xml_float(xml, at, "threshold", &test.threshold, err);
        if (!status)
            status = read_branch(cascade, xml, at, "left_val", "left_node", self, nodes, first, &test.below, err);
        if (!status)
            status = read_branch(cascade, xml, at, "right_val", "right_node", self, nodes, first, &test.above, err);
        if (!status)
            status = cascade_add_test(cascade, test, err);
    }
    return status ? status : cascade_add_root(cascade, first, err);
}

static enum fer_status read_stage(struct cascade *cascade, const struct xml *xml, const struct xml_node *node,
                                  struct fer_error *err)
{
    const int self = cascade->nstages;
    struct cascade_stage stage = { .first = cascade->nroots, .parent = self - 1, .next = -1 };
    enum fer_status status = xml_float(xml, node, "stage_threshold", &stage.threshold, err);
    if (!status && xml_child(xml, node, "parent"))
        status = xml_int(xml, node, "parent", -1, self - 1, &stage.parent, err);
    if (!status && xml_child(xml, node, "next"))
        status = xml_int(xml, node, "next", -1, CASCADE_TESTS_MAX, &stage.next, err);
    const struct xml_node *trees = xml_child(xml, node, "trees");
    for (const struct xml_node *at = xml_first(xml, trees); at && !status; at = xml_next(xml, at))
        status = read_tree(cascade, xml, at, err);
    stage.trees = cascade->nroots - stage.first;
    if (!status && stage.trees == 0)
        return fer_fail(err, FER_EFORMAT, "line %zu: a stage has no trees", node->line);
    return status ? status : cascade_add_stage(cascade, stage, err);
}

/* After success comes the first child, after failure the next sibling of the stage or of the nearest stage above that
 * has one.  Links lead forwards and siblings share their parent, so no stage is met twice. */
static enum fer_status link_stages(struct cascade *cascade, struct fer_error *err)
{
    struct cascade_stage *stages = cascade->stages;
    for (int i = 0; i < cascade->nstages; i++) {
        const int next = stages[i].next;
        if (next != -1 && (next <= i || next >= cascade->nstages || stages[next].parent != stages[i].parent))
            return fer_fail(err, FER_EFORMAT, "stage %d has stage %d for its next, which is none of its siblings", i,
                            next);
        int up = i;
        while (up != -1 && stages[up].next == -1)
            up = stages[up].parent;
        stages[i].fail = up == -1 ? CASCADE_NOTHING : stages[up].next;
        stages[i].pass = CASCADE_FACE;
    }
    for (int i = cascade->nstages - 1; i >= 0; i--)
        if (stages[i].parent != -1)
            stages[stages[i].parent].pass = i;
    return FER_OK;
}

enum fer_status cascade_read_old(struct cascade *cascade, const struct xml *xml, const struct xml_node *root,
                                 struct fer_error *err)
{
    enum fer_status status = read_size(cascade, xml, root, err);
    const struct xml_node *stages = xml_child(xml, root, "stages");
    for (const struct xml_node *at = xml_first(xml, stages); at && !status; at = xml_next(xml, at))
        status = read_stage(cascade, xml, at, err);
    return status ? status : link_stages(cascade, err);
}
