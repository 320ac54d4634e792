/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugins that are found, hidden and refused.  tests/broken/broken.so holds many, one entry point each; here it is
 * linked to NAME.so for the plugin called NAME.
 */
#include <check.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/description.h"
#include "graph/registry.h"

static char first[] = "/tmp/fer-registry-XXXXXX", second[] = "/tmp/fer-registry-XXXXXX";
static struct fer_registry *registry;
static struct fer_error err;

static const char *in_folder(const char *folder, const char *name)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const char *built(const char *name)
{
    static char path[PATH_MAX], whole[PATH_MAX];
    const char *top = getenv("top_builddir");

    snprintf(path, sizeof(path), "%s/tests/broken/%s.so", top ? top : ".", name);
    ck_assert_msg(realpath(path, whole) != NULL, "%s is not built", path);
    return whole;
}

static void set_up(void)
{
    strcpy(first + strlen(first) - 6, "XXXXXX");
    strcpy(second + strlen(second) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(first));
    ck_assert_ptr_nonnull(mkdtemp(second));
    err = (struct fer_error)FER_ERROR_INIT;
    registry = NULL;
}

static void remove_folder(const char *folder)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void tear_down(void)
{
    fer_registry_free(registry);
    remove_folder(first);
    remove_folder(second);
}

static void link_as(const char *folder, const char *plugin)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.so", plugin);
    ck_assert_int_eq(symlink(built("broken"), in_folder(folder, name)), 0);
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(in_folder(first, name), "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void search(void)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s::%s:/nowhere", first, second);
    fer_registry_free(registry);
    ck_assert_msg(fer_registry_create(path, &registry, &err) == FER_OK, "%s", err.text);
}

static const char *refusal_of(const char *path)
{
    const struct fer_registry_file *files;
    int count = fer_registry_files(registry, &files);

    for (int i = 0; i < count; i++) {
        if (strcmp(files[i].path, path) == 0)
            return files[i].refusal;
    }
    ck_abort_msg("%s is not listed", path);
}

static const struct fer_registry_file *file_at(const char *folder, const char *name)
{
    const struct fer_registry_file *files;
    int count = fer_registry_files(registry, &files);

    for (int i = 0; i < count; i++) {
        if (strcmp(files[i].path, in_folder(folder, name)) == 0)
            return &files[i];
    }
    ck_abort_msg("%s/%s is not listed", folder, name);
}

/* The file NAME in the first folder is refused, and the sentence ends so. */
static void refused(const char *name, const char *sentence)
{
    const struct fer_registry_file *file = file_at(first, name);
    char whole[PATH_MAX + 256];

    ck_assert_ptr_null(file->plugin);
    ck_assert_ptr_nonnull(file->refusal);
    snprintf(whole, sizeof(whole), "plugin %s refused: %s", in_folder(first, name), sentence);
    ck_assert_str_eq(file->refusal, whole);
}

/* --- what a plugin must have --- */

