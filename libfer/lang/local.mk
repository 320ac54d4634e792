# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/ast.h \
	%D%/choice.c \
	%D%/choice.h \
	%D%/diag.c \
	%D%/lex.c \
	%D%/lex.h \
	%D%/nearest.c \
	%D%/parse-body.c \
	%D%/parse-call.c \
	%D%/parse-file.c \
	%D%/parse.c \
	%D%/parse.h \
	%D%/print-lines.c \
	%D%/print-stmt.c \
	%D%/print-text.c \
	%D%/print.c \
	%D%/print.h \
	%D%/source.c \
	%D%/source.h \
	%D%/utf8.c \
	%D%/utf8.h
