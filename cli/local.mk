# SPDX-License-Identifier: Apache-2.0

dist_man_MANS = \
	%D%/fer.1 \
	%D%/fer-model.5

bin_PROGRAMS += fer
fer_CPPFLAGS = $(AM_CPPFLAGS) -DFER_COMPARE_SCRIPT='"$(comparedir)/compare.py"'
fer_LDADD = libfer.la $(JANSSON_LIBS) -lm
fer_SOURCES = \
	%D%/answer.c \
	%D%/answer.h \
	%D%/cli.h \
	%D%/cmd-bench.c \
	%D%/cmd-check.c \
	%D%/cmd-compare.c \
	%D%/cmd-detect.c \
	%D%/cmd-devices.c \
	%D%/cmd-eval.c \
	%D%/cmd-explain.c \
	%D%/cmd-fmt.c \
	%D%/cmd-grad.c \
	%D%/cmd-occlude.c \
	%D%/cmd-pack.c \
	%D%/cmd-plugins.c \
	%D%/cmd-predict.c \
	%D%/cmd-run.c \
	%D%/cmd-show.c \
	%D%/cmd-sweep.c \
	%D%/cmd-train.c \
	%D%/cmd-tune.c \
	%D%/common.c \
	%D%/dataset.c \
	%D%/dataset.h \
	%D%/detector.c \
	%D%/detector.h \
	%D%/draw.c \
	%D%/draw.h \
	%D%/main.c \
	%D%/network.c \
	%D%/network.h \
	%D%/ops.c \
	%D%/ops.h \
	%D%/peers.c \
	%D%/pictures.c \
	%D%/pictures.h \
	%D%/progress.c \
	%D%/reference.c \
	%D%/resume.c \
	%D%/signals.c \
	%D%/table.c \
	%D%/talk.c
