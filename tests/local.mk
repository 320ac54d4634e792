# SPDX-License-Identifier: Apache-2.0
# make check runs every program in op_tests and unit_tests and every script in shell_tests; test_programs are built for
# the scripts.
# Unit tests link the whole core, so they see internals, and export it, so plugins that they open use the same copy.
# Those in oclgrind_tests also run under Oclgrind; they keep their shapes small when FER_TEST_SMALL is set.  Oclgrind 21.10
# itself crashes on oclgrind_races_tests when it is asked to track uninitialised values.

unit_tests = \
	%D%/unit-align \
	%D%/unit-augment \
	%D%/unit-binary \
	%D%/unit-branch \
	%D%/unit-buffer \
	%D%/unit-build \
	%D%/unit-builtins \
	%D%/unit-bundle \
	%D%/unit-core \
	%D%/unit-covers \
	%D%/unit-detect \
	%D%/unit-device \
	%D%/unit-draws \
	%D%/unit-dump \
	%D%/unit-errors \
	%D%/unit-exec \
	%D%/unit-exec-memory \
	%D%/unit-exec-random \
	%D%/unit-exec-refusals \
	%D%/unit-expression \
	%D%/unit-eyes \
	%D%/unit-field \
	%D%/unit-file \
	%D%/unit-group \
	%D%/unit-haar \
	%D%/unit-haar-file \
	%D%/unit-image \
	%D%/unit-image-file \
	%D%/unit-initial \
	%D%/unit-jpeg \
	%D%/unit-lang \
	%D%/unit-layers \
	%D%/unit-log \
	%D%/unit-mutate \
	%D%/unit-noise \
	%D%/unit-number \
	%D%/unit-occlude \
	%D%/unit-pack \
	%D%/unit-picture \
	%D%/unit-pipeline \
	%D%/unit-pipeline-failures \
	%D%/unit-places \
	%D%/unit-plan \
	%D%/unit-plan-check \
	%D%/unit-png \
	%D%/unit-print \
	%D%/unit-random \
	%D%/unit-reader-affectnet \
	%D%/unit-reader-ckplus \
	%D%/unit-reader-fer2013 \
	%D%/unit-reader-folder \
	%D%/unit-reader-manifest \
	%D%/unit-reader-merge \
	%D%/unit-reader-named \
	%D%/unit-reader-packed \
	%D%/unit-reader-rafdb \
	%D%/unit-registry \
	%D%/unit-report \
	%D%/unit-resolve-data \
	%D%/unit-resolve-file \
	%D%/unit-resolve-let \
	%D%/unit-resolve-net \
	%D%/unit-resolve-stage \
	%D%/unit-safetensors \
	%D%/unit-sampler \
	%D%/unit-shape \
	%D%/unit-source \
	%D%/unit-state \
	%D%/unit-status \
	%D%/unit-study \
	%D%/unit-synthface \
	%D%/unit-transform \
	%D%/unit-tune \
	%D%/unit-tuning \
	%D%/unit-votes \
	%D%/unit-workers

# Operations against references, finite differences and PyTorch; in several programs, so that make -j shares them out.
# Not under valgrind, which would spend hours in the device's compiler: sanitizers and Oclgrind see them.
op_tests = \
	%D%/unit-count \
	%D%/unit-epoch \
	%D%/unit-explain \
	%D%/unit-face \
	%D%/unit-golden \
	%D%/unit-metric \
	%D%/unit-mtcnn \
	%D%/unit-ops-conv \
	%D%/unit-ops-limits \
	%D%/unit-ops-loss \
	%D%/unit-ops-move \
	%D%/unit-ops-nan \
	%D%/unit-ops-norm \
	%D%/unit-ops-pointwise \
	%D%/unit-ops-products \
	%D%/unit-ops-spatial \
	%D%/unit-ops-systems \
	%D%/unit-passes \
	%D%/unit-precision \
	%D%/unit-ranks \
	%D%/unit-resnet \
	%D%/unit-route \
	%D%/unit-store \
	%D%/unit-tensor \
	%D%/unit-train \
	%D%/unit-train-best \
	%D%/unit-train-files \
	%D%/unit-training \
	%D%/unit-update \
	%D%/unit-workspace
