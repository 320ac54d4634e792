# SPDX-License-Identifier: Apache-2.0

if PLUGIN_DATA
plugin_LTLIBRARIES += plugins/data.la
endif
plugins_data_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_data_la_LDFLAGS = $(MODULE_FLAGS)
plugins_data_la_LIBADD = libfer.la
plugins_data_la_SOURCES = \
	%D%/affectnet.c \
	%D%/align.c \
	%D%/boxcrop.c \
	%D%/catalog.c \
	%D%/catalog.h \
	%D%/choose.c \
	%D%/ckplus.c \
	%D%/csv.c \
	%D%/csv.h \
	%D%/data.c \
	%D%/data.h \
	%D%/device.c \
	%D%/device.h \
	%D%/expression.c \
	%D%/expression.h \
	%D%/fer2013.c \
	%D%/fer2013.h \
	%D%/ferplus.c \
	%D%/files.c \
	%D%/files.h \
	%D%/folder.c \
	%D%/light.c \
	%D%/lines.c \
	%D%/lines.h \
	%D%/list.c \
	%D%/manifest.c \
	%D%/manifest.h \
	%D%/merge.c \
	%D%/noise.c \
	%D%/npy.c \
	%D%/npy.h \
	%D%/only.c \
	%D%/order.c \
	%D%/packed.c \
	%D%/pairs.c \
	%D%/posed.c \
	%D%/rafdb.c \
	%D%/reader.c \
	%D%/rotate.c \
	%D%/sfew.c \
	%D%/split.c \
	%D%/transforms.c \
	%D%/unpack.c \
	%D%/views.c
CL_FILES += \
	%D%/geometry.cl \
	%D%/light.cl \
	%D%/rotate.cl
nobase_dist_doc_DATA += %D%/README.md
