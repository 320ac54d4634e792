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
	%D%/privileged-small.fer \
	%D%/resnext-small.fer \
	%D%/ssl-small.fer \
	%D%/vgg-small.fer