harness = %D%/harness.c %D%/harness-check.c %D%/harness-values.c %D%/harness.h
%C%_unit_count_SOURCES = %D%/unit-count.c $(harness)
%C%_unit_face_SOURCES = %D%/unit-face.c $(harness)
%C%_unit_golden_SOURCES = %D%/unit-golden.c $(harness)
turns = %D%/turns.c %D%/turns.h $(harness)
%C%_unit_ops_conv_SOURCES = %D%/unit-ops-conv.c $(turns)
%C%_unit_ops_limits_SOURCES = %D%/unit-ops-limits.c $(harness)
%C%_unit_ops_loss_SOURCES = %D%/unit-ops-loss.c $(harness)
%C%_unit_ops_move_SOURCES = %D%/unit-ops-move.c $(harness)
%C%_unit_ops_nan_SOURCES = %D%/unit-ops-nan.c $(harness)
%C%_unit_ops_norm_SOURCES = %D%/unit-ops-norm.c $(harness)
%C%_unit_ops_pointwise_SOURCES = %D%/unit-ops-pointwise.c $(harness)
%C%_unit_ops_products_SOURCES = %D%/unit-ops-products.c $(turns)
%C%_unit_ops_spatial_SOURCES = %D%/unit-ops-spatial.c $(harness)
%C%_unit_ops_systems_SOURCES = %D%/unit-ops-systems.c $(harness)
trial = %D%/trial.c %D%/trial.h
%C%_unit_passes_SOURCES = %D%/unit-passes.c %D%/passes-fusion.c %D%/passes-fusion.h $(trial) $(harness)
%C%_unit_precision_SOURCES = %D%/unit-precision.c $(harness)
cases = %D%/cases.c %D%/cases.h
tree = %D%/tree.c %D%/tree.h
reader_trial = %D%/reader-trial.c %D%/reader-trial.h $(tree)
reader_seen = %D%/reader-seen.c %D%/reader-seen.h $(reader_trial) $(cases)
%C%_unit_expression_SOURCES = %D%/unit-expression.c $(reader_seen)
%C%_unit_reader_affectnet_SOURCES = %D%/unit-reader-affectnet.c $(reader_seen)
%C%_unit_reader_ckplus_SOURCES = %D%/unit-reader-ckplus.c $(reader_seen)
%C%_unit_reader_fer2013_SOURCES = %D%/unit-reader-fer2013.c $(reader_seen)
%C%_unit_reader_folder_SOURCES = %D%/unit-reader-folder.c $(reader_seen)
%C%_unit_reader_manifest_SOURCES = %D%/unit-reader-manifest.c $(reader_seen)
%C%_unit_reader_merge_SOURCES = %D%/unit-reader-merge.c $(reader_seen)
%C%_unit_reader_named_SOURCES = %D%/unit-reader-named.c $(reader_seen)
%C%_unit_reader_packed_SOURCES = %D%/unit-reader-packed.c $(reader_seen)
%C%_unit_reader_rafdb_SOURCES = %D%/unit-reader-rafdb.c $(reader_seen)
%C%_unit_sampler_SOURCES = %D%/unit-sampler.c $(reader_seen)
%C%_unit_transform_SOURCES = %D%/unit-transform.c $(reader_seen)
%C%_unit_align_SOURCES = %D%/unit-align.c $(reader_trial)
%C%_unit_draws_SOURCES = %D%/unit-draws.c $(reader_trial) $(cases)
%C%_unit_votes_SOURCES = %D%/unit-votes.c $(reader_trial) $(cases)
%C%_unit_noise_SOURCES = %D%/unit-noise.c $(reader_trial)
folder = %D%/folder.c %D%/folder.h $(tree)
%C%_unit_dump_SOURCES = %D%/unit-dump.c $(folder)
%C%_unit_file_SOURCES = %D%/unit-file.c $(folder)
%C%_unit_study_SOURCES = %D%/unit-study.c $(folder)
%C%_unit_metric_SOURCES = %D%/unit-metric.c $(folder) $(cases)
%C%_unit_image_file_SOURCES = %D%/unit-image-file.c $(cases) $(folder)
environment = %D%/environment.c %D%/environment.h
device_trial = %D%/device-trial.c %D%/device-trial.h $(cases)
%C%_unit_binary_SOURCES = %D%/unit-binary.c $(environment) $(cases) $(tree)
%C%_unit_buffer_SOURCES = %D%/unit-buffer.c $(device_trial)
%C%_unit_build_SOURCES = %D%/unit-build.c $(device_trial)
%C%_unit_device_SOURCES = %D%/unit-device.c $(device_trial) $(environment)
exec_trial = %D%/exec-trial.c %D%/exec-trial.h $(device_trial)
%C%_unit_exec_SOURCES = %D%/unit-exec.c $(exec_trial)
%C%_unit_exec_memory_SOURCES = %D%/unit-exec-memory.c $(exec_trial)
%C%_unit_exec_random_SOURCES = %D%/unit-exec-random.c $(exec_trial)
%C%_unit_exec_refusals_SOURCES = %D%/unit-exec-refusals.c $(exec_trial)
plan_trial = %D%/plan-trial.c %D%/plan-trial.h $(cases)
%C%_unit_plan_SOURCES = %D%/unit-plan.c $(plan_trial)
%C%_unit_plan_check_SOURCES = %D%/unit-plan-check.c $(plan_trial)
pipeline_trial = %D%/pipeline-trial.c %D%/pipeline-trial.h $(cases)
%C%_unit_pipeline_SOURCES = %D%/unit-pipeline.c $(pipeline_trial)
%C%_unit_pipeline_failures_SOURCES = %D%/unit-pipeline-failures.c $(pipeline_trial)
%C%_unit_detect_SOURCES = %D%/unit-detect.c $(cases)
%C%_unit_field_SOURCES = %D%/unit-field.c $(cases)
%C%_unit_image_SOURCES = %D%/unit-image.c $(cases)
%C%_unit_jpeg_SOURCES = %D%/unit-jpeg.c $(cases)
%C%_unit_random_SOURCES = %D%/unit-random.c $(cases)
%C%_unit_core_SOURCES = %D%/unit-core.c $(exec_trial)
%C%_unit_layers_SOURCES = %D%/unit-layers.c $(cases)
%C%_unit_picture_SOURCES = %D%/unit-picture.c $(cases)
%C%_unit_png_SOURCES = %D%/unit-png.c $(cases)
%C%_unit_state_SOURCES = %D%/unit-state.c $(cases)
tune_trial = %D%/tune-trial.c %D%/tune-trial.h $(cases)
%C%_unit_tune_SOURCES = %D%/unit-tune.c $(tune_trial)
%C%_unit_tuning_SOURCES = %D%/unit-tuning.c $(tune_trial)
%C%_unit_shape_SOURCES = %D%/unit-shape.c $(cases)
%C%_unit_pack_SOURCES = %D%/unit-pack.c $(folder) $(cases)
%C%_unit_report_SOURCES = %D%/unit-report.c $(folder) $(cases)
pipes = %D%/pipes.c %D%/pipes.h
%C%_unit_group_SOURCES = %D%/unit-group.c $(pipes)
%C%_unit_ranks_SOURCES = %D%/unit-ranks.c $(pipes)
shown = %D%/shown.c %D%/shown.h
needs = %D%/needs.c %D%/needs.h
%C%_unit_errors_SOURCES = %D%/unit-errors.c $(needs)
%C%_unit_eyes_SOURCES = %D%/unit-eyes.c $(shown) $(needs)
%C%_unit_occlude_SOURCES = %D%/unit-occlude.c $(shown) $(needs)
resolve_look = %D%/resolve-look.h $(cases) $(needs)
%C%_unit_resolve_data_SOURCES = %D%/unit-resolve-data.c $(resolve_look) $(folder)
%C%_unit_resolve_file_SOURCES = %D%/unit-resolve-file.c $(resolve_look) $(folder)
%C%_unit_resolve_let_SOURCES = %D%/unit-resolve-let.c $(resolve_look)
%C%_unit_resolve_net_SOURCES = %D%/unit-resolve-net.c $(resolve_look)
%C%_unit_resolve_stage_SOURCES = %D%/unit-resolve-stage.c $(resolve_look)
haar_trial = %D%/haar-trial.c %D%/haar-trial.h %D%/haar-cascade.h $(environment) $(cases) $(needs)
%C%_unit_haar_SOURCES = %D%/unit-haar.c %D%/haar-plain.c %D%/haar-plain.h $(haar_trial)
%C%_unit_haar_file_SOURCES = %D%/unit-haar-file.c $(haar_trial)
occluded = %D%/occluded.c %D%/occluded.h $(shown) $(needs)
%C%_unit_covers_SOURCES = %D%/unit-covers.c $(occluded) $(cases)
%C%_unit_places_SOURCES = %D%/unit-places.c $(occluded) $(cases)
%C%_unit_route_SOURCES = %D%/unit-route.c $(harness)
%C%_unit_tensor_SOURCES = %D%/unit-tensor.c $(harness)
# With a copy of the solvers of the plugin vision, whose table it looks into.
%C%_unit_workspace_SOURCES = %D%/unit-workspace.c $(harness) $(conv_solvers)
%C%_unit_workspace_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_builddir)/plugins/vision -I$(top_srcdir)/plugins/vision -I$(top_builddir)/plugins
%C%_unit_workspace_LDADD = $(LDADD)
if HAVE_CLBLAST
%C%_unit_workspace_LDADD += $(CLBLAST_LIBS) $(OPENCL_LIBS)
endif
stage_trial = %D%/stage-trial.c %D%/stage-trial.h $(tree) $(cases)
%C%_unit_train_SOURCES = %D%/unit-train.c $(stage_trial)
%C%_unit_train_best_SOURCES = %D%/unit-train-best.c $(stage_trial)
%C%_unit_train_files_SOURCES = %D%/unit-train-files.c $(stage_trial)
%C%_unit_epoch_SOURCES = %D%/unit-epoch.c $(stage_trial)
%C%_unit_mtcnn_SOURCES = %D%/unit-mtcnn.c $(trial) $(harness) $(needs)
%C%_unit_resnet_SOURCES = %D%/unit-resnet.c $(trial) $(harness)
%C%_unit_store_SOURCES = %D%/unit-store.c $(trial) $(harness)
%C%_unit_training_SOURCES = %D%/unit-training.c $(trial) $(harness)
%C%_unit_update_SOURCES = %D%/unit-update.c $(trial) $(harness)

