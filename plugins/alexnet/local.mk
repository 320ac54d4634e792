# SPDX-License-Identifier: Apache-2.0

if PLUGIN_ALEXNET
plugin_LTLIBRARIES += plugins/alexnet.la
endif
plugins_alexnet_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_alexnet_la_LDFLAGS = $(MODULE_FLAGS)
plugins_alexnet_la_LIBADD = libfer.la
plugins_alexnet_la_SOURCES = \
	%D%/alexnet.c
nobase_dist_doc_DATA += %D%/README.md
