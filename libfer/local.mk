# SPDX-License-Identifier: Apache-2.0

ferinclude_HEADERS += \
	%D%/fer/align.h \
	%D%/fer/context.h \
	%D%/fer/data.h \
	%D%/fer/detect.h \
	%D%/fer/explain.h \
	%D%/fer/fer.h \
	%D%/fer/group.h \
	%D%/fer/host.h \
	%D%/fer/inspect.h \
	%D%/fer/op.h \
	%D%/fer/pack.h \
	%D%/fer/param.h \
	%D%/fer/plugin.h \
	%D%/fer/predict.h \
	%D%/fer/problem.h \
	%D%/fer/run.h \
	%D%/fer/solver.h \
	%D%/fer/status.h \
	%D%/fer/study.h \
	%D%/fer/tensor.h \
	%D%/fer/train.h \
	%D%/fer/tune.h

libfer_core_la_SOURCES += \
	%D%/arena.c \
	%D%/arena.h \
	%D%/csv.c \
	%D%/csv.h \
	%D%/file.c \
	%D%/file.h \
	%D%/number.c \
	%D%/number.h \
	%D%/philox.c \
	%D%/philox.h \
	%D%/said.h \
	%D%/status.c \
	%D%/tensor.c \
	%D%/text.c \
	%D%/text.h
