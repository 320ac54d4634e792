# SPDX-License-Identifier: Apache-2.0

if PLUGIN_OPTIM
plugin_LTLIBRARIES += plugins/optim.la
endif
plugins_optim_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_optim_la_LDFLAGS = $(MODULE_FLAGS)
plugins_optim_la_LIBADD = libfer.la -lm
plugins_optim_la_SOURCES = \
	%D%/optim.c \
	%D%/optim.h \
	%D%/schedule.c \
	%D%/update.c
CL_FILES += \
	%D%/update.cl
nobase_dist_doc_DATA += %D%/README.md
