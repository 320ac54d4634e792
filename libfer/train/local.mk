# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/check.c \
	%D%/checkpoint.c \
	%D%/checkpoint.h \
	%D%/context.c \
	%D%/context.h \
	%D%/inspect-plugins.c \
	%D%/log.c \
	%D%/log.h \
	%D%/read.c \
	%D%/report.c \
	%D%/report.h \
	%D%/safetensors-read.c \
	%D%/safetensors-type.c \
	%D%/safetensors-type.h \
	%D%/safetensors-write.c \
	%D%/safetensors.h \
	%D%/state.c \
	%D%/state.h \
	%D%/weights.c \
	%D%/weights.h
