# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
	%D%/build \
	%D%/check-compilers \
	%D%/check-format \
	%D%/check-lists \
	%D%/check-oclgrind \
	%D%/check-opencl \
	%D%/demo \
	%D%/docs \
	%D%/gpu-check \
	%D%/install-deps \
	%D%/installcheck \
	%D%/test

# --- make docs: the reference part of plugins/NAME/README.md, out of the plugins' tables ---

docs: all
	FER_PLUGIN_PATH='$(abs_top_builddir)/plugins/.libs' FER='$(abs_top_builddir)/fer' $(SHELL) $(srcdir)/scripts/docs

.PHONY: docs
