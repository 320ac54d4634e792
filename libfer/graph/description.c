/* SPDX-License-Identifier: Apache-2.0
 *
 * What a description has, by name.
 */
#include "graph/description.h"

#include <string.h>

struct fer_net *fer_description_net(const struct fer_description *description, const char *name)
{
    for (int i = 0; i < description->nnets; i++)
        if (strcmp(description->nets[i]->name, name) == 0)
            return description->nets[i];
    return NULL;
}

int fer_data_index(const struct fer_description *d, const char *name)
{
    for (int i = 0; i < d->ndata; i++)
        if (strcmp(d->data[i].name, name) == 0)
            return i;
    return -1;
}

const char *fer_data_override(const struct fer_description *d, const char *name)
{
    for (int i = 0; i < d->options.ndata; i++)
        if (strcmp(d->options.data[i].name, name) == 0)
            return d->options.data[i].value;
    return NULL;
}
