# SPDX-License-Identifier: Apache-2.0

if PLUGIN_VGG
plugin_LTLIBRARIES += plugins/vgg.la
endif
plugins_vgg_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_vgg_la_LDFLAGS = $(MODULE_FLAGS)
plugins_vgg_la_LIBADD = libfer.la
plugins_vgg_la_SOURCES = \
	%D%/vgg.c
nobase_dist_doc_DATA += %D%/README.md
