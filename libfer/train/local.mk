# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/check.c \
	%D%/checkpoint.c \
	%D%/checkpoint.h \
	%D%/context.c \
	%D%/context.h \
	%D%/epoch.c \
	%D%/eval.c \
	%D%/feed.c \
	%D%/feed.h \
	%D%/grad.c \
	%D%/inspect-plugins.c \
	%D%/log.c \
	%D%/log.h \
	%D%/meter.c \
	%D%/meter.h \
	%D%/net.c \
	%D%/net.h \
	%D%/predict.c \
	%D%/rates.c \
	%D%/rates.h \
	%D%/read.c \
	%D%/report.c \
	%D%/report.h \
	%D%/run.c \
	%D%/safetensors-read.c \
	%D%/safetensors-type.c \
	%D%/safetensors-type.h \
	%D%/safetensors-write.c \
	%D%/safetensors.h \
	%D%/save.c \
	%D%/stage.c \
	%D%/state.c \
	%D%/state.h \
	%D%/tester.c \
	%D%/tester.h \
	%D%/train.c \
	%D%/trainer.h \
	%D%/turn.c \
	%D%/weights.c \
	%D%/weights.h
