/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

struct args {
    struct common common;
    bool show, markdown;
    const char *name;
};

static const struct argp_option options[] = {
    { "markdown", 'm', NULL, 0, "show: as a page of reference in Markdown, of all that the plugin NAME has", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &args->common;
        drop_options(&args->common, OPTIONS_BUT_JSON, "plugins are shown as they are");
        return 0;
    case 'm': args->markdown = true; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0 && strcmp(value, "show") == 0)
            args->show = true;
        else if (state->arg_num == 1)
            args->name = value;
        else
            argp_error(state, "'%s' is not understood; say `fer plugins`, or `fer plugins show NAME`", value);
        return 0;
    case ARGP_KEY_END:
        if (args->show && !args->name)
            argp_error(state, "show needs a name");
        if (args->markdown && !args->show)
            argp_error(state, "--markdown goes with show NAME");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void print_plugin(const json_t *plugin)
{
    const json_t *provides = json_object_get(plugin, "provides"), *entry;
    const char *kind = "";
    size_t i;

    if (!provides) {
        printf("%s\n", text_of(plugin, "refusal"));
        return;
    }
    printf("%s %s  %s%s", text_of(plugin, "name"), text_of(plugin, "version"), text_of(plugin, "help"),
           json_is_true(json_object_get(plugin, "shadowed")) ? " (hidden by another of this name)" : "");
    json_array_foreach(provides, i, entry)
    {
        if (strcmp(kind, text_of(entry, "kind")) != 0) {
            kind = text_of(entry, "kind");
            printf("\n  %-10s", kind);
        }
        printf(" %s", text_of(entry, "name"));
    }
    putchar('\n');
}

static void print_range(const json_t *param)
{
    const json_t *choices = json_object_get(param, "choices"), *choice;
    const json_t *low = json_object_get(param, "min"), *high = json_object_get(param, "max");
    size_t i;

    if (low && fabs(json_number_value(low)) < 1e300 && fabs(json_number_value(high)) < 1e300)
        printf(" in [%.10g, %.10g]", json_number_value(low), json_number_value(high));
    json_array_foreach(choices, i, choice) printf("%s%s", i == 0 ? " out of " : ", ", json_string_value(choice));
}

static void print_entry(const json_t *entry)
{
    const json_t *param;
    size_t i;

    printf("%s.%s (%s)\n  %s\n", text_of(entry, "plugin"), text_of(entry, "name"), text_of(entry, "kind"),
           text_of(entry, "help"));
    json_array_foreach(json_object_get(entry, "params"), i, param)
    {
        printf("  %-16s %s", text_of(param, "name"), text_of(param, "type"));
        print_range(param);
        if (json_is_true(json_object_get(param, "required")))
            printf(", required");
        else if (text_of(param, "default")[0])
            printf(", default %s", text_of(param, "default"));
        printf("\n  %-16s   %s\n", "", text_of(param, "help"));
    }
    putchar('\n');
}

/* All of a plugin even where one of its entries has its name, as in resnet. */
static enum fer_status inspect(struct fer_context *context, const struct args *args, char **text, struct fer_error *err)
{
    char all[256];

    if (!args->show)
        return fer_inspect_plugins(context, text, err);
    if (!args->markdown || strchr(args->name, '.') || strlen(args->name) > sizeof(all) - 3)
        return fer_inspect_entry(context, args->name, text, err);
    snprintf(all, sizeof(all), "%s.*", args->name);
    return fer_inspect_entry(context, all, text, err);
}

int cmd_plugins(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "\nshow NAME",
                               .doc =
                                   "List the plugins and what they provide, or show everything about a plugin or one "
                                   "of its operations: parameters, ranges and defaults.",
                               .children = COMMON_CHILDREN };
    struct args args = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    enum fer_status status;
    json_t *report, *row;
    char *text;
    size_t i;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    status = inspect(context, &args, &text, &err);
    if (status != FER_OK)
        return report_failure(&err);
    report = parse_report(text);
    if (args.common.json) {
        print_json(report);
    } else if (args.markdown) {
        print_reference(report);
    } else {
        if (json_array_size(report) == 0)
            fputs(
                "fer: no plugin was found; FER_PLUGIN_PATH names folders that are searched before the installed one\n",
                stderr);
        json_array_foreach(report, i, row)(args.show ? print_entry : print_plugin)(row);
    }
    json_decref(report);
    return finish(EXIT_SUCCESS);
}
