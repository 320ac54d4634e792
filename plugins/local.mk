# SPDX-License-Identifier: Apache-2.0
# One include a plugin; the switches are in configure.ac (FER_PLUGIN).

include %D%/vision/local.mk
include %D%/loss/local.mk
include %D%/optim/local.mk
include %D%/data/local.mk
include %D%/metric/local.mk
include %D%/resnet/local.mk
include %D%/resnext/local.mk
include %D%/vgg/local.mk
include %D%/alexnet/local.mk
include %D%/mobilenet_v2/local.mk
include %D%/double_channel/local.mk
include %D%/ffra/local.mk
include %D%/path_selection/local.mk
include %D%/privileged/local.mk
include %D%/synthface/local.mk
include %D%/occlude/local.mk
include %D%/haar/local.mk
include %D%/mtcnn/local.mk
include %D%/nvidia/local.mk

# Shared by plugins of this tree; includes only public headers, and is installed for those who want to copy it.
dist_emit_DATA += %D%/emit.h
noinst_HEADERS += %D%/partial.h %D%/picture.h
CL_FILES += %D%/partial.cl
CL_PARTS += %D%/axis.cl

dist_template_DATA += \
	%D%/template/Makefile \
	%D%/template/README.md \
	%D%/template/template.c \
	%D%/template/template.cl \
	%D%/template/template.fer
