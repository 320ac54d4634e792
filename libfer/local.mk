# SPDX-License-Identifier: Apache-2.0

ferinclude_HEADERS += \
	%D%/fer/data.h \
	%D%/fer/host.h \
	%D%/fer/op.h \
	%D%/fer/param.h \
	%D%/fer/plugin.h \
	%D%/fer/status.h \
	%D%/fer/tensor.h

libfer_core_la_SOURCES += \
	%D%/arena.c \
	%D%/arena.h \
	%D%/file.c \
	%D%/file.h \
	%D%/philox.c \
	%D%/philox.h \
	%D%/status.c \
	%D%/tensor.c
