# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/image-decode.c \
	%D%/image-resize.c \
	%D%/image-write.c \
	%D%/image.c \
	%D%/image.h \
	%D%/label.c \
	%D%/pipeline.h \
	%D%/sample.c
