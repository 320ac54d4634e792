# SPDX-License-Identifier: Apache-2.0

if PLUGIN_DOUBLE_CHANNEL
plugin_LTLIBRARIES += plugins/double_channel.la
endif
plugins_double_channel_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_double_channel_la_LDFLAGS = $(MODULE_FLAGS)
plugins_double_channel_la_LIBADD = libfer.la
plugins_double_channel_la_SOURCES = \
	%D%/cross_product.c \
	%D%/double_channel.c \
	%D%/double_channel.h \
	%D%/gate.c \
	%D%/same_label.c
CL_FILES += \
	%D%/cross_product.cl \
	%D%/gate.cl \
	%D%/same_label.cl
nobase_dist_doc_DATA += %D%/README.md
