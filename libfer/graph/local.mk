# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/bind-parts.h \
	%D%/bind-text.c \
	%D%/bind-value.c \
	%D%/bind.c \
	%D%/bind.h \
	%D%/cut.c \
	%D%/dataflow.c \
	%D%/dataset.c \
	%D%/description.c \
	%D%/description.h \
	%D%/dispatch.c \
	%D%/elf.c \
	%D%/elf.h \
	%D%/entry.c \
	%D%/env.c \
	%D%/expand.c \
	%D%/flow.c \
	%D%/graph.c \
	%D%/graph.h \
	%D%/inline.c \
	%D%/items.c \
	%D%/keep.c \
	%D%/label.c \
	%D%/load.c \
	%D%/model.c \
	%D%/net.c \
	%D%/plugin-check.c \
	%D%/predict.c \
	%D%/probe.c \
	%D%/probe.h \
	%D%/registry.c \
	%D%/registry.h \
	%D%/resolve.c \
	%D%/resolve.h \
	%D%/scope.c \
	%D%/solver.c \
	%D%/solver.h \
	%D%/sheet.c \
	%D%/sheet.h \
	%D%/stage.c \
	%D%/step.c \
	%D%/step.h \
	%D%/test.c \
	%D%/weight.c \
	%D%/weight.h