test_programs =

oclgrind_tests = \
	%D%/unit-exec \
	%D%/unit-exec-memory \
	%D%/unit-exec-random \
	%D%/unit-exec-refusals \
	%D%/unit-ops-conv \
	%D%/unit-ops-loss \
	%D%/unit-ops-move \
	%D%/unit-ops-norm \
	%D%/unit-ops-pointwise \
	%D%/unit-ops-products \
	%D%/unit-ops-spatial \
	%D%/unit-ops-systems
oclgrind_races_tests = \
	%D%/unit-augment

shell_tests = \
	%D%/cli-author.sh \
	%D%/bench-page.sh \
	%D%/cli-bench.sh \
	%D%/cli-commands.sh \
	%D%/cli-route.sh \
	%D%/cli-compare.sh \
	%D%/cli-detect.sh \
	%D%/cli-precision.sh \
	%D%/cli-explain.sh \
	%D%/cli-run.sh \
	%D%/cli-hostile.sh \
	%D%/cli-mpi.sh \
	%D%/cli-occlude.sh \
	%D%/cli-resume.sh \
	%D%/cli-sets.sh \
	%D%/cli-solvers.sh \
	%D%/cli-study.sh \
	%D%/cli-sweep.sh \
	%D%/cli-tune.sh \
	%D%/embed.sh \
	%D%/format.sh \
	%D%/headers.sh \
	%D%/lists.sh \
	%D%/plugin-pages.sh \
	%D%/rule-empty.sh \
	%D%/rule-names.sh \
	%D%/rule-quiet.sh \
	%D%/symbols.sh \
	%D%/systems-golden.sh \
	%D%/systems-resume.sh \
	%D%/systems-train.sh \
	%D%/systems-whole.sh

