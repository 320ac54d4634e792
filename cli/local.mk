# SPDX-License-Identifier: Apache-2.0

dist_man_MANS = \
	%D%/fer.1 \
	%D%/fer-model.5

#bin_PROGRAMS += fer
#fer_LDADD = libfer.la $(JANSSON_LIBS)
#fer_LDFLAGS = $(FER_LDFLAGS)
#fer_SOURCES = \
#	%D%/main.c
