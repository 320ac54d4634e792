# SPDX-License-Identifier: Apache-2.0
# Take the # away when the first .c file is here.

#if PLUGIN_OPTIM
#plugin_LTLIBRARIES += plugins/optim.la
#endif
#plugins_optim_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
#plugins_optim_la_LDFLAGS = $(MODULE_FLAGS)
#plugins_optim_la_LIBADD = libfer.la
#plugins_optim_la_SOURCES = \
#	%D%/optim.c
#CL_FILES += \
#	%D%/optim.cl
#EXTRA_DIST += %D%/README.md
