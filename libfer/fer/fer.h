/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that a program which uses libfer needs.  Authors of plugins include <fer/plugin.h> instead.
 */
#ifndef FER_FER_H
#define FER_FER_H

#include <fer/align.h>
#include <fer/context.h>
#include <fer/data.h>
#include <fer/detect.h>
#include <fer/explain.h>
#include <fer/group.h>
#include <fer/inspect.h>
#include <fer/predict.h>
#include <fer/run.h>
#include <fer/status.h>
#include <fer/study.h>
#include <fer/train.h>
#include <fer/tune.h>

#endif
