# SPDX-License-Identifier: Apache-2.0

if PLUGIN_RESNEXT
plugin_LTLIBRARIES += plugins/resnext.la
endif
plugins_resnext_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_resnext_la_LDFLAGS = $(MODULE_FLAGS)
plugins_resnext_la_LIBADD = libfer.la
plugins_resnext_la_SOURCES = \
	%D%/resnext.c
nobase_dist_doc_DATA += %D%/README.md
