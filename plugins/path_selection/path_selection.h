/* SPDX-License-Identifier: Apache-2.0
 *
 * Path selection (Ruan, Han, Sun, Chen, Li 2022): the operations of this plugin.
 */
#ifndef FER_PATH_SELECTION_H
#define FER_PATH_SELECTION_H

#include "../emit.h"

extern const struct fer_layer fer_choose, fer_ensemble;

#endif
