/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

enum { KEY_SIZE = 0x300, KEY_BATCH, KEY_MODE, KEY_CLASSES, KEY_CHANNELS, KEY_PREDICT, KEY_STAGE };

static const struct argp_option options[] = {
    { "size", KEY_SIZE, "N", 0, "side of the pictures, of a plugin's model [224]", 0 },
    { "batch", KEY_BATCH, "N", 0, "pictures in a step; a description's stage has its own [8]", 0 },
    { "mode", KEY_MODE, "infer|train", 0, "forward, or forward, backward and update [infer]", 0 },
    { "classes", KEY_CLASSES, "N", 0, "of a plugin's model [1000]", 0 },
    { "channels", KEY_CHANNELS, "N", 0, "of its pictures, 1 or 3 [3]", 0 },
    { "predict", KEY_PREDICT, "NAME", 0, "this predict block of a description", 0 },
    { "stage", KEY_STAGE, "NAME", 0, "this stage of a description, which implies --mode=train", 0 },
    { 0 },
};

static bool was_given(const struct network *network, int key)
{
    return network->given & 1U << (key - KEY_SIZE);
}

/* Nothing that was said is left without effect. */
static void check(const struct network *network, struct argp_state *state)
{
    static const struct {
        int key;
        const char *name;
    } sizes[] = { { KEY_SIZE, "size" }, { KEY_CLASSES, "classes" }, { KEY_CHANNELS, "channels" } };
    const bool file = network->model && network_is_file(network);

    if (was_given(network, KEY_PREDICT) && was_given(network, KEY_STAGE))
        argp_error(state, "--predict or --stage: not both");
    if (was_given(network, KEY_MODE) && network->block && network->training != was_given(network, KEY_STAGE))
        argp_error(state, "--predict is --mode=infer, --stage is --mode=train");
    if (network->block && !file)
        argp_error(state, "--predict and --stage name a block of a description (MODEL.fer)");
    for (size_t i = 0; file && i < sizeof(sizes) / sizeof(*sizes); i++) {
        if (was_given(network, sizes[i].key))
            argp_error(state, "--%s is for a plugin's model; a description says it itself", sizes[i].name);
    }
    if (file && (network->training || was_given(network, KEY_STAGE)) && was_given(network, KEY_BATCH))
        argp_error(state, "--batch: the data of a description's stage says it (| batch N; perhaps --set)");
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct network *network = state->input;

    if (key >= KEY_SIZE && key <= KEY_STAGE)
        network->given |= 1U << (key - KEY_SIZE);
    switch (key) {
    case KEY_SIZE: network->size = (int)count_argument(state, "size", value, COUNT_LIMIT); return 0;
    case KEY_BATCH: network->batch = (int)count_argument(state, "batch", value, COUNT_LIMIT); return 0;
    case KEY_CLASSES: network->classes = (int)count_argument(state, "classes", value, COUNT_LIMIT); return 0;
    case KEY_CHANNELS: network->channels = (int)count_argument(state, "channels", value, COUNT_LIMIT); return 0;
    case KEY_MODE:
        if (strcmp(value, "infer") != 0 && strcmp(value, "train") != 0)
            argp_error(state, "--mode=%s should be infer or train", value);
        network->training = strcmp(value, "train") == 0;
        return 0;
    case KEY_PREDICT: network->block = value; return 0;
    case KEY_STAGE: network->block = value; return 0;
    case ARGP_KEY_END:
        check(network, state);
        network->training = network->training || was_given(network, KEY_STAGE);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp network_argp = { options, parse, NULL, NULL, NULL, NULL, NULL };

bool network_is_file(const struct network *network)
{
    return strchr(network->model, '/') || strstr(network->model, ".fer");
}

int report_no_network(const struct network *network)
{
    struct fer_error err;

    fer_fail(&err, FER_ENOTFOUND, "no plugin has a model '%.100s' (`fer plugins` lists them), and it is no .fer file",
             network->model);
    return report_failure(&err);
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
    json_array_foreach(entries, i, entry)
    {
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
char *network_text(struct fer_context *context, const struct network *network)
{
    char plugin[64], call[256], *text;
    int length;

    if (!find_call(context, network->model, call, sizeof(call), plugin, sizeof(plugin)))
        return NULL;
    if (network->training)
        length = asprintf(&text,
                          "fer 1\nuse %s, loss, optim, data\nnet model = %s%s\n"
                          "data train -> image, label = noise classes=7 count=%d size=%d channels=%d | batch %d\n"
                          "stage train over train until step=1000000 {\n  logits = image | model\n"
                          "  loss ce = logits, label | cross_entropy\n  minimize ce\n"
                          "  update model with sgd lr=0.01 momentum=0.9 decay=1e-4\n}\n",
                          plugin, call, strstr(call, "classes=") ? "" : " classes=$classes", network->batch,
                          network->size, network->channels, network->batch);
    else
        length = asprintf(&text,
                          "fer 1\nuse %s\nnet model = %s%s\n"
                          "predict infer(image: f32[%d,%d,%d]) -> logits { logits = image | model }\n",
                          plugin, call, strstr(call, "classes=") ? "" : " classes=$classes", network->channels,
                          network->size, network->size);
    if (length >= 0 && !strstr(call, "classes=")) {
        char *whole;

        if (asprintf(&whole, "fer 1\nlet classes = %d\n%s", network->classes, text + strlen("fer 1\n")) < 0)
            whole = NULL;
        free(text);
        return whole;
    }
    return length < 0 ? NULL : text;
}
