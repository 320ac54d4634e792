/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands share.  The command line uses nothing of libfer but its public functions.
 *
 * Results go to standard output, talk to standard error.  Exit status: 0 it worked, 1 it did not, 2 the command line is
 * wrong, 128 + signal when stopped.
 */
#ifndef FER_CLI_H
#define FER_CLI_H

#include <argp.h>
#include <fer/fer.h>
#include <jansson.h>
#include <stdio.h>

enum { EXIT_USAGE = 2 };

/* Options that (nearly) every command takes. */
struct common {
    const char *device, *without, *precision;
    uint64_t seed;
    bool seed_set, json, quiet, verbose;
    int place;                 /* of several processes on this machine */
    bool mute;                 /* another process speaks for this one */
    const char **sets, **data; /* "name=value", NULL-terminated; point into argv */
    int nsets, ndata;
    unsigned given, dropped; /* enum common_option */
    const char *why;         /* … they are dropped */
};
/* Those that are not for every command; how much is said is. */
enum common_option {
    OPTION_DEVICE = 1 << 0,
    OPTION_SEED = 1 << 1,
    OPTION_SET = 1 << 2,
    OPTION_DATA = 1 << 3,
    OPTION_JSON = 1 << 4,
    OPTION_WITHOUT = 1 << 5,
    OPTION_PRECISION = 1 << 6,
    OPTIONS_COMPUTING = OPTION_DEVICE | OPTION_WITHOUT | OPTION_PRECISION,
    OPTIONS_SETTINGS = OPTION_SET | OPTION_DATA,
    OPTIONS_BUT_JSON = OPTIONS_COMPUTING | OPTIONS_SETTINGS | OPTION_SEED
};
extern const struct argp common_argp; /* a child parser; its input is a struct common * */
/* An argp parser of a command lists this and hands &args->common to child 0 on ARGP_KEY_INIT. */
#define COMMON_CHILDREN                                                                                                \
    (const struct argp_child[])                                                                                        \
    {                                                                                                                  \
        { &common_argp, 0, "Common options:", 10 },                                                                    \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

struct fer_settings common_settings(const struct common *common);

/* Parse with exit status 2 on a wrong command line; `args` begins with a struct common. */
void parse_arguments(const struct argp *argp, int argc, char **argv, void *args);
/* Add to a NULL-terminated list of words out of the arguments, not copied; it lives until forget_arguments, when a
 * command has returned. */
void append_word(struct argp_state *state, const char ***list, int *count, const char *word);
void forget_arguments(void);
/* The value of the option --name: 1 to most; otherwise usage and exit 2. */
long count_argument(struct argp_state *state, const char *name, const char *value, long most);
/* Likewise a whole number, or any, from `least` to `most`. */
long whole_argument(struct argp_state *state, const char *name, const char *value, long least, long most);
double number_argument(struct argp_state *state, const char *name, const char *value, double least, double most);
/* A seed at the beginning of a value; *end is behind it. */
uint64_t seed_argument(struct argp_state *state, const char *name, const char *value, char **end);
enum { COUNT_LIMIT = 1000000 }; /* of what fills memory: sizes, batches, steps */
/* Usage and exit 2 where one of `options` was given to a command that has no use for it; `why` ends the sentence. */
void refuse_options(struct argp_state *state, const struct common *common, unsigned options, const char *why);
/* On ARGP_KEY_INIT, before any option is seen: the command never has a use for `options`, so its help does not list
 * them, and they are refused in the same words. */
void drop_options(struct common *common, unsigned options, const char *why);
/* Exactly or at least so many operands; otherwise usage and exit 2. */
void need_operands(struct argp_state *state, unsigned least, unsigned most);

/* The command's context, which talks to standard error; exits on failure.  close_context is main's, when the command
 * has returned, whatever it came to. */
struct fer_context *open_context(const struct common *common);
void close_context(void);
/* Print "fer: sentence" unless diagnostics have been shown already; returns 1. */
int report_failure(const struct fer_error *err);

/* Parse a report of the library; never NULL. */
json_t *parse_report(char *text);
/* Pretty JSON and a newline to standard output. */
void print_json(const json_t *value);
/* Into an object or a list, which takes the value; without memory for either the command ends. */
void json_put(json_t *object, const char *name, json_t *value);
void json_add(json_t *list, json_t *value);
/* A number; null where it is none. */
json_t *json_number(double value);
/* What is said about a picture, on a line of its own; takes the object. */
void print_json_line(json_t *object);
/* A name or a label as it may stand on a line of text: \t, \n, \\, and \x1b for other control characters, which a
 * terminal would obey. */
void put_name(FILE *out, const char *name);
/* A sentence with names in it, on standard error: likewise, but lines and tabs stay. */
void put_sentence(const char *text);
/* A field of a CSV, in quotes where it has to be. */
void print_csv(const char *text, size_t length);
/* A file's name as JSON has it: what is not UTF-8 in it is U+FFFD. */
json_t *json_path(const char *path);
/* A string or number member, with a default. */
const char *text_of(const json_t *object, const char *key);
double number_of(const json_t *object, const char *key);
/* What `fer plugins show` found, as Markdown on standard output. */
void print_reference(const json_t *entries);
/* "1.5 GiB" into one of a few static texts. */
const char *bytes_text(double bytes);
/* Flush standard output; 1 when that fails (a full disk, a closed pipe), else `status`. */
int finish(int status);

/* The command line before argp permutes it: malloc'ed, exits when there is no memory. */
char **copy_arguments(int argc, char **argv);
/* The command that goes on with an interrupted run: this one, with --resume. */
void say_how_to_resume(int argc, char **argv, bool resuming);
/* A report of fer_sweep_report for people, on standard output. */
void print_table(const json_t *report);

/* SIGINT, SIGTERM and SIGHUP: the first is remembered; of the others a SIGINT or SIGTERM ends the process as usual.
 * Before the first OpenCL call. */
void catch_signals(void);
extern volatile int stop_signal; /* the signal's number, 0: none */

/* A bar with rate and time left on a terminal, a plain line now and then elsewhere.  user: a struct common. */
void show_progress(void *user, const struct fer_progress *progress);
/* Say on a terminal what is being built, until it is cleared; empty: nothing any more. */
void show_building(const char *what);
/* Take either away before other text. */
void clear_progress(void);

int cmd_bench(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_devices(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_fmt(int argc, char **argv);
int cmd_grad(int argc, char **argv);
int cmd_occlude(int argc, char **argv);
int cmd_pack(int argc, char **argv);
int cmd_plugins(int argc, char **argv);
int cmd_detect(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_study(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_tune(int argc, char **argv);

#endif
