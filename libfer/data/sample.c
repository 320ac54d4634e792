/* SPDX-License-Identifier: Apache-2.0 */
#include <fer/data.h>

#include <string.h>

/* In the order of their bits. */
static const char *const names[] = { "image", "label", "landmarks", "box",    "mask",   "covered", "subject",
                                     "id",    "soft",  "code",      "image2", "label2", "same",    "found" };
enum { FIELDS = sizeof(names) / sizeof(names[0]) };

const char *fer_field_name(unsigned field)
{
    for (unsigned i = 0; i < FIELDS; i++) {
        if (field == 1u << i)
            return names[i];
    }
    return NULL;
}

unsigned fer_field_find(const char *name)
{
    for (unsigned i = 0; i < FIELDS; i++) {
        if (strcmp(name, names[i]) == 0)
            return 1u << i;
    }
    return 0;
}

void fer_sample_free(struct fer_sample *sample)
{
    if (!sample)
        return;
    fer_image_free(&sample->image);
    fer_image_free(&sample->image2);
    fer_image_free(&sample->mask);
    memset(sample, 0, sizeof(*sample));
}
