# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/axis.c \
	%D%/axis.h \
	%D%/compare.c \
	%D%/flatten.c \
	%D%/grid.c \
	%D%/grid.h \
	%D%/list.c \
	%D%/list.h \
	%D%/result.c \
	%D%/result.h \
	%D%/stats.c \
	%D%/stats.h \
	%D%/study.c \
	%D%/sweep.c \
	%D%/table-csv.c \
	%D%/table.c \
	%D%/table.h
