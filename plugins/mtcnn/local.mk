# SPDX-License-Identifier: Apache-2.0

if PLUGIN_MTCNN
plugin_LTLIBRARIES += plugins/mtcnn.la
endif
plugins_mtcnn_la_CPPFLAGS = $(AM_CPPFLAGS)
plugins_mtcnn_la_LDFLAGS = $(MODULE_FLAGS)
plugins_mtcnn_la_LIBADD = libfer.la -lm
plugins_mtcnn_la_SOURCES = \
	%D%/candidates.c \
	%D%/mtcnn.c \
	%D%/mtcnn.h \
	%D%/sample.c \
	%D%/search.c
nobase_dist_doc_DATA += %D%/README.md
