# SPDX-License-Identifier: Apache-2.0

if PLUGIN_NVIDIA
plugin_LTLIBRARIES += plugins/nvidia.la
endif
plugins_nvidia_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D%
plugins_nvidia_la_LDFLAGS = $(MODULE_FLAGS)
plugins_nvidia_la_LIBADD = libfer.la $(OPENCL_LIBS)
plugins_nvidia_la_SOURCES = \
	%D%/nvidia.c \
	%D%/table.h \
	%D%/tensor.c \
	%D%/tensor.h
CL_FILES += \
	%D%/tensor.cl
EXTRA_DIST += %D%/README.md
