# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/bind.c \
	%D%/bind.h \
	%D%/compile.h \
	%D%/dataflow.c \
	%D%/description.h \
	%D%/elf.c \
	%D%/elf.h \
	%D%/entry.c \
	%D%/flow.c \
	%D%/graph.c \
	%D%/graph.h \
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
	%D%/resolve.h \
	%D%/scope.c \
	%D%/text.h
