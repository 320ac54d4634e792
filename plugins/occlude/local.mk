# SPDX-License-Identifier: Apache-2.0

if PLUGIN_OCCLUDE
plugin_LTLIBRARIES += plugins/occlude.la
endif
plugins_occlude_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_occlude_la_LDFLAGS = $(MODULE_FLAGS)
plugins_occlude_la_LIBADD = libfer.la -lm
plugins_occlude_la_SOURCES = \
	%D%/atlas.c \
	%D%/directory.c \
	%D%/draw.c \
	%D%/emit.c \
	%D%/occlude.c \
	%D%/occlude.h \
	%D%/part.c \
	%D%/rectangle.c \
	%D%/sprite.c \
	%D%/things.c \
	%D%/wear.c
CL_FILES += \
	%D%/cover.cl \
	%D%/place.cl
nobase_dist_doc_DATA += %D%/README.md
