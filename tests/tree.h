/* SPDX-License-Identifier: Apache-2.0
 *
 * Folders that a test leaves.
 */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

/* Remove a folder and all below it; what cannot be removed stays. */
void tree_remove(const char *path);

#endif
