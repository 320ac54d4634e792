# SPDX-License-Identifier: Apache-2.0
# make check runs every program in unit_tests and every script in shell_tests.
# Unit tests link the whole core, so they see internals, and export it, so plugins that they open use the same copy.

unit_tests =

shell_tests = \
	%D%/lists.sh

AM_TESTS_ENVIRONMENT = \
	FER_PLUGIN_PATH='$(abs_top_builddir)/plugins/.libs'; export FER_PLUGIN_PATH; \
	FER='$(abs_top_builddir)/fer'; export FER; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	XDG_CACHE_HOME='$(abs_top_builddir)/tests/cache'; export XDG_CACHE_HOME; \
	POCL_AFFINITY="$${POCL_AFFINITY-1}"; export POCL_AFFINITY;

if HAVE_CHECK
check_PROGRAMS = $(unit_tests)
else
check-local:
	@echo "make check needs Check: install the package 'check' and run configure again" >&2; exit 1
endif
LDADD = $(libfer_core_la_OBJECTS) $(libfer_core_la_LIBADD) $(CHECK_LIBS)
TESTS = $(check_PROGRAMS) $(shell_tests)
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
EXTRA_DIST += $(shell_tests)

clean-local:
	rm -rf tests/cache
