# SPDX-License-Identifier: Apache-2.0
# Take the # away when the first .c file is here.

#if PLUGIN_OCCLUDE
#plugin_LTLIBRARIES += plugins/occlude.la
#endif
#plugins_occlude_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
#plugins_occlude_la_LDFLAGS = $(MODULE_FLAGS)
#plugins_occlude_la_LIBADD = libfer.la
#plugins_occlude_la_SOURCES = \
#	%D%/occlude.c
#CL_FILES += \
#	%D%/occlude.cl
#EXTRA_DIST += %D%/README.md
