/* SPDX-License-Identifier: Apache-2.0
 *
 * A boosted cascade of Haar-like features (Viola and Jones: Robust real-time face detection, IJCV 57, 2004), tilted
 * ones too (Lienhart and Maydt: An extended set of Haar-like features for rapid object detection, ICIP 2002).
 */
#ifndef FER_HAAR_CASCADE_H
#define FER_HAAR_CASCADE_H

#include <fer/status.h>

#define CASCADE_RECTS 3
#define CASCADE_TESTS_MAX (1 << 20)

/* Upright: the w x h pixels below and right of (x, y).  Tilted: from the corner (x, y) w steps down-right, h down-left.
 */
struct cascade_rect {
    int x, y, w, h;
    float weight; /* 0: not there */
};
struct cascade_feature {
    bool tilted;
    struct cascade_rect rect[CASCADE_RECTS];
};

/* A node of a tree: the feature's value, divided by the window's deviation, is compared with the threshold.
 * below, above: >= 0 the node where it goes on, < 0 the leaf -1 - index. */
struct cascade_test {
    struct cascade_feature feature;
    float threshold;
    int below, above;
};

/* The leaves of trees first, first + 1, … are summed.  pass, fail: the stage that comes next when the sum reaches the
 * threshold or does not; CASCADE_FACE and CASCADE_NOTHING end it. */
enum { CASCADE_NOTHING = -1, CASCADE_FACE = -2 };
struct cascade_stage {
    int first, trees;
    float threshold;
    int pass, fail;
    int parent, next; /* of the older format, before it is linked: the stage above, the next one beside; -1: none */
};

struct cascade {
    int width, height; /* of the window */
    struct cascade_stage *stages;
    struct cascade_test *tests;
    int *roots; /* by tree: its first test */
    float *leaves;
    int nstages, ntests, nroots, nleaves;
    bool tilted; /* any of its features */
};

/* Read OpenCV's XML: opencv-cascade-classifier (with featureType HAAR) or the older opencv-haar-classifier.  Whatever
 * it holds, all indexes of the result lie within it, all rectangles within the window, and stages end. Errors, each
 * with the file's name: FER_ENOTFOUND, FER_EIO, FER_EFORMAT, FER_ENOTSUP (other features), FER_ENOMEM. */
enum fer_status cascade_read(struct cascade *cascade, const char *path, struct fer_error *err);
void cascade_free(struct cascade *cascade);

/* ---- for the two readers ---- */

struct xml;
struct xml_node;
enum fer_status cascade_read_new(struct cascade *cascade, const struct xml *xml, const struct xml_node *root,
                                 struct fer_error *err);
enum fer_status cascade_read_old(struct cascade *cascade, const struct xml *xml, const struct xml_node *root,
                                 struct fer_error *err);
enum fer_status cascade_add_stage(struct cascade *cascade, struct cascade_stage stage, struct fer_error *err);
enum fer_status cascade_add_test(struct cascade *cascade, struct cascade_test test, struct fer_error *err);
enum fer_status cascade_add_root(struct cascade *cascade, int test, struct fer_error *err);
enum fer_status cascade_add_leaf(struct cascade *cascade, double value, struct fer_error *err);
/* <rects> and <tilted>, checked against the window. */
enum fer_status cascade_read_feature(const struct cascade *cascade, const struct xml *xml, const struct xml_node *node,
                                     struct cascade_feature *feature, struct fer_error *err);

#endif
