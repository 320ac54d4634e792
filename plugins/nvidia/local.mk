# SPDX-License-Identifier: Apache-2.0

if PLUGIN_NVIDIA
plugin_LTLIBRARIES += plugins/nvidia.la
endif
plugins_nvidia_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/%D% -I$(top_builddir)/plugins
plugins_nvidia_la_LDFLAGS = $(MODULE_FLAGS)
plugins_nvidia_la_LIBADD = libfer.la $(OPENCL_LIBS)
plugins_nvidia_la_SOURCES = \
	%D%/nvidia.c \
	%D%/table.h \
	%D%/tensor.c \
	%D%/tensor.h \
	%D%/tensor_conv.c \
	%D%/tensor_product.c
CL_FILES += \
	%D%/tensor_conv.cl \
	%D%/tensor_product.cl
CL_PARTS += \
	%D%/tensor.cl
nobase_dist_doc_DATA += %D%/README.md
