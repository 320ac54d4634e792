/* SPDX-License-Identifier: Apache-2.0
 *
 * One description of every parameter.  A plugin declares its parameters once, in
 * a table; the table binds arguments to a struct, checks ranges, words errors,
 * prints `fer plugins show NAME` and writes the reference manual.  Nothing looks a
 * parameter up by string.
 *
 *     struct conv2d { int channels; int kernel; bool bias; };
 *     static const struct fer_param *const conv2d_params[] = {
 *         FER_PARAM_INT(struct conv2d, channels, NULL, 1, 65536, "output channels"),
 *         FER_PARAM_INT(struct conv2d, kernel, "3", 1, 31, "side of the square kernel"),
 *         FER_PARAM_BOOL(struct conv2d, bias, "yes", "add a bias per channel"),
 *         NULL };
 *
 * In a description values are bound by position in table order, keywords by name.
 */
#ifndef FER_PARAM_H
#define FER_PARAM_H

#include <fer/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fer_param_type {
    FER_TYPE_BOOL,      /* bool            yes, no */
    FER_TYPE_INT,       /* int             3, 200k; with `choices` also a name, stored as -1 - index */
    FER_TYPE_FLOAT,     /* double          0.1, 1e-4 */
    FER_TYPE_ENUM,      /* int             a name out of `choices`, stored as its index */
    FER_TYPE_STRING,    /* const char *    "text" */
    FER_TYPE_PATH,      /* const char *    "file", relative to the description that says it; resolved by the binder */
    FER_TYPE_INTS,      /* struct fer_ints      [1, 2, 3] */
    FER_TYPE_FLOATS,    /* struct fer_floats    [0.5, 1] */
    FER_TYPE_ENUMS,     /* struct fer_ints      [global, local] out of `choices` */
    FER_TYPE_STRINGS,   /* struct fer_strings   ["a", "b"] */
    FER_TYPE_INT_LISTS, /* struct fer_int_lists [[0, 1], [2]] */
    FER_TYPE_VALUE,     /* int             the name of a value in scope (by=covered): it becomes one more input of the
                           operation, after the piped ones, and the field holds its index; -1 when not given */
    FER_TYPE_NET,       /* struct fer_net *  a net's name */
    FER_TYPE_NETS,      /* struct fer_nets   [x, y, z] */
    FER_TYPE_READERS    /* struct fer_readers  [a, b]: data sets that the description defines by a reader alone */
};

struct fer_net;
struct fer_bound_reader;
struct fer_ints {
    int count;
    const int *items;
};
struct fer_floats {
    int count;
    const double *items;
};
struct fer_strings {
    int count;
    const char *const *items;
};
struct fer_int_lists {
    int count;
    const struct fer_ints *items;
};
struct fer_nets {
    int count;
    struct fer_net *const *items;
};
struct fer_readers {
    int count;
    const struct fer_bound_reader *items;
};
/* A net's name, as the description says it; lives as long as the description. */
FER_API const char *fer_net_name(const struct fer_net *net);

/* `fallback` is the default as it would be written in a description; NULL makes the
 * parameter required, "" leaves it zero, empty or NULL.  `min` and `max` bound numbers
 * and the items of number lists, both ends included.  Strings and lists live as long
 * as the graph that bound them. */
struct fer_param {
    size_t size;
    const char *name;
    enum fer_param_type type;
    size_t offset;
    const char *fallback;
    double min, max;
    const char *const *choices; /* NULL-terminated */
    const char *help;
};

/* Where the field is; a field that is not of that type does not compile, as the binder would write past it. */
#ifdef __cplusplus
#define FER_PARAM_AT(s, f, c_type) offsetof(s, f)
#else
#define FER_PARAM_AT(s, f, c_type) (offsetof(s, f) + 0 * sizeof(_Generic(((s *)0)->f, c_type : 0)))
#endif
#define FER_PARAM_ROW(type_, offset_, name_, fallback_, min_, max_, choices_, help_)                                   \
    &(const struct fer_param)                                                                                          \
    {                                                                                                                  \
        sizeof(struct fer_param), name_, type_, offset_, fallback_, min_, max_, choices_, help_                        \
    }
#define FER_PARAM(type_, struct_, field, name_, fallback_, min_, max_, choices_, help_)                                \
    FER_PARAM_ROW(type_, offsetof(struct_, field), name_, fallback_, min_, max_, choices_, help_)
#define FER_PARAM_BOOL(s, f, d, help) FER_PARAM_ROW(FER_TYPE_BOOL, FER_PARAM_AT(s, f, bool), #f, d, 0, 1, NULL, help)
#define FER_PARAM_INT(s, f, d, lo, hi, help)                                                                           \
    FER_PARAM_ROW(FER_TYPE_INT, FER_PARAM_AT(s, f, int), #f, d, lo, hi, NULL, help)
#define FER_PARAM_FLOAT(s, f, d, lo, hi, help)                                                                         \
    FER_PARAM_ROW(FER_TYPE_FLOAT, FER_PARAM_AT(s, f, double), #f, d, lo, hi, NULL, help)
#define FER_PARAM_ENUM(s, f, d, choices, help)                                                                         \
    FER_PARAM_ROW(FER_TYPE_ENUM, FER_PARAM_AT(s, f, int), #f, d, 0, 0, choices, help)
#define FER_PARAM_STRING(s, f, d, help)                                                                                \
    FER_PARAM_ROW(FER_TYPE_STRING, FER_PARAM_AT(s, f, const char *), #f, d, 0, 0, NULL, help)
#define FER_PARAM_PATH(s, f, d, help)                                                                                  \
    FER_PARAM_ROW(FER_TYPE_PATH, FER_PARAM_AT(s, f, const char *), #f, d, 0, 0, NULL, help)
#define FER_PARAM_INTS(s, f, d, lo, hi, help)                                                                          \
    FER_PARAM_ROW(FER_TYPE_INTS, FER_PARAM_AT(s, f, struct fer_ints), #f, d, lo, hi, NULL, help)
#define FER_PARAM_FLOATS(s, f, d, lo, hi, help)                                                                        \
    FER_PARAM_ROW(FER_TYPE_FLOATS, FER_PARAM_AT(s, f, struct fer_floats), #f, d, lo, hi, NULL, help)
#define FER_PARAM_STRINGS(s, f, d, help)                                                                               \
    FER_PARAM_ROW(FER_TYPE_STRINGS, FER_PARAM_AT(s, f, struct fer_strings), #f, d, 0, 0, NULL, help)
#define FER_PARAM_VALUE(s, f, help) FER_PARAM_ROW(FER_TYPE_VALUE, FER_PARAM_AT(s, f, int), #f, "", 0, 0, NULL, help)

#ifdef __cplusplus
}
#endif
#endif
