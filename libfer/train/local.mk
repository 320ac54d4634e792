# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/file.c \
	%D%/file.h \
	%D%/safetensors-read.c \
	%D%/safetensors-type.c \
	%D%/safetensors-type.h \
	%D%/safetensors-write.c \
	%D%/safetensors.h
