# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES +=
