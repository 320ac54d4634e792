/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/bind.h"
#include "compile/detector.h"
#include "compile/emit.h"
#include "compile/plan.h"
#include "said.h"

#include <stdlib.h>
#include <string.h>

/* ---- parameters ---- */

static const struct fer_param *find_param(const struct fer_detector *detector, const char *name)
{
    for (int i = 0; detector->params && detector->params[i]; i++)
        if (strcmp(detector->params[i]->name, name) == 0)
            return detector->params[i];
    return NULL;
}

/* One name=value into a keyword.  An unknown name is left to fer_bind, which suggests one. */
static enum fer_status read_argument(const struct fer_detector *detector, const char *text, struct fer_arena *arena,
                                     struct fer_sources *sources, struct fer_diags *diags, struct fer_ast_keyword *out,
                                     struct fer_error *err)
{
    const char *sign = strchr(text, '=');
    char *name = sign ? fer_arena_strndup(arena, text, (size_t)(sign - text)) : NULL;
    if (!sign || sign == text)
        return fer_fail(err, FER_EINVAL, "%s: '%s' should be name=value, as in %s:%s=…", detector->name, text,
                        detector->name, detector->params && detector->params[0] ? detector->params[0]->name : "name");
    if (!name)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    const struct fer_param *param = find_param(detector, name);
    out->name = name;
    return fer_bind_word(arena, sources, text, sign + 1,
                         !param || param->type == FER_TYPE_STRING || param->type == FER_TYPE_PATH, &out->value, diags,
                         err);
}

/* Said before fer_bind does, which cannot know how detectors are written. */
static enum fer_status check_required(const struct fer_detector *detector, const struct fer_ast_keyword *keywords,
                                      int count, struct fer_error *err)
{
    for (int i = 0; detector->params && detector->params[i]; i++) {
        const struct fer_param *param = detector->params[i];
        bool given = param->fallback != NULL;
        for (int k = 0; k < count; k++)
            given |= strcmp(keywords[k].name, param->name) == 0 || !find_param(detector, keywords[k].name);
        if (!given)
            return fer_fail(err, FER_EINVAL, "%s needs %s (%s): write %s:%s=…", detector->name, param->name,
                            param->help, detector->name, param->name);
    }
    return FER_OK;
}

enum fer_status fer_detector_bind(const struct fer_detector *detector, const char *const *arguments,
                                  struct fer_arena *arena, const void **out, struct fer_error *err)
{
    static const char *const none[] = { NULL };
    struct fer_sources *sources;
    struct fer_diags diags = { 0 };
    int count = 0;
    void *params = NULL;
    arguments = arguments ? arguments : none;
    while (arguments[count])
        count++;
    struct fer_ast_keyword *keywords = fer_arena_alloc(arena, (size_t)(count + 1) * sizeof(*keywords));
    if (!keywords)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    enum fer_status status = fer_sources_create(&sources, err);
    if (status)
        return status;
    for (int i = 0; i < count && !status; i++)
        status = read_argument(detector, arguments[i], arena, sources, &diags, &keywords[i], err);
    if (!status)
        status = check_required(detector, keywords, count, err);
    const struct fer_binder binder = { .arena = arena, .diags = &diags };
    const struct fer_span nowhere = { NULL, 0, 0 };
    if (!status)
        status = fer_bind(&binder, detector->name, detector->params, detector->params_size, NULL, 0, keywords, count,
                          nowhere, &params);
    if (status && diags.count > 0)
        fer_fail(err, status, "%s", diags.items[0].text);
    *out = params;
    fer_diags_free(&diags);
    fer_sources_free(sources);
    return status;
}

/* ---- programs ---- */

static struct fer_tensor *add_tensor(struct fer_compiler *c, const struct fer_shape *shape, enum fer_storage storage,
                                     const char *name)
{
    struct fer_tensor *tensor = fer_compiler_tensor(c, shape, FER_LAYOUT_PLAIN, storage, name);
    if (tensor)
        tensor->keep = storage == FER_STORAGE_ARENA;
    return tensor;
}

