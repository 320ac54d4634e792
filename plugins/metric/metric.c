/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of the plugin `metric`.
 */
#include "metric.h"

static const struct fer_metric *const metrics[] = { &fer_accuracy,  &fer_mean_accuracy, &fer_recall, &fer_f1,
                                                    &fer_confusion, &fer_average,       NULL };

FER_PLUGIN(metric){ FER_PLUGIN_HEAD(metric), .version = "1.0.0", .license = "Apache-2.0",
                    .help = "what tests report, counted on the device", .metrics = metrics };
