# SPDX-License-Identifier: Apache-2.0

dist_pages_DATA += \
	%D%/architecture.md \
	%D%/distributed.md \
	%D%/embedding.md \
	%D%/explain.md \
	%D%/kernels.md \
	%D%/model-language.md \
	%D%/plugin.md \
	%D%/studies.md \
	%D%/systems.md

dist_results_DATA += \
	%D%/results/bench.md \
	%D%/results/devices.md \
	%D%/results/explain-attention.png \
	%D%/results/explain-cam.png \
	%D%/results/explain-masks.png \
	%D%/results/explain-occlusion.png \
	%D%/results/explain-reconstruction.png \
	%D%/results/explain.md \
	%D%/results/fer2013.md \
	%D%/results/kernels.md \
	%D%/results/occluders.png \
	%D%/results/precision.md \
	%D%/results/systems.md
