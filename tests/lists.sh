#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source file is named in the local.mk of its folder, so that make dist packs it.
exec "$top_srcdir/scripts/check-lists"
