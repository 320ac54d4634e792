/* SPDX-License-Identifier: Apache-2.0 */
#include <fer/host.h>
#include <stdlib.h>

#include "cascade.h"
#include "xml.h"

#define FILE_MAX ((size_t)16 << 20)

static enum fer_status parse(struct cascade *cascade, const char *text, size_t size, struct fer_error *err)
{
    struct xml xml;
    enum fer_status status = xml_parse(&xml, text, size, err);
    if (status)
        return status;
    const struct xml_node *storage = xml_child(&xml, &xml.nodes[0], "opencv_storage");
    const struct xml_node *root = xml_first(&xml, storage);
    if (!root)
        status = fer_fail(err, FER_EFORMAT, "this is no cascade: <opencv_storage> with one inside is expected");
    else if (xml_is(root->type, "opencv-haar-classifier"))
        status = cascade_read_old(cascade, &xml, root, err);
    else if (xml_is(root->type, "opencv-cascade-classifier") || xml_child(&xml, root, "featureType"))
        status = cascade_read_new(cascade, &xml, root, err);
    else
        status =
            fer_fail(err, FER_EFORMAT,
                     "line %zu: type_id should be opencv-cascade-classifier or opencv-haar-classifier", root->line);
    xml_free(&xml);
    if (!status && cascade->nstages == 0)
        status = fer_fail(err, FER_EFORMAT, "the cascade has no stages");
    for (int i = 0; i < cascade->ntests; i++)
        cascade->tilted = cascade->tilted || cascade->tests[i].feature.tilted;
    return status;
}

enum fer_status cascade_read(struct cascade *cascade, const char *path, struct fer_error *err)
{
    void *text;
    size_t size;
    *cascade = (struct cascade){ 0 };
    enum fer_status status = fer_file_read(path, FILE_MAX, &text, &size, err);
    if (status)
        return status;
    status = parse(cascade, text, size, err);
    free(text);
    if (status) {
        cascade_free(cascade);
        return fer_fail_prefix(err, "%s", path);
    }
    return FER_OK;
}
