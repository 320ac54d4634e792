# SPDX-License-Identifier: Apache-2.0
# Take the # away when the first .c file is here.

#if PLUGIN_VISION
#plugin_LTLIBRARIES += plugins/vision.la
#endif
#plugins_vision_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
#plugins_vision_la_LDFLAGS = $(MODULE_FLAGS)
#plugins_vision_la_LIBADD = libfer.la
#plugins_vision_la_SOURCES = \
#	%D%/vision.c
#CL_FILES += \
#	%D%/vision.cl
#EXTRA_DIST += %D%/README.md
