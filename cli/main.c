/* SPDX-License-Identifier: Apache-2.0
 *
 * fer COMMAND …: finds the command and lets it go.
 */
#include <fcntl.h>
#include <fer/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static const struct command {
    const char *name, *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "devices", "list the OpenCL devices", cmd_devices },
    { "plugins", "list the plugins, or show NAME: what one provides", cmd_plugins },
    { "check", "check a description", cmd_check },
    { "fmt", "print a description in the canonical way", cmd_fmt },
    { "show", "show shapes, launches, memory, or the pictures of a data set", cmd_show },
    { "train", "train a description into a directory", cmd_train },
    { "sweep", "train and test every combination of values", cmd_sweep },
    { "study", "list the papers' studies, or run one", cmd_study },
    { "eval", "run the tests of a checkpoint", cmd_eval },
    { "compare", "say how sure one of two is better on the same samples", cmd_compare },
    { "predict", "say what a checkpoint sees in pictures", cmd_predict },
    { "detect", "say where faces are in pictures", cmd_detect },
    { "explain", "show what a checkpoint sees: masks, activation maps", cmd_explain },
    { "run", "run one net on given tensors", cmd_run },
    { "grad", "compare gradients with finite differences", cmd_grad },
    { "bench", "measure a network's speed", cmd_bench },
    { "tune", "find the fastest solvers for a network here", cmd_tune },
    { "occlude", "write a covered copy of a data set", cmd_occlude },
    { "pack", "decode a data set once, into one file", cmd_pack },
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void print_usage(FILE *out)
{
    fputs("Usage: fer COMMAND [OPTION...] [ARGUMENT...]\n"
          "Train and run facial-expression networks on any OpenCL device.\n\n",
          out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    fputs("\n`fer COMMAND --help` lists a command's options; `fer --version` prints the version.\n", out);
}

/* Threads of PoCL that are bound to cores are up to twice as fast.  Not over the binding of an MPI launcher: two ranks
 * on one machine would share cores. */
static void bind_pocl(void)
{
    static const char *const launchers[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "MPI_LOCALNRANKS",
                                             "SLURM_CPU_BIND" };

    for (size_t i = 0; i < sizeof(launchers) / sizeof(*launchers); i++) {
        if (getenv(launchers[i]))
            return;
    }
    setenv("POCL_AFFINITY", "1", 0);
}

/* The next file would get the number of a stream that came closed, and what is printed would be written into it.  What
 * stands in its place still fails: it is open the other way. */
static void hold_streams(void)
{
    static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

    for (int i = 0; i < 3; i++) {
        if (fcntl(i, F_GETFD) < 0 && open("/dev/null", modes[i]) < 0)
            exit(EXIT_FAILURE);
    }
}

static int is_option(const char *text, const char *name, char letter)
{
    return strcmp(text, name) == 0 || (text[0] == '-' && text[1] == letter && !text[2]);
}

/* `fer help COMMAND` is `fer COMMAND --help`. */
static int help(int argc, char **argv)
{
    static char option[] = "--help";

    if (argc < 3) {
        print_usage(stdout);
        return finish(EXIT_SUCCESS);
    }
    argv[1] = argv[2];
    argv[2] = option;
    return -1;
}

/* What other programs call it, how it begins, or what it nearly is. */
static const char *meant(const char *word)
{
    static const char *const others[][2] = { { "test", "eval" },         { "evaluate", "eval" },
                                             { "inference", "predict" }, { "analyze", "predict" },
                                             { "infer", "predict" },     { "format", "fmt" },
                                             { "benchmark", "bench" },   { "list", "plugins" },
                                             { "validate", "check" } };
    const char *names[COMMANDS + 1] = { NULL };

    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (strcmp(word, others[i][0]) == 0)
            return others[i][1];
    for (int i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
        if (strlen(word) > 1 && strncmp(word, names[i], strlen(word)) == 0)
            return names[i];
    }
    return fer_nearest_name(word, names);
}

static int refuse(const char *word)
{
    const char *near = meant(word);

    fputs("fer: there is no command '", stderr);
    put_name(stderr, word);
    fprintf(stderr, "'%s%s%s\nTry `fer --help' for all commands.\n", near ? "; did you mean '" : "", near ? near : "",
            near ? "'?" : "");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    char name[64];
    int status;

    hold_streams();
    bind_pocl();
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (is_option(argv[1], "--version", 'V') || strcmp(argv[1], "version") == 0) {
        printf("fer %s\n", fer_version());
        return finish(EXIT_SUCCESS);
    }
    if (is_option(argv[1], "--help", 'h') || strcmp(argv[1], "help") == 0) {
        status = help(argc, argv);
        if (status >= 0)
            return status;
    }
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        snprintf(name, sizeof(name), "fer %s", commands[i].name);
        argv[1] = name; /* as the usage shows it */
        status = commands[i].run(argc - 1, argv + 1);
        close_context();
        forget_arguments();
        return status;
    }
    return refuse(argv[1]);
}
