# SPDX-License-Identifier: Apache-2.0

if PLUGIN_PRIVILEGED
plugin_LTLIBRARIES += plugins/privileged.la
endif
plugins_privileged_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_privileged_la_LDFLAGS = $(MODULE_FLAGS)
plugins_privileged_la_LIBADD = libfer.la
plugins_privileged_la_SOURCES = \
	%D%/adversary.c \
	%D%/common.c \
	%D%/guide.c \
	%D%/privileged.c \
	%D%/privileged.h
CL_FILES += \
	%D%/adversary.cl \
	%D%/common.cl \
	%D%/guide.cl
nobase_dist_doc_DATA += %D%/README.md
