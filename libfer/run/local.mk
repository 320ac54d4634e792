# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/binary.c \
	%D%/binary.h \
	%D%/buffer.c \
	%D%/build.c \
	%D%/build.h \
	%D%/cl-error.c \
	%D%/device.c \
	%D%/device.h \
	%D%/exec.h \
	%D%/program.h \
	%D%/select.c \
	%D%/select.h
