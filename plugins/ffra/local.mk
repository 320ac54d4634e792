# SPDX-License-Identifier: Apache-2.0

if PLUGIN_FFRA
plugin_LTLIBRARIES += plugins/ffra.la
endif
plugins_ffra_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_ffra_la_LDFLAGS = $(MODULE_FLAGS)
plugins_ffra_la_LIBADD = libfer.la
plugins_ffra_la_SOURCES = \
	%D%/ffra.c \
	%D%/ffra.h \
	%D%/parts.c \
	%D%/shuffle_attention.c
CL_FILES += \
	%D%/parts.cl \
	%D%/shuffle_attention.cl
nobase_dist_doc_DATA += %D%/README.md
