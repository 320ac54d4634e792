# SPDX-License-Identifier: Apache-2.0

if PLUGIN_VISION
plugin_LTLIBRARIES += plugins/vision.la
endif
plugins_vision_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D% -I$(top_builddir)/plugins
plugins_vision_la_LDFLAGS = $(MODULE_FLAGS)
plugins_vision_la_LIBADD = libfer.la
if HAVE_CLBLAST
plugins_vision_la_LIBADD += $(CLBLAST_LIBS) $(OPENCL_LIBS)
endif
conv_solvers = \
	%D%/conv_bias.c \
	%D%/conv_call.c \
	%D%/conv_depthwise.c \
	%D%/conv_direct.c \
	%D%/conv_generic.c \
	%D%/conv_grouped.c \
	%D%/conv_implicit.c \
	%D%/conv_pack.c \
	%D%/conv_packed.c \
	%D%/conv_solver.c \
	%D%/conv_stem.c \
	%D%/conv_winograd.c \
	%D%/conv_winograd2.c \
	%D%/conv_winograd_weights.c
plugins_vision_la_SOURCES = \
	%D%/activation.c \
	%D%/arithmetic.c \
	%D%/batchnorm.c \
	%D%/common.c \
	%D%/conv.c \
	%D%/conv.h \
	%D%/conv_winograd.h $(conv_solvers) \
	%D%/deconv.c \
	%D%/dropout.c \
	%D%/gather.c \
	%D%/gemm.c \
	%D%/gemm.h \
	%D%/groupnorm.c \
	%D%/layers.h \
	%D%/linear.c \
	%D%/matmul.c \
	%D%/move.c \
	%D%/normalize.c \
	%D%/permute.c \
	%D%/pool.c \
	%D%/reduce.c \
	%D%/resize.c \
	%D%/softmax.c \
	%D%/view.c \
	%D%/vision.c \
	%D%/vision.h \
	%D%/weights.c \
	%D%/weights.h
if HAVE_CLBLAST
conv_solvers += %D%/conv_clblast.c %D%/gemm_clblast.c
endif
CL_FILES += \
	%D%/activation.cl \
	%D%/arithmetic.cl \
	%D%/batchnorm.cl \
	%D%/conv_bias.cl \
	%D%/conv_bias_add.cl \
	%D%/conv_depthwise.cl \
	%D%/conv_depthwise_pack.cl \
	%D%/conv_depthwise_plain.cl \
	%D%/conv_direct.cl \
	%D%/conv_epilogue.cl \
	%D%/conv_generic.cl \
	%D%/conv_grouped.cl \
	%D%/conv_grouped_pack.cl \
	%D%/conv_implicit.cl \
	%D%/conv_implicit_pack.cl \
	%D%/conv_outer.cl \
	%D%/conv_pack.cl \
	%D%/conv_packed.cl \
	%D%/conv_point.cl \
	%D%/conv_stem.cl \
	%D%/conv_stem_frame.cl \
	%D%/conv_stem_pack.cl \
	%D%/conv_unpack.cl \
	%D%/conv_winograd.cl \
	%D%/conv_winograd2.cl \
	%D%/conv_winograd2_weights.cl \
	%D%/conv_winograd_gradient.cl \
	%D%/conv_winograd_weights.cl \
	%D%/dropout.cl \
	%D%/gather.cl \
	%D%/gemm.cl \
	%D%/groupnorm.cl \
	%D%/move.cl \
	%D%/normalize.cl \
	%D%/permute.cl \
	%D%/pool.cl \
	%D%/reduce.cl \
	%D%/resize.cl \
	%D%/softmax.cl
CL_PARTS += \
	%D%/outer.cl \
	%D%/register_tile.cl \
	%D%/spread.cl \
	%D%/tile.cl \
	%D%/winograd.cl \
	%D%/winograd_filters.cl
nobase_dist_doc_DATA += %D%/README.md
