/* SPDX-License-Identifier: Apache-2.0
 *
 * fer bench --ops for people.
 */
#ifndef FER_CLI_OPS_H
#define FER_CLI_OPS_H

#include "cli.h"

/* A description of typical operations at sizes that networks have, for when no model is named. */
extern const char typical_operations[];

/* A report of fer_bench_ops: a line each, and where the device's peaks are. */
void print_ops(const json_t *report);
/* The roofline: operations a byte to the right, GFLOP/s upwards, both by powers of two. */
void print_roofline(const json_t *report);

#endif
