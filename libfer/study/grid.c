/* SPDX-License-Identifier: Apache-2.0 */
#include "study/grid.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "train/context.h"

enum { RUNS_MAX = 10000, NAME_LENGTH = 160 };

static int list_length(const char *const *list)
{
    int n = 0;

    while (list && list[n])
        n++;
    return n;
}

static enum fer_status check_axis(const struct fer_grid *grid, const struct fer_sweep_options *options,
                                  const char *name, struct fer_error *err)
{
    const char *const *sets = options->settings.sets;
    size_t length = strlen(name);

    if (strcmp(name, "seed") == 0 || strcmp(name, "model") == 0)
        return fer_fail(err, FER_EINVAL, "%s is no axis: seeds and descriptions are given on their own", name);
    for (int i = 0; i < grid->naxes; i++) {
        if (grid->grid[i] == grid->ngrids - 1 && strcmp(grid->axes[i].name, name) == 0)
            return fer_fail(err, FER_EINVAL, "%s is there twice; give its values in one list", name);
    }
    for (int i = 0; sets && sets[i]; i++) {
        if (strncmp(sets[i], name, length) == 0 && sets[i][length] == '=')
            return fer_fail(err, FER_EINVAL, "%s is set for all runs and swept too; choose one", name);
    }
    return FER_OK;
}

static enum fer_status read_axes(struct fer_grid *grid, const struct fer_sweep_options *options, struct fer_error *err)
{
    struct fer_axis axis;

    grid->ngrids = 1;
    for (int i = 0; options->axes && options->axes[i]; i++) {
        enum fer_status status;

        if (strcmp(options->axes[i], "+") == 0) {
            grid->ngrids++;
            continue;
        }
        if (grid->naxes == FER_GRID_AXES)
            return fer_fail(err, FER_EINVAL, "more than %d axes", FER_GRID_AXES);
        status = fer_axis_parse(options->axes[i], &axis, err);
        if (status != FER_OK)
            return status;
        status = check_axis(grid, options, axis.name, err);
        grid->grid[grid->naxes] = grid->ngrids - 1;
        grid->axes[grid->naxes++] = axis;
        if (status != FER_OK)
            return status;
    }
    return FER_OK;
}

/* Combinations of the axes of one grid; more than RUNS_MAX: too many. */
static int grid_size(const struct fer_grid *grid, int g)
{
    long count = 1;

    for (int i = 0; i < grid->naxes && count <= RUNS_MAX; i++)
        count *= grid->grid[i] == g ? grid->axes[i].count : 1;
    return count <= RUNS_MAX ? (int)count : RUNS_MAX + 1;
}

/* The number of runs; 0: too many. */
static int count_runs(const struct fer_grid *grid, int models, int seeds)
{
    long count = 0;

    for (int g = 0; g < grid->ngrids && count <= RUNS_MAX; g++)
        count += grid_size(grid, g);
    if (models > RUNS_MAX || seeds > RUNS_MAX || count * models > RUNS_MAX || count * models * seeds > RUNS_MAX)
        return 0;
    return (int)(count * models * seeds);
}

/* A value as a part of a file name: lists without brackets and with + for commas, _ for what is no letter or digit.
 * False when the name does not tell the value any more. */
static bool tidy(const char *text, char *name, size_t size)
{
    bool exact = true;
    size_t n = 0;

    for (; *text && n + 1 < size; text++) {
        bool plain = isalnum((unsigned char)*text) || strchr("._+-", *text);

        if (*text == '[' || *text == ']')
            continue;
        exact = exact && (plain || *text == ',');
        name[n++] = plain ? *text : *text == ',' ? '+' : '_';
    }
    name[n] = '\0';
    return exact && !*text;
}

static enum fer_status name_run(struct fer_grid_run *run, struct fer_error *err)
{
    char name[NAME_LENGTH] = "", hash[16] = "", part[NAME_LENGTH], *text = fer_json_dump(run->set, JSON_COMPACT);
    bool exact = true;
    const char *key;
    json_t *value;
    size_t n = 0;

    json_object_foreach(run->set, key, value)
    {
        exact = tidy(json_string_value(value), part, sizeof(part)) && exact;
        if (n < sizeof(name))
            n += (size_t)snprintf(name + n, sizeof(name) - n, "%s=%s,", key, part);
    }
    if (text && (!exact || n >= sizeof(name)))
        snprintf(hash, sizeof(hash), "%08x,", (unsigned)XXH32(text, strlen(text), 0));
    if (!text || asprintf(&run->name, "%s%sseed=%" PRIu64, name, hash, run->seed) < 0)
        run->name = NULL;
    free(text);
    return run->name ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");
}