static const struct {
    const char *plugin, *sentence;
} mistakes[] = {
    { "magic", "its table does not start with the plugin magic number" },
    { "abi", "it was built for plugin ABI 3, this library has 2; rebuild it" },
    { "size", NULL },
    { "nameless", "it calls itself '(nothing)' but its file is nameless.so" },
    { "misnamed", "it calls itself 'good' but its file is misnamed.so" },
    { "versionless", "it states no version or no license" },
    { "unlicensed", "it states no version or no license" },
    { "hollow", "its tables are all empty" },
    { "nothing", "its entry point returned nothing" },
    { "absent", "it has no entry point fer_plugin_absent; its source must say FER_PLUGIN(absent)" },
    { "small", "operation 1 of its tables has the wrong size; rebuild it" },
    { "anonymous", "its operation number 1 has no name" },
    { "shapeless", "'echo' has no shape function" },
    { "idle", "'echo' has no forward function" },
    { "greedy", "'echo' declares impossible numbers of inputs or outputs" },
    { "mute", "model 'model' lacks a required function" },
    { "still", "optimizer 'still' lacks a required function" },
    { "timeless", "schedule 'timeless' lacks a required function" },
    { "endless", "metric 'echo' lacks a required function" },
    { "blind", "reader 'blind' lacks a required function" },
    { "lazy", "transform 'lazy' lacks a required function" },
    { "tiny", "sampler 1 of its tables has the wrong size; rebuild it" },
    { "outside", "'echo': parameter 'angle' lies outside its struct, of which params_size is the size" },
    { "choiceless", "'echo': parameter 'side' has no choices" },
    { "helpless", "'echo': parameter 1 of its table is not a parameter" },
    { "absurd", "'echo', by default: the plugin's default '[[[' of side cannot be read" },
    { "high", "'echo', by default: side=2 is outside [0, 1]" },
    { "low", "'echo', by default: angle=-0.5 is outside [0, 1]" },
    { "halved", "'echo', by default: side expects a whole number" },
    { "undecided", "'echo', by default: side expects one of left, right; did you mean 'left'?" },
    { "uneven", "'echo', by default: sides=2 is outside [0, 1]" },
    { "lost", "dispatch 1 of its tables completes no layer of its tables that takes nets" },
    { "torn", "the dispatch of 'echo' lacks its nets, or a scatter layer with the parameters of 'echo'" },
    { "short", "dispatch 1 of its tables has the wrong size; rebuild it" },
    { "emitless", "solver 'way' lacks a required function" },
    { "odd", "solver 'by way' has a name or tunables that are no words of letters, digits and underscores, no sources, "
             "or too many tunables" },
    { "sourceless", "solver 'way' has a name or tunables that are no words of letters, digits and underscores, no "
                    "sources, or too many tunables" },
    { "kindless", "solver 'way' is for a kind of problem, 0, that this library does not have" },
    { "alien", "solver 'way' is for a kind of problem, 77, that this library does not have" },
    { "exact", "solver 'way' must state an error between 0 and 1 where it rounds what it multiplies, and none where it "
               "does not" },
    { "vague", "solver 'way' must state an error between 0 and 1 where it rounds what it multiplies, and none where it "
               "does not" },
    { "coarse", "solver 'way' rounds in a way, 9, that this library does not have" },
    { "blank", "its solver number 1 has no name" },
    { "slight", "solver 1 of its tables has the wrong size; rebuild it" },
};

static const char *const sound[] = { "unsaid", "worded", "netted" }; /* their defaults may be so */

START_TEST(mistakes_are_refused_with_a_sentence)
{
    char name[64], size[128];

    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
        link_as(first, mistakes[i].plugin);
    link_as(first, "good");
    for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++)
        link_as(first, sound[i]);
    search();
    snprintf(size, sizeof(size), "its table is 16 bytes, at least %zu were expected; rebuild it", FER_PLUGIN_LEAST);
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        snprintf(name, sizeof(name), "%s.so", mistakes[i].plugin);
        refused(name, mistakes[i].sentence ? mistakes[i].sentence : size);
        ck_assert_ptr_null(fer_registry_plugin(registry, mistakes[i].plugin));
    }
    ck_assert_ptr_nonnull(fer_registry_plugin(registry, "good")); /* the others do no harm */
    for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++)
        ck_assert_msg(fer_registry_plugin(registry, sound[i]) != NULL, "%s", sound[i]);
}
END_TEST

/* --- files that are no plugins --- */

START_TEST(files_that_are_none_are_refused)
{
    static const char text[] =
        "This is a letter to you, and not a plugin at all; it is somewhat longer than a header.\n";
    unsigned char foreign[64] = { 0x7f, 'E', 'L', 'F', 1 };
    const struct fer_registry_file *files;
    int count;

    write_file("empty.so", "", 0);
    write_file("text.so", text, sizeof(text) - 1);
    write_file("short.so",
               "\x7f"
               "ELF",
               4);
    write_file("foreign.so", foreign, sizeof(foreign));
    write_file("notes.txt", text, sizeof(text) - 1);
    write_file(".hidden.so", text, sizeof(text) - 1);
    ck_assert_int_eq(mkdir(in_folder(first, "folder.so"), 0700), 0);
    ck_assert_int_eq(mkfifo(in_folder(first, "pipe.so"), 0600), 0);
    ck_assert_int_eq(symlink("/nowhere/at/all.so", in_folder(first, "dangling.so")), 0);
    ck_assert_int_eq(symlink(built("undefined"), in_folder(first, "undefined.so")), 0);
    search();
    refused("empty.so", "it is empty; build or copy it again");
    refused("text.so", "it is not an ELF shared object");
    refused("short.so", "it is not an ELF shared object");
    refused("foreign.so", "it is not a shared object for this machine");
    refused("folder.so", "it is not a regular file");
    refused("pipe.so", "it is not a regular file");
    refused("dangling.so", "cannot open it: No such file or directory");
    ck_assert_ptr_nonnull(strstr(file_at(first, "undefined.so")->refusal, "fer_there_is_no_such_function"));
    ck_assert_str_eq(refusal_of("/nowhere"),
                     "folder /nowhere of FER_PLUGIN_PATH is not read: No such file or directory");
    count = fer_registry_files(registry, &files);
    for (int i = 0; i < count; i++)
        ck_assert_msg(!strstr(files[i].path, "notes") && !strstr(files[i].path, "hidden"), "%s", files[i].path);
}
END_TEST

