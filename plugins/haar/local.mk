# SPDX-License-Identifier: Apache-2.0

if PLUGIN_HAAR
plugin_LTLIBRARIES += plugins/haar.la
endif
plugins_haar_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_haar_la_LDFLAGS = $(MODULE_FLAGS)
plugins_haar_la_LIBADD = libfer.la -lm
plugins_haar_la_SOURCES = \
	%D%/cascade.c \
	%D%/cascade.h \
	%D%/emit.c \
	%D%/eyes.c \
	%D%/format-new.c \
	%D%/format-old.c \
	%D%/group.c \
	%D%/haar.c \
	%D%/haar.h \
	%D%/pyramid.c \
	%D%/read.c \
	%D%/xml.c \
	%D%/xml.h
CL_FILES += \
	%D%/eyes.cl \
	%D%/haar.cl
nobase_dist_doc_DATA += %D%/README.md
