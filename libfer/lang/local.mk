# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/ast.h \
	%D%/diag.c \
	%D%/nearest.c \
	%D%/source.c \
	%D%/source.h \
	%D%/utf8.c \
	%D%/utf8.h