/* "gamma" of "path/gamma.fer". */
static json_t *model_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    char *stem = strndup(name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
    json_t *text = fer_json_string(stem);

    free(stem);
    return text;
}

static enum fer_status fill_run(struct fer_grid_run *run, const struct fer_grid *grid,
                                const struct fer_sweep_options *options, const int *chosen, struct fer_error *err)
{
    int nsets = list_length(options->settings.sets), next = nsets;

    run->set = json_object();
    run->sets = calloc((size_t)(nsets + grid->naxes) + 1, sizeof(*run->sets));
    if (!run->sets || !run->set)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < nsets; i++)
        run->sets[i] = options->settings.sets[i];
    if (list_length(options->models) > 1 && json_object_set_new(run->set, "model", model_name(run->model)) != 0)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    for (int i = 0; i < grid->naxes; i++) {
        const char *name = grid->axes[i].name, *value;

        if (chosen[i] < 0)
            continue;
        value = run->sets[next++] = grid->axes[i].values[chosen[i]];
        if (json_object_set_new(run->set, name, json_string(value + strlen(name) + 1)) != 0)
            return fer_fail(err, FER_EINVAL, "a value of %s is not UTF-8", name);
    }
    return name_run(run, err);
}

/* Combination `index` of grid g for a model and a seed: the last axis turns fastest. */
static enum fer_status make_run(struct fer_grid *grid, const struct fer_sweep_options *options, int g, int index,
                                struct fer_grid_run *run, struct fer_error *err)
{
    int chosen[FER_GRID_AXES];

    for (int i = grid->naxes - 1; i >= 0; i--) {
        chosen[i] = grid->grid[i] == g ? index % grid->axes[i].count : -1;
        index /= grid->grid[i] == g ? grid->axes[i].count : 1;
    }
    return fill_run(run, grid, options, chosen, err);
}

/* Seeds, then models, then grids, then their combinations. */
static enum fer_status make_runs(struct fer_grid *grid, const struct fer_sweep_options *options, struct fer_error *err)
{
    int seeds = options->nseeds > 0 ? options->nseeds : 1, models = list_length(options->models), next = 0;
    enum fer_status status = FER_OK;

    for (int s = 0; s < seeds; s++) {
        for (int m = 0; m < models; m++) {
            for (int g = 0; g < grid->ngrids; g++) {
                for (int i = 0; status == FER_OK && i < grid_size(grid, g); i++) {
                    struct fer_grid_run *run = &grid->runs[next++];

                    run->model = options->models[m];
                    run->seed = options->nseeds > 0 ? options->seeds[s] : options->settings.seed;
                    status = make_run(grid, options, g, i, run, err);
                }
            }
        }
    }
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum fer_status check_names(const struct fer_grid *grid, struct fer_error *err)
{
    const char **names = calloc((size_t)grid->count, sizeof(*names));
    enum fer_status status = names ? FER_OK : fer_fail(err, FER_ENOMEM, "out of memory");

    for (int i = 0; names && i < grid->count; i++)
        names[i] = grid->runs[i].name;
    if (names)
        qsort(names, (size_t)grid->count, sizeof(*names), compare_names);
    for (int i = 1; status == FER_OK && i < grid->count; i++) {
        if (strcmp(names[i], names[i - 1]) == 0)
            status = fer_fail(err, FER_EINVAL,
                              "two runs would be called %s; is a seed, a description or a combination there twice?",
                              names[i]);
    }
    free(names);
    return status;
}

enum fer_status fer_grid_create(const struct fer_sweep_options *options, struct fer_grid *grid, struct fer_error *err)
{
    enum fer_status status;

    *grid = (struct fer_grid){ 0 };
    if (list_length(options->models) == 0)
        return fer_fail(err, FER_EINVAL, "which description?");
    status = read_axes(grid, options, err);
    if (status != FER_OK)
        return status;
    grid->count = count_runs(grid, list_length(options->models), options->nseeds > 0 ? options->nseeds : 1);
    if (grid->count == 0)
        return fer_fail(err, FER_EINVAL, "these are more than %d runs", RUNS_MAX);
    grid->runs = calloc((size_t)grid->count, sizeof(*grid->runs));
    if (!grid->runs)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    status = make_runs(grid, options, err);
    return status == FER_OK ? check_names(grid, err) : status;
}

void fer_grid_free(struct fer_grid *grid)
{
    for (int i = 0; grid->runs && i < grid->count; i++) {
        free(grid->runs[i].name);
        free(grid->runs[i].sets);
        json_decref(grid->runs[i].set);
    }
    for (int i = 0; i < grid->naxes; i++)
        fer_axis_clear(&grid->axes[i]);
    free(grid->runs);
    *grid = (struct fer_grid){ 0 };
}
