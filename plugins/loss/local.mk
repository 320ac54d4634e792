# SPDX-License-Identifier: Apache-2.0
# Take the # away when the first .c file is here.

#if PLUGIN_LOSS
#plugin_LTLIBRARIES += plugins/loss.la
#endif
#plugins_loss_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
#plugins_loss_la_LDFLAGS = $(MODULE_FLAGS)
#plugins_loss_la_LIBADD = libfer.la
#plugins_loss_la_SOURCES = \
#	%D%/loss.c
#CL_FILES += \
#	%D%/loss.cl
#EXTRA_DIST += %D%/README.md
