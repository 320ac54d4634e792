/* SPDX-License-Identifier: Apache-2.0 */
#include "needs.h"

#include "graph/registry.h"

#include <stdio.h>

bool needs_plugins(const char *const *names)
{
    struct fer_registry *registry = NULL;
    bool all = fer_registry_create(NULL, &registry, NULL) == FER_OK;

    for (; all && *names; names++) {
        all = fer_registry_plugin(registry, *names) != NULL;
        if (!all)
            printf("skipped: this build leaves out %s\n", *names);
    }
    fer_registry_free(registry);
    return all;
}
