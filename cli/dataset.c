/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "pictures.h"

enum { KEY_READER = 0x300, KEY_LABELS };

static const struct argp_option options[] = {
    { "reader", KEY_READER, "NAME", 0,
      "how to read it [folder; fer2013 or manifest by a CSV's header]; with its parameters and "
      "transforms in quotes: 'folder valid=0.2 | resize 100'",
      0 },
    { "labels", KEY_LABELS, "A,B,...", 0, "class names in their order [those that the data has]", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct dataset *dataset = state->input;

    switch (key) {
    case KEY_READER: dataset->reader = value; return 0;
    case KEY_LABELS: dataset->labels = value; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "too many arguments");
        dataset->source = value;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

const struct argp dataset_argp = { options, parse, NULL, NULL, NULL, NULL, NULL };

/* Pictures and no folders beside them: they have no classes. */
static bool is_flat(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, NULL);
    bool pictures = false, folders = false;

    for (int i = 0; i < count; i++) {
        struct stat info;
        char *path;

        if (entries[i]->d_name[0] != '.' && asprintf(&path, "%s/%s", folder, entries[i]->d_name) >= 0) {
            folders |= stat(path, &info) == 0 && S_ISDIR(info.st_mode);
            pictures |= picture_named(entries[i]->d_name);
            free(path);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return pictures && !folders;
}

/* A folder is a folder, and what is not there was meant to be one unless it is called a CSV; a CSV with a column of
 * pixels is FER2013's. */
static const char *guess_reader(const char *source)
{
    struct stat info;
    char header[256] = "";
    FILE *file;

    if (stat(source, &info) == 0 ? S_ISDIR(info.st_mode) : !strstr(source, ".csv"))
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

char *dataset_text(const struct dataset *dataset)
{
    const char *call = dataset->reader ? dataset->reader : guess_reader(dataset->source), *rest = strchr(call, ' ');
    int name = rest ? (int)(rest - call) : (int)strlen(call);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fprintf(out, "fer 1\nuse %s\n", dataset->uses);
    for (const char *label = dataset->labels; label;
         label = label[strcspn(label, ",")] ? strchr(label, ',') + 1 : NULL) {
        fputs(label == dataset->labels ? "labels " : ", ", out);
        put_string(out, label, strcspn(label, ","));
    }
    fprintf(out, "\ndata all -> id = %.*s", name, call);
    if (dataset->source) {
        fputc(' ', out);
        put_string(out, dataset->source, strlen(dataset->source));
    }
    if (dataset->split) {
        fputs(" split=", out);
        put_string(out, dataset->split, strlen(dataset->split));
    }
    if (!dataset->reader && strcmp(call, "folder") == 0 && is_flat(dataset->source))
        fputs(" labels=no", out);
    fprintf(out, "%s | batch 1%s%s\n", rest ? rest : "", dataset->after ? " | " : "",
            dataset->after ? dataset->after : "");
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
