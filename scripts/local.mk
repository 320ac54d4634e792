# SPDX-License-Identifier: Apache-2.0

EXTRA_DIST += \
	%D%/build \
	%D%/check-lists \
	%D%/check-oclgrind \
	%D%/demo \
	%D%/embed-cl \
	%D%/install-deps \
	%D%/installcheck \
	%D%/test
