/* SPDX-License-Identifier: Apache-2.0
 *
 * A data set that the command line names, as the text of a description.
 */
#ifndef FER_CLI_DATASET_H
#define FER_CLI_DATASET_H

#include <argp.h>

struct dataset {
    const char *source; /* a folder or a CSV file; NULL: the reader needs none */
    /* "name", or "name parameters | transforms"; NULL: folder, fer2013 or manifest, by the source */
    const char *reader;
    const char *split;  /* NULL: all */
    const char *labels; /* "a,b,c"; NULL: those that the data has */
    const char *uses;   /* "data, occlude" */
    const char *after;  /* operations behind `batch`; NULL: none */
};

/* DIR|CSV, --reader and --labels: a child parser whose input is a struct dataset *. */
extern const struct argp dataset_argp;

/* A description with nothing but the data set `all`; malloc'ed, NULL when out of memory. */
char *dataset_text(const struct dataset *dataset);

#endif
