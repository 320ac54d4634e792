# SPDX-License-Identifier: Apache-2.0

dist_model_DATA += \
	%D%/alexnet-small.fer \
	%D%/ck-fold.fer \
	%D%/demo.fer \
	%D%/double-channel-small.fer \
	%D%/fer2013-resnet18.fer \
	%D%/ffra-small.fer \
	%D%/mobilenet_v2-small.fer \
	%D%/path-selection-small.fer \
	%D%/path-selection.fer \
	%D%/privileged-small.fer \
	%D%/resnext-small.fer \
	%D%/ssl-small.fer \
	%D%/vgg-small.fer

fer2013modeldir = $(modeldir)/fer2013
dist_fer2013model_DATA = \
	%D%/fer2013/double-channel.fer \
	%D%/fer2013/faces.fer \
	%D%/fer2013/ffra.fer \
	%D%/fer2013/path-selection.fer \
	%D%/fer2013/privileged.fer \
	%D%/fer2013/resnet18.fer \
	%D%/fer2013/ssl.fer \
	%D%/fer2013/tests.fer
