/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct args {
    struct common common;
    const char *model;
    int size, batch, steps, classes, channels;
    bool training, profile;
};

enum { KEY_SIZE = 0x200, KEY_BATCH, KEY_STEPS, KEY_MODE, KEY_PROFILE, KEY_CLASSES, KEY_CHANNELS };

static const struct argp_option options[] = {
    { "size", KEY_SIZE, "N", 0, "side of the pictures [224]", 0 },
    { "batch", KEY_BATCH, "N", 0, "pictures in a step [8]", 0 },
    { "steps", KEY_STEPS, "N", 0, "steps to time, after two that are not [10]", 0 },
    { "mode", KEY_MODE, "infer|train", 0, "forward, or forward, backward and update [infer]", 0 },
    { "classes", KEY_CLASSES, "N", 0, "of a plugin's model [1000]", 0 },
    { "channels", KEY_CHANNELS, "N", 0, "of the pictures, 1 or 3 [3]", 0 },
    { "profile", KEY_PROFILE, NULL, 0, "also time by operation", 0 },
    { 0 },
};

static int count_of(struct argp_state *state, const char *name, const char *value)
{
    char *end;
    long number = strtol(value, &end, 10);

    if (*end || number < 1 || number > 1000000)
        argp_error(state, "--%s=%s should be a whole number of at least 1", name, value);
    return (int)number;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &args->common; return 0;
    case KEY_SIZE: args->size = count_of(state, "size", value); return 0;
    case KEY_BATCH: args->batch = count_of(state, "batch", value); return 0;
    case KEY_STEPS: args->steps = count_of(state, "steps", value); return 0;
    case KEY_CLASSES: args->classes = count_of(state, "classes", value); return 0;
    case KEY_CHANNELS: args->channels = count_of(state, "channels", value); return 0;
    case KEY_PROFILE: args->profile = true; return 0;
    case KEY_MODE:
        if (strcmp(value, "infer") != 0 && strcmp(value, "train") != 0)
            argp_error(state, "--mode=%s should be infer or train", value);
        args->training = strcmp(value, "train") == 0;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "too many arguments; put a model with parameters in quotes: 'resnet depth=18 width=32'");
        args->model = value;
        return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which description, or which model of a plugin?"); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* The plugin that has the model, "" when none does. */
static void find_plugin(struct fer_context *context, const char *model, char *plugin, size_t size)
{
    struct fer_error err = FER_ERROR_INIT;
    const json_t *entry;
    json_t *entries;
    char *text;
    size_t i;

    plugin[0] = '\0';
    if (fer_inspect_entry(context, model, &text, &err) != FER_OK)
        return;
    entries = parse_report(text);
    json_array_foreach(entries, i, entry) {
        if (strcmp(text_of(entry, "kind"), "model") == 0 && strcmp(text_of(entry, "name"), model) == 0)
            snprintf(plugin, size, "%s", text_of(entry, "plugin"));
    }
    json_decref(entries);
}

/* "resnet18" is `resnet depth=18`, "resnet depth=18 width=32" is itself. */
static bool find_call(struct fer_context *context, const char *model, char *call, size_t size, char *plugin,
                      size_t plugin_size)
{
    size_t length = strcspn(model, " "), digits = length;
    char name[64];

    if (length >= sizeof(name))
        return false;
    memcpy(name, model, length);
    name[length] = '\0';
    find_plugin(context, name, plugin, plugin_size);
    if (plugin[0]) {
        snprintf(call, size, "%s", model);
        return true;
    }
    while (digits > 0 && isdigit((unsigned char)name[digits - 1]))
        digits--;
    if (digits == length || digits == 0)
        return false;
    name[digits] = '\0';
    find_plugin(context, name, plugin, plugin_size);
    snprintf(call, size, "%s depth=%s", name, model + digits);
    return plugin[0] != '\0';
}

