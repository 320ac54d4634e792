# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/align.c \
	%D%/batch.c \
	%D%/batch.h \
	%D%/cache.c \
	%D%/cache.h \
	%D%/export.c \
	%D%/export.h \
	%D%/image-decode.c \
	%D%/image-jpeg.c \
	%D%/image-pnm.c \
	%D%/image-resize.c \
	%D%/image-write.c \
	%D%/image.c \
	%D%/image.h \
	%D%/label.c \
	%D%/pack-format.h \
	%D%/pack-read.c \
	%D%/pack-write.c \
	%D%/panel.c \
	%D%/panel.h \
	%D%/pipeline.c \
	%D%/pipeline.h \
	%D%/queue.c \
	%D%/queue.h \
	%D%/sample.c \
	%D%/selection.c \
	%D%/selection.h \
	%D%/source.c \
	%D%/source.h
