# SPDX-License-Identifier: Apache-2.0

if PLUGIN_LOSS
plugin_LTLIBRARIES += plugins/loss.la
endif
plugins_loss_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_loss_la_LDFLAGS = $(MODULE_FLAGS)
plugins_loss_la_LIBADD = libfer.la
plugins_loss_la_SOURCES = \
	%D%/common.c \
	%D%/cross_entropy.c \
	%D%/loss.c \
	%D%/loss.h \
	%D%/pairs.c \
	%D%/pointwise.c
CL_FILES += \
	%D%/batch.cl \
	%D%/cross_entropy.cl \
	%D%/pairs.cl \
	%D%/pointwise.cl
nobase_dist_doc_DATA += %D%/README.md
