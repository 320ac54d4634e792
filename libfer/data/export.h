/* SPDX-License-Identifier: Apache-2.0
 *
 * A data set written as a directory:
 *
 *     DIR/export.json                     how it was made
 *     DIR/images/SPLIT/LABEL/ID.png       SPLIT and LABEL where samples have them
 *     DIR/masks/SPLIT/LABEL/ID.png        white where covered
 *     DIR/manifest.csv                    written last; the reader manifest takes it, the reader folder takes
 * DIR/images
 *
 * Every file is written to a temporary name and renamed.  A directory that was begun with the same export.json is
 * written again, any other one that is not empty is refused.
 */
#ifndef FER_DATA_EXPORT_H
#define FER_DATA_EXPORT_H

#include <fer/data.h>

/* What the samples have; these are the manifest's columns besides path. */
struct fer_export_columns {
    bool label, split, subject, mask, covered, found, box, note;
    int landmarks;
};

struct fer_export_row {
    uint32_t id;
    const char *split, *label; /* NULL: none */
    const char *note;          /* in the column occluder */
    int subject;
    struct fer_image image, mask;
    float covered, found;
    float box[4];
    const float *landmarks; /* [landmarks][2] */
};

struct fer_export;

/* how: the contents of export.json. */
enum fer_status fer_export_open(const char *dir, const char *how, const struct fer_export_columns *columns,
                                struct fer_export **out, struct fer_error *err);
enum fer_status fer_export_add(struct fer_export *export, const struct fer_export_row *row, struct fer_error *err);
/* Write the manifest: the set is whole. */
enum fer_status fer_export_finish(struct fer_export *export, struct fer_error *err);
void fer_export_close(struct fer_export *export); /* NULL is fine */

#endif
