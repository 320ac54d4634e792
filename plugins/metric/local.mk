# SPDX-License-Identifier: Apache-2.0

if PLUGIN_METRIC
plugin_LTLIBRARIES += plugins/metric.la
endif
plugins_metric_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_metric_la_LDFLAGS = $(MODULE_FLAGS)
plugins_metric_la_LIBADD = libfer.la
plugins_metric_la_SOURCES = \
	%D%/accuracy.c \
	%D%/confusion.c \
	%D%/inputs.c \
	%D%/metric.c \
	%D%/metric.h
CL_FILES += \
	%D%/count.cl
nobase_dist_doc_DATA += %D%/README.md
