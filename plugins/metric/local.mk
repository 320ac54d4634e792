# SPDX-License-Identifier: Apache-2.0
# Take the # away when the first .c file is here.

#if PLUGIN_METRIC
#plugin_LTLIBRARIES += plugins/metric.la
#endif
#plugins_metric_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
#plugins_metric_la_LDFLAGS = $(MODULE_FLAGS)
#plugins_metric_la_LIBADD = libfer.la
#plugins_metric_la_SOURCES = \
#	%D%/metric.c
#CL_FILES += \
#	%D%/metric.cl
#EXTRA_DIST += %D%/README.md
