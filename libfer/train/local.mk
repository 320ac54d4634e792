# SPDX-License-Identifier: Apache-2.0

libfer_core_la_SOURCES += \
	%D%/answers.c \
	%D%/answers.h \
	%D%/bench.c \
	%D%/best.c \
	%D%/best.h \
	%D%/check.c \
	%D%/checkpoint.c \
	%D%/checkpoint.h \
	%D%/context.c \
	%D%/context.h \
	%D%/contest.c \
	%D%/contest.h \
	%D%/describe.c \
	%D%/entrant.c \
	%D%/entrant.h \
	%D%/epoch.c \
	%D%/eval.c \
	%D%/explain-files.c \
	%D%/explain-open.c \
	%D%/explain-pair.c \
	%D%/explain-panel.c \
	%D%/explain.c \
	%D%/explain.h \
	%D%/exchange.c \
	%D%/exchange.h \
	%D%/export.c \
	%D%/feed.c \
	%D%/feed.h \
	%D%/finder.c \
	%D%/grad.c \
	%D%/group.c \
	%D%/group.h \
	%D%/inspect-plugins.c \
	%D%/log.c \
	%D%/log.h \
	%D%/measure.c \
	%D%/measure.h \
	%D%/mean.c \
	%D%/meter.c \
	%D%/meter.h \
	%D%/net.c \
	%D%/net.h \
	%D%/ops.c \
	%D%/pack.c \
	%D%/picture.c \
	%D%/picture.h \
	%D%/predict.c \
	%D%/profile.c \
	%D%/profile.h \
	%D%/rates.c \
	%D%/rates.h \
	%D%/read.c \
	%D%/report.c \
	%D%/report.h \
	%D%/run.c \
	%D%/runner.c \
	%D%/runner.h \
	%D%/safetensors-read.c \
	%D%/safetensors-type.c \
	%D%/safetensors-type.h \
	%D%/safetensors-write.c \
	%D%/safetensors.h \
	%D%/samples.c \
	%D%/samples.h \
	%D%/save.c \
	%D%/scale.c \
	%D%/sheet.c \
	%D%/show.c \
	%D%/stage.c \
	%D%/state.c \
	%D%/state.h \
	%D%/tester.c \
	%D%/tester.h \
	%D%/together.c \
	%D%/train.c \
	%D%/trainer.h \
	%D%/tune.c \
	%D%/turn.c \
	%D%/view.c \
	%D%/view.h \
	%D%/weights.c \
	%D%/weights.h \
	%D%/workload.c \
	%D%/workload.h

# all that knows MPI
if HAVE_MPI
libfer_core_la_SOURCES += \
	%D%/group-mpi.c \
	%D%/group-mpi.h
endif
