/* SPDX-License-Identifier: Apache-2.0
 *
 * Which panels a strip has, and how they are drawn.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/explain.h"

static void add(struct fer_explainer *e, struct fer_explain_panel panel)
{
    e->panels[e->npanels++] = panel;
}

/* The truth stands behind the first output that is compared with it. */
static void add_truth(struct fer_explainer *e, const struct fer_pair *pair, struct fer_explain_panel panel)
{
    for (int i = 0; i < e->npanels; i++) {
        if (e->panels[i].kind == FER_PANEL_TRUTH && strcmp(e->pairs[e->panels[i].pair].field, pair->field) == 0)
            return;
    }
    panel.kind = FER_PANEL_TRUTH;
    panel.pair = (int)(pair - e->pairs);
    add(e, panel);
}

static void add_item(struct fer_explainer *e, int view, int index, const struct fer_view_item *item)
{
    const struct fer_pair *pair = fer_explain_pair(e, view, index);
    struct fer_explain_panel panel = { .kind = FER_PANEL_HEAT, .view = view, .item = index };
    const bool is_picture = item->kind == FER_VIEW_OUTPUT && (pair ? !pair->is_mask : item->channels == 3);

    if (item->kind == FER_VIEW_NUMBER)
        return;
    if (is_picture)
        panel.kind = FER_PANEL_PICTURE;
    add(e, panel);
    if (item->kind == FER_VIEW_OUTPUT && !is_picture) {
        panel.kind = FER_PANEL_GRAY;
        add(e, panel);
    }
    if (pair && !pair->is_input)
        add_truth(e, pair, panel);
}

enum fer_status fer_explain_panels(struct fer_explainer *e, struct fer_error *err)
{
    int count, most = 1;

    for (int v = 0; v < e->nviews; v++) {
        fer_view_items(e->views[v], &count);
        most += 3 * count;
    }
    e->panels = calloc((size_t)most, sizeof(*e->panels));
    e->scratch = calloc((size_t)e->height * (size_t)e->width, sizeof(float));
    if (!e->panels || !e->scratch)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    add(e, (struct fer_explain_panel){ .kind = FER_PANEL_INPUT });
    for (int v = 0; v < e->nviews; v++) {
        const struct fer_view_item *items = fer_view_items(e->views[v], &count);

        for (int i = 0; i < count; i++)
            add_item(e, v, i, &items[i]);
    }
    return FER_OK;
}

static json_t *panel_name(const struct fer_explainer *e, const struct fer_explain_panel *panel)
{
    const char *block = fer_view_classifier(e->views[panel->view])->spec->name, *what = "";
    const struct fer_view_item *item;
    int count;

    if (panel->kind == FER_PANEL_INPUT)
        return json_string("image");
    if (panel->kind == FER_PANEL_TRUTH)
        return fer_json_string(e->pairs[panel->pair].field);
    item = &fer_view_items(e->views[panel->view], &count)[panel->item];
    if (item->kind == FER_VIEW_CAM)
        what = " cam";
    else if (panel->kind == FER_PANEL_HEAT)
        what = " heat";
    else if (panel->kind == FER_PANEL_GRAY)
        what = " gray";
    return json_sprintf("%s.%s%s", block, item->name, what);
}

json_t *fer_explain_panel_names(const struct fer_explainer *e)
{
    json_t *names = json_array();

    for (int i = 0; i < e->npanels; i++)
        fer_json_append(&names, panel_name(e, &e->panels[i]));
    return names;
}

/* ---- drawing ---- */

/* Outputs in [0, 1] as they are, others from their least to their largest value; what is inside of a network, from 0,
 * so that a map that is the same everywhere does not look like one that is not. */
