/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin that was linked without what it calls.
 */
#include <fer/plugin.h>

int fer_there_is_no_such_function(void);

FER_API const struct fer_plugin *fer_plugin_undefined(void);
const struct fer_plugin *fer_plugin_undefined(void)
{
    return fer_there_is_no_such_function() ? NULL : NULL;
}
