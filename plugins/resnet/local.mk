# SPDX-License-Identifier: Apache-2.0

if PLUGIN_RESNET
plugin_LTLIBRARIES += plugins/resnet.la
endif
plugins_resnet_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_resnet_la_LDFLAGS = $(MODULE_FLAGS)
plugins_resnet_la_LIBADD = libfer.la
plugins_resnet_la_SOURCES = \
	%D%/resnet.c
nobase_dist_doc_DATA += %D%/README.md