AM_TESTS_ENVIRONMENT = \
	FER_PLUGIN_PATH='$(abs_top_builddir)/plugins/.libs'; export FER_PLUGIN_PATH; \
	FER='$(abs_top_builddir)/fer'; export FER; \
	FER_COMPILE='$(abs_top_builddir)/fer-compile'; export FER_COMPILE; \
	CC='$(CC)'; export CC; \
	NM='$(NM)'; export NM; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	XDG_CACHE_HOME='$(abs_top_builddir)/tests/cache'; export XDG_CACHE_HOME; \
	POCL_AFFINITY="$${POCL_AFFINITY-1}"; export POCL_AFFINITY; \
	CK_DEFAULT_TIMEOUT="$${CK_DEFAULT_TIMEOUT-300}"; export CK_DEFAULT_TIMEOUT; \
	LSAN_OPTIONS="suppressions=$(abs_top_srcdir)/tests/lsan.supp:print_suppressions=0:use_tls=0"; export LSAN_OPTIONS; \
	UBSAN_OPTIONS="print_stacktrace=1"; export UBSAN_OPTIONS;

# --- broken plugins, for unit-registry, unit-tune, unit-tuning, cli-solvers and cli-author: no plugin of this build, so libtool has no say ---

broken_plugins = %D%/broken/broken.so %D%/broken/clumsy.so %D%/broken/toyadd.so %D%/broken/toysolve.so %D%/broken/undefined.so
check_DATA = $(broken_plugins)
CLEANFILES += $(broken_plugins)
EXTRA_DIST += %D%/names/resnet18.txt %D%/names/resnet50.txt %D%/resolve-text.h
EXTRA_DIST += %D%/broken/broken.c %D%/broken/clumsy.c %D%/broken/toyadd.c %D%/broken/toysolve.c %D%/broken/undefined.c