START_TEST(unreadable_files_are_refused)
{
    if (geteuid() == 0)
        return; /* root reads everything */
    write_file("secret.so", "x", 1);
    ck_assert_int_eq(chmod(in_folder(first, "secret.so"), 0), 0);
    search();
    refused("secret.so", "cannot open it: Permission denied");
}
END_TEST

static char *read_built(size_t *size)
{
    FILE *file = fopen(built("broken"), "rb");
    char *bytes;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(*size);
    ck_assert_uint_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

START_TEST(truncated_files_are_refused)
{
    static const char *const sentences[] = { "it is not an ELF shared object", "it is truncated" };
    size_t size;
    char *bytes = read_built(&size);

    for (int i = 0; i < 64; i++) {
        const struct fer_registry_file *file;
        bool known = false;

        remove(in_folder(first, "good.so")); /* what is mapped must not be written to */
        write_file("good.so", bytes, 1 + (size - 2) * (size_t)i / 63);
        search();
        file = file_at(first, "good.so");
        ck_assert_ptr_null(file->plugin);
        for (int k = 0; k < 2; k++)
            known = known || strstr(file->refusal, sentences[k]);
        ck_assert_msg(known, "%s", file->refusal);
    }
    remove(in_folder(first, "good.so"));
    write_file("good.so", bytes, size);
    search();
    ck_assert_ptr_nonnull(fer_registry_plugin(registry, "good"));
    free(bytes);
}
END_TEST

/* --- names --- */

START_TEST(the_first_on_the_path_wins)
{
    const struct fer_registry_file *hidden;

    link_as(first, "good");
    link_as(second, "good");
    link_as(second, "twin");
    search();
    hidden = file_at(second, "good.so");
    ck_assert(hidden->shadowed);
    ck_assert_ptr_null(hidden->refusal);
    ck_assert(!file_at(first, "good.so")->shadowed);
    ck_assert_ptr_nonnull(fer_registry_plugin(registry, "twin"));
}
END_TEST

START_TEST(a_refused_plugin_hides_none)
{
    write_file("good.so", "nothing", 7);
    link_as(second, "good");
    search();
    ck_assert(!file_at(second, "good.so")->shadowed);
    ck_assert_ptr_eq(fer_registry_plugin(registry, "good"), file_at(second, "good.so")->plugin);
}
END_TEST

START_TEST(the_working_directory_is_never_searched)
{
    char before[PATH_MAX];

    ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
    link_as(first, "good");
    ck_assert_int_eq(chdir(first), 0);
    ck_assert_int_eq(fer_registry_create(":", &registry, &err), FER_OK);
    ck_assert_int_eq(chdir(before), 0);
    ck_assert_ptr_null(fer_registry_plugin(registry, "good"));
}
END_TEST

START_TEST(a_name_in_two_plugins_must_be_qualified)
{
    const struct fer_plugin *from;
    const void *entry;

    link_as(first, "good");
    link_as(first, "twin");
    search();
    ck_assert_int_eq(fer_registry_find(registry, FER_KIND_LAYER, "echo", NULL, &entry, &from, &err), FER_EINVAL);
    ck_assert_str_eq(err.text, "both plugins 'good' and 'twin' have an operation 'echo'; write good.echo or twin.echo");
    ck_assert_int_eq(fer_registry_find(registry, FER_KIND_LAYER, "twin.echo", NULL, &entry, &from, &err), FER_OK);
    ck_assert_str_eq(from->name, "twin");
    ck_assert_int_eq(
        fer_registry_find(registry, FER_KIND_LAYER, "echo", (const char *const[]){ "good", NULL }, &entry, &from, &err),
        FER_OK);
    ck_assert_str_eq(from->name, "good");
}
END_TEST

static void not_found(enum fer_kind kind, const char *name, const char *const *plugins, const char *sentence)
{
    const void *entry;

    ck_assert_int_eq(fer_registry_find(registry, kind, name, plugins, &entry, NULL, &err), FER_ENOTFOUND);
    ck_assert_ptr_null(entry);
    ck_assert_str_eq(err.text, sentence);
}

START_TEST(names_that_are_not_found_are_explained)
{
    static const char *const none[] = { NULL }, *const good[] = { "good", NULL };

    link_as(first, "good");
    link_as(first, "writer");
    search();
    not_found(FER_KIND_LAYER, "ehco", NULL, "unknown operation 'ehco'; did you mean 'echo'?");
    not_found(FER_KIND_LAYER, "echo", none, "unknown operation 'echo'; plugin 'good' has it: write \"use good\"");
    not_found(FER_KIND_LAYER, "zzz", good, "unknown operation 'zzz'; no installed plugin has it (see: fer plugins)");
    not_found(FER_KIND_MODEL, "echo", good, "'echo' is an operation, not a model");
    not_found(FER_KIND_OPTIMIZER, "echo", good, "'echo' is an operation, not an optimizer");
    not_found(FER_KIND_LAYER, "good.eco", good, "plugin 'good' has no operation 'eco'; did you mean 'good.echo'?");
    not_found(FER_KIND_LAYER, "good.zzz", good, "plugin 'good' has no operation 'zzz'");
    not_found(FER_KIND_LAYER, "good.echo", none, "plugin 'good' is not used here; write \"use good\"");
    not_found(FER_KIND_LAYER, "evil.echo", none, "unknown operation 'evil.echo'; plugin 'evil' is not installed");
}
END_TEST

/* --- mistakes that show when a plugin is used --- */

static void wrong(const char *text, const char *sentence)
{
    struct fer_description *description;
    struct fer_error why = FER_ERROR_INIT;

    ck_assert_int_ne(fer_description_parse(registry, "m.fer", NULL, text, NULL, &description, &why), FER_OK);
    ck_assert_str_eq(why.text, sentence);
    fer_description_free(description);
}

START_TEST(descriptions_survive_bad_plugins)
{
    char refusal[PATH_MAX + 256];

    link_as(first, "forgetful");
    link_as(first, "writer");
    link_as(first, "abi");
    search();
    wrong("fer 1\nuse forgetful\npredict p(x: f32[2]) -> y { y = x | forgetful }\n",
          "m.fer:3:37: forgetful: its shape function declared 0 of its outputs");
    wrong("fer 1\nuse writer\nnet n = nothing\n", "m.fer:3:9: nothing: it wrote nothing");
    wrong("fer 1\nuse writer\nnet n = nonsense\n", "nonsense():2:24: expected an operation, found the end of the text");
    wrong("fer 1\nuse writer\nnet n = block\n", "m.fer:3:9: block: the text that it wrote holds no net");
    wrong("fer 1\nuse writer\nnet n = stranger\npredict p(x: f32[2]) -> y { y = x | n }\n",
          "stranger():2:25: unknown operation 'stranger'; no installed plugin has it (see: fer plugins)");
    snprintf(refusal, sizeof(refusal),
             "m.fer:2:5: plugin %s refused: it was built for plugin ABI 3, this library has 2; rebuild it",
             in_folder(first, "abi.so"));
    wrong("fer 1\nuse abi\n", refusal);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registry");
    TCase *tests = tcase_create("plugins");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, mistakes_are_refused_with_a_sentence);
    tcase_add_test(tests, files_that_are_none_are_refused);
    tcase_add_test(tests, unreadable_files_are_refused);
    tcase_add_test(tests, truncated_files_are_refused);
    tcase_add_test(tests, the_first_on_the_path_wins);
    tcase_add_test(tests, a_refused_plugin_hides_none);
    tcase_add_test(tests, the_working_directory_is_never_searched);
    tcase_add_test(tests, a_name_in_two_plugins_must_be_qualified);
    tcase_add_test(tests, names_that_are_not_found_are_explained);
    tcase_add_test(tests, descriptions_survive_bad_plugins);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
