# SPDX-License-Identifier: Apache-2.0
# Take the # away when the first .c file is here.

#if PLUGIN_SYNTHFACE
#plugin_LTLIBRARIES += plugins/synthface.la
#endif
#plugins_synthface_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
#plugins_synthface_la_LDFLAGS = $(MODULE_FLAGS)
#plugins_synthface_la_LIBADD = libfer.la
#plugins_synthface_la_SOURCES = \
#	%D%/synthface.c
#CL_FILES += \
#	%D%/synthface.cl
#EXTRA_DIST += %D%/README.md
