# SPDX-License-Identifier: Apache-2.0
# OpenCL C shared by the core's kernels; prelude.cl becomes prelude_cl.h with fer_prelude_cl.

CL_FILES += \
	%D%/builtins.cl \
	%D%/core.cl \
	%D%/peak.cl \
	%D%/prelude.cl
