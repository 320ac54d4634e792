/* SPDX-License-Identifier: Apache-2.0
 *
 * What a description has, by name.
 */
#include "graph/description.h"

#include <string.h>

#include "lang/choice.h"

struct fer_net *fer_description_net(const struct fer_description *description, const char *name)
{
    for (int i = 0; i < description->nnets; i++)
        if (strcmp(description->nets[i]->name, name) == 0)
            return description->nets[i];
    return NULL;
}

enum fer_status fer_description_block(const struct fer_description *d, const char *path, enum fer_block_kind kind,
                                      const char *name, int *at, struct fer_error *err)
{
    /* all begin with their name */
    const struct {
        const char *word, *none;
        const void *items;
        size_t size;
        int count;
    } kinds[] = { [FER_BLOCK_PREDICT] = { "predict", "predict block", d->predicts, sizeof(*d->predicts), d->npredicts },
                  [FER_BLOCK_STAGE] = { "stage", "stage", d->stages, sizeof(*d->stages), d->nstages },
                  [FER_BLOCK_TEST] = { "test", "test block", d->tests, sizeof(*d->tests), d->ntests } },
      *k = &kinds[kind];
    const char *items = k->items;

    if (k->count == 0)
        return fer_fail(err, FER_ENOTFOUND, "%s has no %s", path, k->none);
    for (*at = 0; *at < k->count; ++*at) {
        if (!name || strcmp(name, *(const char *const *)(const void *)(items + (size_t)*at * k->size)) == 0)
            return FER_OK;
    }
    return fer_fail_choice(err, path, k->word, name, items, k->size, k->count);
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