%D%/broken/%.so: %D%/broken/%.c $(ferinclude_HEADERS)
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) $(AM_CPPFLAGS) $(CPPFLAGS) -I. $(AM_CFLAGS) $(CFLAGS) -fPIC -shared -o $@ $<

# The solvers of the plugin nvidia, for any device; unit-tensor.
tensor_plugin = %D%/tensor/emulated.so
tensor_source = %D%/tensor/emulated.c
check_DATA += $(tensor_plugin)
CLEANFILES += $(tensor_plugin)
EXTRA_DIST += $(tensor_source)
nvidia_parts = plugins/nvidia/tensor.c plugins/nvidia/tensor_conv.c plugins/nvidia/tensor_product.c
nvidia_headers = plugins/nvidia/table.h plugins/nvidia/tensor.h plugins/partial.h plugins/nvidia/tensor_conv_cl.h \
	plugins/nvidia/tensor_product_cl.h plugins/partial_cl.h
$(tensor_plugin): $(tensor_source) $(nvidia_parts) $(nvidia_headers) $(ferinclude_HEADERS)
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) $(AM_CPPFLAGS) $(CPPFLAGS) -I. -Iplugins -Iplugins/nvidia $(AM_CFLAGS) $(CFLAGS) -fPIC -shared -o $@ \
		$(filter %.c,$^)

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
TESTS = $(op_tests) $(unit_tests) $(shell_tests)
LDADD = $(libfer_core_la_OBJECTS) $(libfer_core_la_LIBADD) $(CHECK_LIBS)
EXTRA_DIST += $(shell_tests) %D%/expect.sh %D%/golden %D%/systems %D%/valgrind.supp %D%/lsan.supp %D%/lang-text.h %D%/noise.h %D%/says.h %D%/toy.h %D%/errors

