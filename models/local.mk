# SPDX-License-Identifier: Apache-2.0

dist_model_DATA += \
	%D%/demo.fer \
	%D%/fer2013-resnet18.fer
