/* SPDX-License-Identifier: Apache-2.0
 *
 * For the tests of what descriptions mean: a registry of this build's plugins and one resolved text.
 */
#ifndef FER_TESTS_RESOLVE_TEXT_H
#define FER_TESTS_RESOLVE_TEXT_H

#include "graph/graph.h"
#include "graph/registry.h"
#include "lang-text.h"

static struct fer_registry *registry;
static struct fer_description *d;
static struct fer_description_options options;
static struct fer_error err;

static inline void set_up(void)
{
    err = (struct fer_error)FER_ERROR_INIT;
    options = (struct fer_description_options){ .check = true, .threads = 1 };
    ck_assert_msg(fer_registry_create(NULL, &registry, &err) == FER_OK, "%s", err.text);
}

static inline void drop(void)
{
    fer_description_free(d);
    d = NULL;
}

static inline void tear_down(void)
{
    drop();
    fer_registry_free(registry);
}

#define USE "fer 1\nuse vision, loss, optim, data, metric, synthface, resnet, occlude\n"

static inline enum fer_status resolve(const char *text)
{
    drop();
    err = (struct fer_error)FER_ERROR_INIT;
    return fer_description_parse(registry, "test.fer", NULL, text, &options, &d, &err);
}

static inline void good(const char *text)
{
    ck_assert_msg(resolve(text) == FER_OK, "%s\n%s", err.text, text);
    ck_assert_int_eq(d->diags.errors, 0);
}

static inline void wrong(const char *text, const char *sentence)
{
    ck_assert_int_ne(resolve(text), FER_OK);
    ck_assert_str_eq(err.text, sentence);
}

/* A build may leave plugins out.  Outside of tests, so without assertions. */
static inline bool has_plugins(void)
{
    static const char *const needed[] = {
        "vision", "loss", "optim", "data", "metric", "resnet", "synthface", "occlude"
    };
    bool all = fer_registry_create(NULL, &registry, NULL) == FER_OK;

    for (size_t i = 0; all && i < sizeof(needed) / sizeof(needed[0]); i++)
        all = fer_registry_plugin(registry, needed[i]) != NULL;
    fer_registry_free(registry);
    return all;
}

#endif
