# SPDX-License-Identifier: Apache-2.0

if PLUGIN_MOBILENET_V2
plugin_LTLIBRARIES += plugins/mobilenet_v2.la
endif
plugins_mobilenet_v2_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_mobilenet_v2_la_LDFLAGS = $(MODULE_FLAGS)
plugins_mobilenet_v2_la_LIBADD = libfer.la
plugins_mobilenet_v2_la_SOURCES = \
	%D%/mobilenet_v2.c
CL_FILES += \
	%D%/relu6.cl
nobase_dist_doc_DATA += %D%/README.md
