# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/autodiff.c \
	%D%/bind.c \
	%D%/bind.h \
	%D%/compile.c \
	%D%/compile.h \
	%D%/compiler.c \
	%D%/core.c \
	%D%/dataflow.c \
	%D%/description.h \
	%D%/elf.c \
	%D%/elf.h \
	%D%/emit.c \
	%D%/emit.h \
	%D%/entry.c \
	%D%/expand.c \
	%D%/flow.c \
	%D%/graph.c \
	%D%/graph.h \
	%D%/lower.c \
	%D%/net.c \
	%D%/net.h \
	%D%/pack.c \
	%D%/pack.h \
	%D%/plan-check.c \
	%D%/plan-rows.c \
	%D%/plan.c \
	%D%/plan.h \
	%D%/registry.c \
	%D%/registry.h \
	%D%/resolve.c \
	%D%/resolve.h \
	%D%/scope.c \
	%D%/sheet.c \
	%D%/sheet.h \
	%D%/stage.c \
	%D%/store.c \
	%D%/text.h \
	%D%/update.c \
	%D%/update.h
