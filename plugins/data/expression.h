/* SPDX-License-Identifier: Apache-2.0
 *
 * The eight expressions: their canonical order, their names, and how each data set numbers or abbreviates them.
 * Nothing else in the plugin knows an order of classes.
 */
#ifndef DATA_EXPRESSION_H
#define DATA_EXPRESSION_H

#include "catalog.h"

/* The canonical order is FER+'s; contempt, which many sets lack, is last. */
enum expression { NEUTRAL, HAPPY, SURPRISE, SAD, ANGRY, DISGUST, FEAR, CONTEMPT, EXPRESSIONS };

/* How a data set numbers expressions: order[0] has the number `first`. */
struct numbering {
    int first, count;
    enum expression order[EXPRESSIONS];
};
enum {
    NUMBERS_NONE,
    NUMBERS_FER2013,
    NUMBERS_FERPLUS,
    NUMBERS_RAFDB,
    NUMBERS_AFFECTNET,
    NUMBERS_CKPLUS,
    NUMBERS_CKEXTENDED
};
extern const char *const numbering_names[]; /* by those; NULL ends */
extern const struct numbering numberings[];
#define NUMBERS_PARAM(s)                                                                                               \
    FER_PARAM_ENUM(s, numbers, "none", numbering_names,                                                                \
                   "labels that are numbers are numbered as in this data set; none: as the description's labels")

/* The expression that a set writes as `number`.  FER_EFORMAT says which numbers there are. */
enum fer_status numbering_find(int numbers, double number, enum expression *expression, struct fer_error *err);
/* A label as data writes it: a number becomes the expression's name, unless `numbers` is NUMBERS_NONE. */
enum fer_status numbering_text(int numbers, const char *text, const char **name, struct fer_error *err);

/* happy, happiness, joy, …, in any case.  false: none of them. */
bool expression_find(const char *text, enum expression *expression);
/* "AN", "DI", … as in the names of JAFFE's and KDEF's files. */
bool expression_code(const char *text, enum expression *expression);

/* Find the description's label for every expression, whatever its form; -1 where it has none. */
void expression_prepare(struct catalog *catalog);
/* The description's own word for a name, if it has one in another form; else the name. */
const char *expression_translate(const struct catalog *catalog, const char *name);
/* The label of pictures that show `expression`, LEFT_OUT when they are to be dropped.  Without labels in the
 * description it is the canonical number. */
enum fer_status expression_label(struct catalog *catalog, enum expression expression, int *label,
                                 struct fer_error *err);

#endif
