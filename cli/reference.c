/* SPDX-License-Identifier: Apache-2.0
 *
 * A plugin's page of reference in Markdown, out of its tables: `fer plugins show NAME --markdown`.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

/* A '|' would end the table's cell. */
static void put_cell(const char *text)
{
    for (; *text; text++)
        *text == '|' ? fputs("\\|", stdout) : putchar(*text);
}

static void print_values(const json_t *param)
{
    const json_t *low = json_object_get(param, "min"), *high = json_object_get(param, "max"), *choice;
    bool ranged = low && (fabs(json_number_value(low)) < 1e30 || fabs(json_number_value(high)) < 1e30);
    size_t i;

    if (ranged)
        printf("%.10g … %.10g", json_number_value(low), json_number_value(high));
    json_array_foreach(json_object_get(param, "choices"), i, choice) printf("%s`%s`",
                                                                            i > 0    ? ", "
                                                                            : ranged ? " or "
                                                                                     : "",
                                                                            json_string_value(choice));
}

static void print_params(const json_t *params)
{
    const json_t *param;
    size_t i;

    if (json_array_size(params) == 0)
        return;
    puts("\n| parameter | type | default | values | meaning |\n|---|---|---|---|---|");
    json_array_foreach(params, i, param)
    {
        printf("| `%s` | %s | ", text_of(param, "name"), text_of(param, "type"));
        if (json_is_true(json_object_get(param, "required")))
            fputs("required", stdout);
        else if (text_of(param, "default")[0])
            printf("`%s`", text_of(param, "default"));
        fputs(" | ", stdout);
        print_values(param);
        fputs(" | ", stdout);
        put_cell(text_of(param, "help"));
        puts(" |");
    }
}

/* "1 input", "1 to 16 inputs" */
static void print_count(const json_t *range, const char *noun)
{
    int least = (int)json_integer_value(json_array_get(range, 0)),
        most = (int)json_integer_value(json_array_get(range, 1));

    if (least == most)
        printf("%d %s%s", most, noun, most == 1 ? "" : "s");
    else
        printf("%d to %d %ss", least, most, noun);
}

static void print_fields(const char *title, const json_t *fields)
{
    const json_t *field;
    size_t i;

    json_array_foreach(fields, i, field)
    {
        const char *name = json_string_value(field);
        bool optional = name[0] == '?';

        printf("%s%s%s", i > 0 ? ", " : title, name + optional, optional ? " (if there)" : "");
    }
}

static void print_flow(const json_t *entry)
{
    const json_t *inputs = json_object_get(entry, "inputs");

    if (!inputs)
        return;
    putchar('\n');
    print_count(inputs, "input");
    if (strcmp(text_of(entry, "kind"), "metric") != 0) {
        fputs(", ", stdout);
        print_count(json_object_get(entry, "outputs"), "output");
        fputs(json_is_true(json_object_get(entry, "gradient")) ? "; has a gradient" : "; no gradient", stdout);
    }
    if (json_is_true(json_object_get(entry, "loss")))
        fputs("; a loss", stdout);
    putchar('.');
    if (json_equal(json_object_get(entry, "reads"), json_object_get(entry, "writes"))) {
        print_fields(" In a data pipeline, after `batch`: reads and sets ", json_object_get(entry, "reads"));
    } else {
        print_fields(" In a data pipeline, after `batch`: reads ", json_object_get(entry, "reads"));
        print_fields("; sets ", json_object_get(entry, "writes"));
    }
    puts(json_array_size(json_object_get(entry, "reads")) > 0 ? "." : "");
}

void print_reference(const json_t *entries)
{
    const char *kind = "";
    const json_t *entry;
    size_t i;

    json_array_foreach(entries, i, entry)
    {
        if (strcmp(kind, text_of(entry, "kind")) != 0) {
            kind = text_of(entry, "kind");
            printf("%s## %c%ss\n", i > 0 ? "\n" : "", kind[0] - 'a' + 'A', kind + 1);
        }
        printf("\n### %s\n\n%s\n", text_of(entry, "name"), text_of(entry, "help"));
        print_flow(entry);
        print_params(json_object_get(entry, "params"));
    }
}