/* A description around a plugin's model; NULL: there is none of this name. */
static char *write_description(struct fer_context *context, const struct args *args)
{
    char plugin[64], call[256], *text;
    int length;

    if (!find_call(context, args->model, call, sizeof(call), plugin, sizeof(plugin)))
        return NULL;
    if (args->training)
        length = asprintf(&text,
                          "fer 1\nuse %s, loss, optim, synthface\nnet model = %s%s\n"
                          "data train -> image, label = synthface classes=7 count=%d size=%d channels=%d | batch %d\n"
                          "stage train over train until step=1000000 {\n  logits = image | model\n"
                          "  loss ce = logits, label | cross_entropy\n  minimize ce\n"
                          "  update model with sgd lr=0.01 momentum=0.9 decay=1e-4\n}\n",
                          plugin, call, strstr(call, "classes=") ? "" : " classes=$classes", args->batch, args->size,
                          args->channels, args->batch);
    else
        length = asprintf(&text,
                          "fer 1\nuse %s\nnet model = %s%s\n"
                          "predict infer(image: f32[%d,%d,%d]) -> logits { logits = image | model }\n",
                          plugin, call, strstr(call, "classes=") ? "" : " classes=$classes", args->channels, args->size,
                          args->size);
    if (length >= 0 && !strstr(call, "classes=")) {
        char *whole;

        if (asprintf(&whole, "fer 1\nlet classes = %d\n%s", args->classes, text + strlen("fer 1\n")) < 0)
            whole = NULL;
        free(text);
        return whole;
    }
    return length < 0 ? NULL : text;
}

static void print(const json_t *report)
{
    const json_t *row;
    size_t i;

    printf("%s, %s, batch %.0f on %s\n", text_of(report, "model"),
           strcmp(text_of(report, "mode"), "train") == 0 ? "training" : "inference", number_of(report, "batch"),
           text_of(report, "device"));
    printf("  %.2f images a second (%.1f ms a step, the fastest %.1f)\n", number_of(report, "images_per_second"),
           1e3 * number_of(report, "seconds_per_step"), 1e3 * number_of(report, "fastest_step"));
    printf("  %.2f s to the first step, %s of device memory at most, %.0f parameters\n",
           number_of(report, "seconds_to_first_step"), bytes_text(number_of(report, "peak_device_memory")),
           number_of(report, "parameters"));
    if (!json_object_get(report, "operations"))
        return;
    printf("\n%-18s %-9s %10s %8s %10s %10s\n", "operation", "pass", "ms a step", "calls", "GFLOP/s", "GB/s");
    json_array_foreach(json_object_get(report, "operations"), i, row)
        printf("%-18s %-9s %10.3f %8.0f %10.1f %10.1f\n", text_of(row, "op"), text_of(row, "pass"),
               1e3 * number_of(row, "seconds") / number_of(report, "steps"),
               number_of(row, "runs") / number_of(report, "steps"), number_of(row, "gflops"), number_of(row, "gbytes"));
}

int cmd_bench(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "MODEL.fer|NAME",
                               .doc = "Time a description, or a plugin's model (resnet18, 'resnet depth=18 width=32').",
                               .children = COMMON_CHILDREN };
    struct args args = { .size = 224, .batch = 8, .steps = 10, .classes = 1000, .channels = 3 };
    struct fer_bench_options bench = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    char *text = NULL, *json;
    json_t *report;
    int result = EXIT_SUCCESS;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    if (!strchr(args.model, '/') && !strstr(args.model, ".fer")) {
        text = write_description(context, &args);
        if (!text)
            return report_failure(&(struct fer_error){
                .text = "no plugin has a model of this name (`fer plugins` lists them), and it is no .fer file" });
    }
    bench.settings = common_settings(&args.common);
    bench.text = text;
    bench.batch = args.batch;
    bench.steps = args.steps;
    bench.training = args.training;
    bench.profile = args.profile;
    if (fer_bench(context, args.model, &bench, &json, &err) != FER_OK) {
        result = report_failure(&err);
    } else {
        report = parse_report(json);
        if (args.common.json)
            print_json(report);
        else
            print(report);
        json_decref(report);
    }
    free(text);
    fer_context_free(context);
    common_free(&args.common);
    return finish(result);
}
