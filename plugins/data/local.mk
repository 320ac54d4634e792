# SPDX-License-Identifier: Apache-2.0
# Take the # away when the first .c file is here.

#if PLUGIN_DATA
#plugin_LTLIBRARIES += plugins/data.la
#endif
#plugins_data_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
#plugins_data_la_LDFLAGS = $(MODULE_FLAGS)
#plugins_data_la_LIBADD = libfer.la
#plugins_data_la_SOURCES = \
#	%D%/data.c
#CL_FILES += \
#	%D%/data.cl
#EXTRA_DIST += %D%/README.md
