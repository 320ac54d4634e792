/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli.h"

struct args {
    struct common common;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    (void)value;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &args->common;
        drop_options(&args->common, OPTIONS_BUT_JSON, "all devices are listed as they are");
    } else if (key == ARGP_KEY_ARG) {
        argp_error(state, "too many arguments");
    } else {
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void print(const json_t *device)
{
    printf("%2d  %s\n", (int)number_of(device, "index"), text_of(device, "name"));
    printf("    %s, %s, driver %s\n", text_of(device, "platform"), text_of(device, "version"),
           text_of(device, "driver"));
    printf("    %s with %d compute units, %s (at most %s at once), %s kernels\n", text_of(device, "type"),
           (int)number_of(device, "compute_units"), bytes_text(number_of(device, "global_memory")),
           bytes_text(number_of(device, "max_allocation")), text_of(device, "profile"));
}

int cmd_devices(int argc, char **argv)
{
    const struct argp argp = {
        .parser = parse,
        .doc = "List the OpenCL devices.  --device of other commands takes a number or a part of a name.",
        .children = COMMON_CHILDREN
    };
    struct args args = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    json_t *devices;
    char *text;
    size_t i;
    json_t *device;

    parse_arguments(&argp, argc, argv, &args);
    context = open_context(&args.common);
    if (fer_inspect_devices(context, &text, &err) != FER_OK)
        return report_failure(&err);
    devices = parse_report(text);
    if (args.common.json)
        print_json(devices);
    else
        json_array_foreach(devices, i, device) print(device);
    json_decref(devices);
    return finish(EXIT_SUCCESS);
}
