# SPDX-License-Identifier: Apache-2.0

dist_model_DATA += \
	%D%/alexnet-small.fer \
	%D%/ck-fold.fer \
	%D%/covered-plain-small.fer \
	%D%/cross-database.fer \
	%D%/demo.fer \
	%D%/double-channel-small.fer \
	%D%/double-channel.fer \
	%D%/ensemble-small.fer \
	%D%/fer2013-resnet18.fer \
	%D%/ffra-small.fer \
	%D%/ffra.fer \
	%D%/mobilenet_v2-small.fer \
	%D%/path-selection-small.fer \
	%D%/path-selection.fer \
	%D%/privileged-small.fer \
	%D%/privileged.fer \
	%D%/resnext-small.fer \
	%D%/ssl-small.fer \
	%D%/ssl.fer \
	%D%/vgg-small.fer

fer2013modeldir = $(modeldir)/fer2013
dist_fer2013model_DATA = \
	%D%/fer2013/alexnet.fer \
	%D%/fer2013/double-channel.fer \
	%D%/fer2013/faces.fer \
	%D%/fer2013/ffra.fer \
	%D%/fer2013/path-selection.fer \
	%D%/fer2013/privileged.fer \
	%D%/fer2013/resnet18.fer \
	%D%/fer2013/resnext.fer \
	%D%/fer2013/ssl.fer \
	%D%/fer2013/tests.fer \
	%D%/fer2013/vgg.fer

dist_study_DATA += \
	%D%/studies/covered-parts.study \
	%D%/studies/cross-database.study \
	%D%/studies/double-channel-channels.study \
	%D%/studies/double-channel-modules.study \
	%D%/studies/double-channel-threshold.study \
	%D%/studies/ensemble.study \
	%D%/studies/ffra-fusion.study \
	%D%/studies/ffra-lambda.study \
	%D%/studies/ffra-modules.study \
	%D%/studies/path-selection-combine.study \
	%D%/studies/privileged-losses.study \
	%D%/studies/privileged-weights.study \
	%D%/studies/ssl-losses.study \
	%D%/studies/ssl-mask-weight.study
