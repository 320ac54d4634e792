# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/device.h \
	%D%/exec.h \
	%D%/program.h