static enum fer_status emit(const struct fer_detector *detector, const void *state, struct fer_compiler *c,
                            struct fer_detector_program *out, struct fer_error *err)
{
    struct fer_canvas *canvas = &out->canvas;
    const struct fer_shape image = { FER_U8, 3, { canvas->height, canvas->width, detector->channels }, 0 };
    struct fer_shape table = { 0 }, result = { 0 };
    enum fer_status status = fer_said(detector->shape(state, canvas->width, canvas->height, &table, &result, err),
                                      detector->name, "shape", err);
    if (status)
        return status;
    canvas->image = add_tensor(c, &image, FER_STORAGE_INPUT, "image");
    canvas->table = add_tensor(c, &table, FER_STORAGE_INPUT, "table");
    canvas->result = add_tensor(c, &result, FER_STORAGE_ARENA, "result");
    out->segment = fer_compiler_segment(c, "detect");
    if (!canvas->image || !canvas->table || !canvas->result || !out->segment)
        return fer_compile_memory(err);
    struct fer_emit em = fer_compiler_emit(c, out->segment, "detect", err);
    em.owner = detector->name;
    status = fer_said(detector->emit(state, &em, canvas, err), detector->name, "emit", err);
    return status ? status : em.status;
}

enum fer_status fer_detector_compile(const struct fer_detector *detector, const void *state, struct fer_device *device,
                                     int width, int height, bool poison, const struct fer_build_watch *watch,
                                     struct fer_detector_program **out, struct fer_error *err)
{
    /* A graph without operations and a store without weights: all that there is are the detector's own launches. */
    struct fer_description description = { 0 };
    struct fer_graph graph = { .description = &description };
    struct fer_store store = { .device = device, .description = &description };
    struct fer_compiler compiler;
    struct fer_detector_program *program = calloc(1, sizeof(*program));
    *out = NULL;
    if (!program)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    program->canvas = (struct fer_canvas){ .size = sizeof(program->canvas), .width = width, .height = height };
    enum fer_status status = fer_compiler_create(&graph, &store, 1, &compiler, err);
    program->program = compiler.program;
    if (!status)
        status = emit(detector, state, &compiler, program, err);
    if (!status)
        status = fer_plan(program->program, device->max_allocation, err);
    if (!status)
        status = fer_exec_create(device, program->program, poison, watch, &program->exec, err);
    if (status) {
        fer_detector_program_free(program);
        return fer_fail_prefix(err, "%s", detector->name);
    }
    *out = program;
    return FER_OK;
}

void fer_detector_program_free(struct fer_detector_program *program)
{
    if (!program)
        return;
    fer_exec_free(program->exec);
    if (program->program)
        fer_arena_free(program->program->arena);
    free(program);
}

static bool launches(const struct fer_detector_program *program)
{
    return program->segment->count > 0; /* none: the canvas is too small for anything to be in it */
}

enum fer_status fer_detector_run(const struct fer_detector *detector, const void *state,
                                 struct fer_detector_program *program, const uint8_t *canvas, int width, int height,
                                 struct fer_box **boxes, int *count, struct fer_error *err)
{
    const struct fer_canvas *c = &program->canvas;
    const size_t table_bytes = fer_tensor_bytes(c->table), result_bytes = fer_tensor_bytes(c->result);
    const size_t row = (size_t)c->width * (size_t)detector->channels;
    void *table = calloc(1, table_bytes), *result = calloc(1, result_bytes);
    enum fer_status status = table && result ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
    *boxes = NULL;
    *count = 0;
    if (!status)
        status = fer_said(detector->prepare(state, c, width, height, table, err), detector->name, "prepare", err);
    if (!status && launches(program)) {
        status = fer_exec_write(program->exec, c->image, canvas, row * (size_t)height, err);
        if (!status)
            status = fer_exec_write(program->exec, c->table, table, table_bytes, err);
        if (!status)
            status = fer_exec_run(program->exec, program->segment, err);
        if (!status)
            status = fer_exec_read(program->exec, c->result, result, result_bytes, err);
    }
    if (!status)
        status = fer_said(detector->find(state, c, table, result, boxes, count, err), detector->name, "find", err);
    free(table);
    free(result);
    if (status) {
        free(*boxes);
        *boxes = NULL;
        *count = 0;
        return fer_fail_prefix(err, "%s", detector->name);
    }
    return FER_OK;
}