if HAVE_CHECK
check_PROGRAMS = $(op_tests) $(unit_tests) $(test_programs)
else
check-local:
	@echo "make check needs Check: install the package 'check' and run configure again" >&2; exit 1
endif

# --- make check-memory: valgrind, then everything again with AddressSanitizer and UBSan, in sanitize/.  The tests run without
# valgrind first, so that PoCL's compiler fills its cache at full speed.  use_tls=0: GCC 12's LeakSanitizer crashes now and then
# ("Tracer caught signal 11") while it walks the thread-local storage of LLVM's threads. ---

check-memory: check-valgrind check-sanitizers

check-valgrind: all $(check_PROGRAMS) $(check_DATA)
	@test -n "$(VALGRIND)" || { echo "valgrind is missing: install it and run configure again" >&2; exit 1; }
	CK_FORK=no FER_TEST_SMALL=1 $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(unit_tests)'
	CK_FORK=no FER_TEST_SMALL=1 $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(unit_tests)' \
		LOG_COMPILER='$(VALGRIND)' \
		LOG_FLAGS='--quiet --error-exitcode=3 --leak-check=full --errors-for-leak-kinds=definite --suppressions=$(abs_top_srcdir)/tests/valgrind.supp'

check-sanitizers:
	@test ! -f $(srcdir)/config.status || { echo "check-sanitizers needs a build outside the source tree" >&2; exit 1; }
	$(MKDIR_P) sanitize
	cd sanitize && { test -f config.status || $(abs_srcdir)/configure CC='$(CC)' --enable-sanitizers; }
	cd sanitize && FER_TEST_SMALL=1 $(MAKE) $(AM_MAKEFLAGS) check

# --- make check-oclgrind: the kernels on a simulated device that sees every access ---

check-oclgrind: all $(check_PROGRAMS) $(check_DATA)
	@test -n "$(OCLGRIND)" || { echo "oclgrind is missing: install it and run configure again" >&2; exit 1; }
	@test -n "$(strip $(oclgrind_tests))" || { echo "no test is listed in oclgrind_tests (tests/local.mk)" >&2; exit 1; }
	CK_FORK=no FER_TEST_SMALL=1 OCLGRIND='$(OCLGRIND)' $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(oclgrind_tests)' \
		LOG_COMPILER='$(SHELL)' LOG_FLAGS='$(abs_top_srcdir)/scripts/check-oclgrind --uninitialized'
	CK_FORK=no FER_TEST_SMALL=1 OCLGRIND='$(OCLGRIND)' $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(oclgrind_races_tests)' \
		LOG_COMPILER='$(SHELL)' LOG_FLAGS='$(abs_top_srcdir)/scripts/check-oclgrind'

# --- make installcheck: an author's plugin, built against what make install left ---

installcheck-local:
	DESTDIR='$(DESTDIR)' bindir='$(bindir)' libdir='$(libdir)' pkglibexecdir='$(pkglibexecdir)' plugindir='$(plugindir)' datadir='$(datadir)' docdir='$(docdir)' \
		version='$(PACKAGE_VERSION)' CC='$(CC)' $(SHELL) $(srcdir)/scripts/installcheck

clean-local:
	rm -rf tests/cache sanitize

.PHONY: check-memory check-valgrind check-sanitizers check-oclgrind
