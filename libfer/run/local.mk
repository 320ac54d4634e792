# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/arguments.c \
	%D%/arguments.h \
	%D%/binary.c \
	%D%/binary.h \
	%D%/binding.c \
	%D%/binding.h \
	%D%/buffer.c \
	%D%/builtins.c \
	%D%/builtins.h \
	%D%/bundle.c \
	%D%/bundle.h \
	%D%/build.c \
	%D%/build.h \
	%D%/cl-error.c \
	%D%/clean.c \
	%D%/clean.h \
	%D%/device.c \
	%D%/device.h \
	%D%/dump-all.c \
	%D%/dump.c \
	%D%/dump.h \
	%D%/exec.c \
	%D%/exec.h \
	%D%/job.c \
	%D%/job.h \
	%D%/kernel-check.c \
	%D%/kernel-check.h \
	%D%/known.c \
	%D%/known.h \
	%D%/names.c \
	%D%/names.h \
	%D%/peak.c \
	%D%/peak.h \
	%D%/place.c \
	%D%/place.h \
	%D%/precision.c \
	%D%/precision.h \
	%D%/program.h \
	%D%/select.c \
	%D%/select.h \
	%D%/serve.c \
	%D%/serve.h \
	%D%/staging.c \
	%D%/staging.h \
	%D%/timing.c \
	%D%/timing.h \
	%D%/tuning.c \
	%D%/tuning.h \
	%D%/workers.c \
	%D%/workers.h

# Compiles kernels beside a process that waits for them (workers.h).  Statically linked with the library's own parts, none of
# which are public.
pkglibexec_PROGRAMS += fer-compile
fer_compile_SOURCES = %D%/compile-main.c
fer_compile_LDADD = $(libfer_core_la_OBJECTS) $(libfer_core_la_LIBADD)
