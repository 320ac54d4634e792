# SPDX-License-Identifier: Apache-2.0

if PLUGIN_SYNTHFACE
plugin_LTLIBRARIES += plugins/synthface.la
endif
plugins_synthface_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_synthface_la_LDFLAGS = $(MODULE_FLAGS)
plugins_synthface_la_LIBADD = libfer.la -lm
plugins_synthface_la_SOURCES = \
	%D%/action.c \
	%D%/codes.h \
	%D%/identity.c \
	%D%/options.c \
	%D%/params.c \
	%D%/random.c \
	%D%/reader.c \
	%D%/render.c \
	%D%/synthface.c \
	%D%/synthface.h
CL_FILES += \
	%D%/face.cl \
	%D%/paint.cl
nobase_dist_doc_DATA += %D%/README.md