static void stretch(const struct fer_view_item *item, const struct fer_map *flat, float *values, size_t count)
{
    float low, high;

    fer_map_range(flat, &low, &high);
    if (low >= 0 && high <= 1 &&
        (item->kind == FER_VIEW_OUTPUT || (item->kind == FER_VIEW_INNER && item->channels == 1)))
        return;
    low = item->kind == FER_VIEW_OUTPUT ? low : fminf(low, 0);
    for (size_t i = 0; i < count; i++)
        values[i] = high > low ? (values[i] - low) / (high - low) : 0;
}

/* A map as one plane of the picture's size, in [0, 1]; *out is NULL when the picture does not come through there. */
static enum fer_status make_plane(struct fer_explainer *e, const struct fer_explain_panel *panel, int row,
                                  const float **out, struct fer_error *err)
{
    const struct fer_map map = fer_view_map(e->views[panel->view], panel->item, row);
    const size_t pixels = (size_t)map.height * (size_t)map.width;
    float *flat;
    int count;

    *out = NULL;
    if (!map.values)
        return FER_OK;
    flat = malloc((pixels + 1) * sizeof(*flat));
    if (!flat)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    const struct fer_map plane = { flat, 1, map.height, map.width };
    fer_map_flatten(&map, flat);
    stretch(&fer_view_items(e->views[panel->view], &count)[panel->item], &plane, flat, pixels);
    fer_map_resize(&plane, e->height, e->width, e->scratch);
    free(flat);
    *out = e->scratch;
    return FER_OK;
}

static enum fer_status draw_map(struct fer_explainer *e, const struct fer_explain_panel *panel, int row,
                                struct fer_strip *strip, struct fer_error *err)
{
    const float *image = e->images + (size_t)row * (size_t)e->channels * (size_t)e->height * (size_t)e->width;
    const float *plane;
    enum fer_status status = make_plane(e, panel, row, &plane, err);

    if (status != FER_OK)
        return status;
    if (!plane)
        fer_strip_skip(strip);
    else if (panel->kind == FER_PANEL_HEAT)
        fer_strip_heat(strip, image, e->channels, plane);
    else
        fer_strip_gray(strip, plane);
    return FER_OK;
}

static enum fer_status draw_picture(struct fer_explainer *e, const struct fer_explain_panel *panel, int row,
                                    struct fer_strip *strip, struct fer_error *err)
{
    const struct fer_map map = fer_view_map(e->views[panel->view], panel->item, row);
    const size_t pixels = (size_t)e->height * (size_t)e->width;
    float *resized = malloc(((size_t)map.channels * pixels + 1) * sizeof(*resized));

    if (!resized)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    if (map.values) {
        fer_map_resize(&map, e->height, e->width, resized);
        fer_strip_picture(strip, resized, map.channels);
    } else {
        fer_strip_skip(strip);
    }
    free(resized);
    return FER_OK;
}

static enum fer_status draw(struct fer_explainer *e, const struct fer_explain_panel *panel, int row,
                            struct fer_strip *strip, struct fer_error *err)
{
    const size_t pixels = (size_t)e->height * (size_t)e->width;
    const struct fer_pair *pair = &e->pairs[panel->pair];

    switch (panel->kind) {
    case FER_PANEL_INPUT:
        fer_strip_picture(strip, e->images + (size_t)row * (size_t)e->channels * pixels, e->channels);
        return FER_OK;
    case FER_PANEL_TRUTH:
        fer_strip_picture(strip, pair->targets + (size_t)row * (size_t)pair->channels * pixels, pair->channels);
        return FER_OK;
    case FER_PANEL_PICTURE: return draw_picture(e, panel, row, strip, err);
    case FER_PANEL_HEAT:
    case FER_PANEL_GRAY: return draw_map(e, panel, row, strip, err);
    }
    return FER_OK;
}

enum fer_status fer_explain_strip(struct fer_explainer *e, int row, struct fer_strip *strip, struct fer_error *err)
{
    enum fer_status status = fer_strip_create(strip, e->npanels, e->height, e->width, e->zoom, err);

    for (int i = 0; status == FER_OK && i < e->npanels; i++)
        status = draw(e, &e->panels[i], row, strip, err);
    return status;
}
