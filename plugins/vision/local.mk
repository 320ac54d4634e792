# SPDX-License-Identifier: Apache-2.0

if PLUGIN_VISION
plugin_LTLIBRARIES += plugins/vision.la
endif
plugins_vision_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_vision_la_LDFLAGS = $(MODULE_FLAGS)
plugins_vision_la_LIBADD = libfer.la
plugins_vision_la_SOURCES = \
	%D%/activation.c \
	%D%/common.c \
	%D%/layers.h \
	%D%/reduce.c \
	%D%/vision.c \
	%D%/vision.h
CL_FILES += \
	%D%/activation.cl \
	%D%/arithmetic.cl \
	%D%/conv_bias.cl \
	%D%/conv_direct.cl \
	%D%/conv_generic.cl \
	%D%/conv_outer.cl \
	%D%/conv_pack.cl \
	%D%/conv_stem.cl \
	%D%/conv_stem_frame.cl \
	%D%/conv_stem_pack.cl \
	%D%/conv_unpack.cl \
	%D%/reduce.cl
