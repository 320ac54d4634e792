#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The C files are as .clang-format has them.
exec "$top_srcdir/scripts/check-format"
