/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

struct args {
    struct common common;
    const char *source, *out, *reader, *labels;
};

enum { KEY_OUT = 0x200, KEY_READER, KEY_LABELS };

static const struct argp_option options[] = {
    { "out", KEY_OUT, "FILE", 0, "the packed file", 0 },
    { "reader", KEY_READER, "NAME", 0, "how to read it [folder; fer2013 or manifest by a CSV's header]; with its "
                                       "parameters in quotes: 'ferplus images=\"png/\"'", 0 },
    { "labels", KEY_LABELS, "A,B,...", 0, "class names in their order [those that the data has]", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct args *args = state->input;

    switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &args->common; return 0;
    case KEY_OUT: args->out = value; return 0;
    case KEY_READER: args->reader = value; return 0;
    case KEY_LABELS: args->labels = value; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "too many arguments");
        args->source = value;
        return 0;
    case ARGP_KEY_END:
        if (!args->source || !args->out)
            argp_error(state, args->source ? "--out=FILE is missing" : "which folder or CSV file?");
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

/* A folder is a folder; a CSV with a column of pixels is FER2013's. */
static const char *guess_reader(const char *source)
{
    struct stat info;
    char header[256] = "";
    FILE *file;

    if (stat(source, &info) == 0 && S_ISDIR(info.st_mode))
        return "folder";
    file = fopen(source, "r");
    if (file) {
        if (!fgets(header, sizeof(header), file))
            header[0] = '\0';
        fclose(file);
    }
    return strstr(header, "pixels") ? "fer2013" : "manifest";
}

static void put_string(FILE *out, const char *text, size_t length)
{
    fputc('"', out);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"' || text[i] == '\\')
            fputc('\\', out);
        fputc(text[i], out);
    }
    fputc('"', out);
}

/* A description with nothing but this data set.  malloc'ed. */
static char *write_description(const struct args *args)
{
    const char *call = args->reader ? args->reader : guess_reader(args->source), *rest = strchr(call, ' ');
    int name = rest ? (int)(rest - call) : (int)strlen(call);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs("fer 1\nuse data\n", out);
    for (const char *label = args->labels; label; label = label[strcspn(label, ",")] ? strchr(label, ',') + 1 : NULL) {
        fputs(label == args->labels ? "labels " : ", ", out);
        put_string(out, label, strcspn(label, ","));
    }
    fprintf(out, "\ndata all -> id = %.*s ", name, call);
    put_string(out, args->source, strlen(args->source));
    fprintf(out, "%s | batch 1\n", rest ? rest : "");
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

int cmd_pack(int argc, char **argv)
{
    const struct argp argp = { .options = options,
                               .parser = parse,
                               .args_doc = "DIR|CSV",
                               .doc = "Decode a data set once, into a file that every reader accepts in place of its folder "
                                      "or CSV: for devices that are faster than a JPEG decoder.",
                               .children = COMMON_CHILDREN };
    struct args args = { 0 };
    struct fer_pack_options pack = { 0 };
    struct fer_error err = FER_ERROR_INIT;
    struct fer_context *context;
    enum fer_status status;
    char *text;
    int result = EXIT_SUCCESS;

    parse_arguments(&argp, argc, argv, &args);
    catch_signals();
    context = open_context(&args.common);
    text = write_description(&args);
    if (!text)
        return report_failure(&(struct fer_error){ .status = FER_ENOMEM, .text = "out of memory" });
    pack.settings = common_settings(&args.common);
    pack.text = text;
    pack.stop = &stop_signal;
    pack.progress = show_progress;
    pack.user = &args;
    status = fer_pack_data(context, args.source, "all", args.out, &pack, &err);
    clear_progress();
    if (status != FER_OK)
        result = report_failure(&err);
    if (status == FER_EINTERRUPTED)
        result = 128 + stop_signal;
    free(text);
    fer_context_free(context);
    common_free(&args.common);
    return finish(result);
}
