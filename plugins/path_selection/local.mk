# SPDX-License-Identifier: Apache-2.0

if PLUGIN_PATH_SELECTION
plugin_LTLIBRARIES += plugins/path_selection.la
endif
plugins_path_selection_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_path_selection_la_LDFLAGS = $(MODULE_FLAGS)
plugins_path_selection_la_LIBADD = libfer.la
plugins_path_selection_la_SOURCES = \
	%D%/choose.c \
	%D%/ensemble.c \
	%D%/groups.c \
	%D%/path_selection.c \
	%D%/path_selection.h \
	%D%/route.c
CL_FILES += \
	%D%/choose.cl \
	%D%/ensemble.cl \
	%D%/route.cl
nobase_dist_doc_DATA += %D%/README.md
