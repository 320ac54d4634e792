/* SPDX-License-Identifier: Apache-2.0 */
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lang-text.h"

static struct parsed p;

static void tear_down(void)
{
    parsed_free(&p);
}

/* --- words --- */

START_TEST(words)
{
    static const struct {
        const char *text;
        enum fer_token_kind kind;
        const char *content;
        double number;
        bool integer;
    } cases[] = {
        { "3", FER_TOKEN_NUMBER, "3", 3, true },
        { "-1", FER_TOKEN_NUMBER, "-1", -1, true },
        { "1e-4", FER_TOKEN_NUMBER, "1e-4", 0.0001, false },
        { "0.5", FER_TOKEN_NUMBER, "0.5", 0.5, false },
        { ".5", FER_TOKEN_NUMBER, ".5", 0.5, false },
        { "-.25", FER_TOKEN_NUMBER, "-.25", -0.25, false },
        { "200k", FER_TOKEN_NUMBER, "200k", 200000, true },
        { "2M", FER_TOKEN_NUMBER, "2M", 2000000, true },
        { "1.5k", FER_TOKEN_NUMBER, "1.5k", 1500, false },
        { "5e+2", FER_TOKEN_NUMBER, "5e+2", 500, false },
        { "layer1.0.conv1", FER_TOKEN_NAME, "layer1.0.conv1", 0, false },
        { "_", FER_TOKEN_NAME, "_", 0, false },
        { "$lr", FER_TOKEN_DOLLAR, "lr", 0, false },
        { "\"a b\"", FER_TOKEN_STRING, "a b", 0, false },
        { "\"\\\"\\\\\\n\\t#\"", FER_TOKEN_STRING, "\"\\\n\t#", 0, false },
        { "->", FER_TOKEN_ARROW, NULL, 0, false },
        { "|", FER_TOKEN_PIPE, NULL, 0, false },
        { "\xEF\xBB\xBF(", FER_TOKEN_LPAREN, NULL, 0, false },
    };

    parsed_start(&p);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fer_lexer lexer;
        struct fer_token token;

        ck_assert_int_eq(fer_sources_add(p.sources, "t", NULL, cases[i].text, &p.source, &p.err), FER_OK);
        fer_lex_start(&lexer, p.arena, p.source, &p.diags);
        token = fer_lex_next(&lexer);
        ck_assert_msg(token.kind == cases[i].kind, "%s: kind %d", cases[i].text, token.kind);
        ck_assert(token.newline);
        if (cases[i].content)
            ck_assert_str_eq(token.text, cases[i].content);
        ck_assert_double_eq_tol(token.number, cases[i].number, 1e-15);
        ck_assert_msg(token.integer == cases[i].integer, "%s", cases[i].text);
        ck_assert_uint_eq(token.offset + token.length, p.source->length);
        for (int k = 0; k < 2; k++)
            ck_assert_int_eq(fer_lex_next(&lexer).kind, FER_TOKEN_END);
    }
    ck_assert_int_eq(p.diags.count, 0);
}
END_TEST

START_TEST(words_that_are_none)
{
    static const char *const texts[] = { "3x", "1e", "1.2.3", "5.",          "0x10",    "1e999",     "200K",
                                         "$",  "$3", "$a.b",  "\"a",         "\"\\q\"", "'a'",       "a.0b",
                                         "-",  "@",  "//",    "caf\xC3\xA9", "\x01",    "\"a\x01\"", "\"a\\" };

    parsed_start(&p);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct fer_lexer lexer;
        int before = p.diags.errors;

        ck_assert_int_eq(fer_sources_add(p.sources, "t", NULL, texts[i], &p.source, &p.err), FER_OK);
        fer_lex_start(&lexer, p.arena, p.source, &p.diags);
        ck_assert_msg(fer_lex_next(&lexer).kind == FER_TOKEN_ERROR, "%s", texts[i]);
        ck_assert_msg(p.diags.errors > before, "%s", texts[i]);
    }
}
END_TEST

/* --- trees --- */

START_TEST(trees_hold_what_is_written)
{
    const struct fer_ast_item *item;
    const struct fer_ast_call *call;

    parsed_well(&p, "fer 1\n"
                    "use vision, loss\n"
                    "block b(x: f32[3,224,224], y; w, stride = 1) -> h, g {\n"
                    "  h, _ = x, y | 0: conv2d $w kernel=[3, 5] | resnet.basic yes \"a\" -1\n"
                    "  g = h\n"
                    "}\n"
                    "net n = b 64 stride=2\n"
                    "data d -> image as a, label = folder \"x/\" split=train | hflip\n");
    ck_assert_int_eq(p.file->format, 1);
    ck_assert_int_eq(p.file->nitems, 4);
    item = &p.file->items[1];
    ck_assert_int_eq(item->kind, FER_AST_BLOCK);
    ck_assert_int_eq(item->signature.nports, 2);
    ck_assert_str_eq(item->signature.ports[0].dtype, "f32");
    ck_assert_int_eq(item->signature.ports[0].rank, 3);
    ck_assert_int_eq(item->signature.ports[0].dim[2], 224);
    ck_assert_ptr_null(item->signature.ports[1].dtype);
    ck_assert_int_eq(item->signature.nformals, 2);
    ck_assert(!item->signature.formals[0].has_fallback);
    ck_assert_double_eq(item->signature.formals[1].fallback.number, 1);
    ck_assert_str_eq(item->signature.outputs.items[1], "g");
    ck_assert_int_eq(item->nbody, 2);
    ck_assert_int_eq(item->body[1].flow.ncalls, 0);
    call = item->body[0].flow.calls;
    ck_assert_str_eq(call[0].label, "0");
    ck_assert_int_eq(call[0].positional[0].kind, FER_AST_DOLLAR);
    ck_assert_int_eq(call[0].keywords[0].value.kind, FER_AST_LIST);
    ck_assert_double_eq(call[0].keywords[0].value.items[1].number, 5);
    ck_assert_str_eq(call[1].name, "resnet.basic");
    ck_assert_int_eq(call[1].positionals, 3);
    ck_assert_str_eq(call[1].positional[0].text, "yes");
    ck_assert_double_eq(call[1].positional[2].number, -1);
    item = &p.file->items[2];
    ck_assert(item->is_alias);
    ck_assert_str_eq(item->calls[0].name, "b");
    item = &p.file->items[3];
    ck_assert_str_eq(item->fields[0].as, "a");
    ck_assert_str_eq(item->fields[1].as, "label");
    ck_assert_int_eq(item->ncalls, 2);
}
END_TEST

START_TEST(stages_hold_their_statements)
{
    const struct fer_ast_item *item;
    const struct fer_ast_stmt *step;

    parsed_well(&p, "fer 1\n"
                    "stage s over a, b until epoch=3 keeping best=\"v.accuracy\" patience=2 {\n"
                    "  loss ce = x | l1\n"
                    "  step one times=2 {\n"
                    "    minimize 2 ce + $w other + third\n"
                    "    update n.layer1.0, m clip=1.0 with sgd lr=1e-4 | cosine\n"
                    "    load n \"f.safetensors\" strict=no\n"
                    "    save m \"g.safetensors\"\n"
                    "  }\n"
                    "}\n"
                    "test t over a {\n  metric acc = x | accuracy\n}\n");
    item = &p.file->items[0];
    ck_assert_int_eq(item->names.count, 2);
    ck_assert_str_eq(item->keywords[0].name, "epoch");
    ck_assert_int_eq(item->nkeeping, 2);
    ck_assert_int_eq(item->body[0].kind, FER_AST_LOSS);
    step = &item->body[1];
    ck_assert_int_eq(step->kind, FER_AST_STEP);
    ck_assert_str_eq(step->name, "one");
    ck_assert_int_eq(step->body[0].nterms, 3);
    ck_assert_double_eq(step->body[0].terms[0].weight.number, 2);
    ck_assert_str_eq(step->body[0].terms[1].weight.text, "w");
    ck_assert(!step->body[0].terms[2].weighted);
    ck_assert_str_eq(step->body[1].paths[0].text, "n.layer1.0");
    ck_assert_int_eq(step->body[1].ncalls, 2);
    ck_assert_int_eq(step->body[1].nkeywords, 1);
    ck_assert_int_eq(step->body[2].kind, FER_AST_LOAD);
    ck_assert_str_eq(step->body[3].file.text, "g.safetensors");
    ck_assert_int_eq(p.file->items[1].body[0].kind, FER_AST_METRIC);
}
END_TEST

START_TEST(spans_cover_the_text)
{
    const char *text = "fer 1\n\nnet n(x) -> y { y = x | a: relu k=3 | b }  # c\n";
    const struct fer_ast_item *item;
    const struct fer_ast_call *call;
    int line, column;

    parsed_well(&p, text);
    item = &p.file->items[0];
    ck_assert_int_eq(item->span.length, (int)strlen("net n(x) -> y { y = x | a: relu k=3 | b }"));
    fer_span_place(item->span, &line, &column);
    ck_assert_int_eq(line, 3);
    ck_assert_int_eq(column, 1);
    call = &item->body[0].flow.calls[0];
    ck_assert_int_eq(strncmp(text + call->span.offset, "a: relu k=3", call->span.length), 0);
    ck_assert_uint_eq(call->span.length, 11);
    ck_assert_int_eq(strncmp(text + call->name_span.offset, "relu", call->name_span.length), 0);
    ck_assert_int_eq(strncmp(text + call->keywords[0].value.span.offset, "3", 1), 0);
}
END_TEST

START_TEST(lines_continue_at_pipes_and_equals_and_in_brackets)
{
    parsed_well(&p, "fer 1\r\n"
                    "net n(x: f32[3,\n 4],\n y; w,\n\n z = [1,\n 2]\n) -> q {\n"
                    "  q # why\n"
                    "    = x\n"
                    "    # between\n"
                    "\n"
                    "    | relu [1, # one\n 2]\n"
                    "    | relu k\n = 3\n"
                    "}\n");
    ck_assert_int_eq(p.file->items[0].nbody, 1);
    ck_assert_int_eq(p.file->items[0].body[0].flow.ncalls, 2);
    ck_assert_int_eq(p.file->items[0].body[0].flow.calls[1].nkeywords, 1);
}
END_TEST

START_TEST(keywords_count_only_at_a_statements_start)
{
    parsed_well(&p, "fer 1\n"
                    "net net(x) -> loss { loss = x | net | step 3 | block: test data=load }\n"
                    "data test -> data as use = include stage | predict\n"
                    "stage stage over test until until=1 {\n"
                    "  x = update, minimize | loss\n"
                    "  metric = x | relu\n" /* a word of tests only */
                    "  update with with with with=with\n"
                    "}\n"
                    "test test over test { step = x | metric }\n");
    ck_assert_int_eq(p.file->nitems, 4);
    ck_assert_int_eq(p.file->items[2].nbody, 3);
    ck_assert_str_eq(p.file->items[2].body[2].calls[0].name, "with");
}
END_TEST

START_TEST(worked_examples_parse)
{
    char *texts[32];
    int count = worked_examples(texts, 32);

    ck_assert_int_ge(count, 6);
    for (int i = 0; i < count; i++) {
        parsed_well(&p, texts[i]);
        ck_assert_int_ge(p.file->nitems, 10);
        free(texts[i]);
        if (i + 1 < count)
            parsed_free(&p);
    }
}
END_TEST

/* --- errors --- */

/* tests/errors/syntax-*.fer say what they must give: "# expect LINE:COLUMN: text" for each error, in order. */
static void check_expectations(const char *path)
{
    char *text = read_text(path), *report;
    int found = 0;

    parsed_file(&p, path);
    report = parsed_report(&p);
    for (char *at = strstr(text, "# expect "); at; at = strstr(at + 1, "# expect ")) {
        int line = 0, column = 0, used = 0, got_line, got_column;
        size_t length;

        ck_assert_int_eq(sscanf(at, "# expect %d:%d: %n", &line, &column, &used), 2);
        length = strcspn(at + used, "\n");
        ck_assert_msg(found < p.diags.count, "%s: missing: %.*s\n%s", path, (int)length, at + used, report);
        fer_span_place(p.diags.items[found].span, &got_line, &got_column);
        ck_assert_msg(got_line == line && got_column == column && strlen(p.diags.items[found].text) == length &&
                          !strncmp(p.diags.items[found].text, at + used, length),
                      "%s: expected %d:%d: %.*s, found\n%s", path, line, column, (int)length, at + used, report);
        found++;
    }
    ck_assert_msg(found > 0 && found == p.diags.count, "%s: %d expected, found\n%s", path, found, report);
    ck_assert_int_eq(p.status, FER_EPARSE);
    ck_assert_ptr_null(p.file);
    free(report);
    free(text);
}

START_TEST(wrong_descriptions_give_their_errors)
{
    glob_t files;

    ck_assert_int_eq(glob(in_tree("tests/errors/syntax-*.fer"), 0, NULL, &files), 0);
    ck_assert_uint_ge(files.gl_pathc, 30);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        check_expectations(files.gl_pathv[i]);
        if (i + 1 < files.gl_pathc)
            parsed_free(&p);
    }
    globfree(&files);
}
END_TEST

START_TEST(the_error_sums_up)
{
    parsed_text(&p, "fer 1\nlet a 3\nlet b 4\n");
    ck_assert_int_eq(p.status, FER_EPARSE);
    ck_assert_str_eq(p.err.text, "test.fer:2:7: expected '=' and a value, found '3' (the first of 2 errors)");
}
END_TEST

START_TEST(reports_end_after_many_errors)
{
    char text[20000] = "fer 1\n";

    for (int i = 0; i < 1000; i++)
        strcat(text, "let a 3\n");
    parsed_text(&p, text);
    ck_assert_int_eq(p.diags.errors, 51);
    ck_assert_str_eq(p.diags.items[50].text, "too many errors; the rest of this description is not read");
}
END_TEST

static char *repeated(const char *head, const char *part, size_t times, const char *tail)
{
    size_t size = strlen(part);
    char *text = malloc(strlen(head) + times * size + strlen(tail) + 1), *end = stpcpy(text, head);

    for (size_t i = 0; i < times; i++, end += size)
        memcpy(end, part, size);
    strcpy(end, tail);
    return text;
}

static void expect_first(char *text, const char *message)
{
    parsed_text(&p, text);
    free(text);
    ck_assert_int_eq(p.status, FER_EPARSE);
    ck_assert_str_eq(p.diags.items[0].text, message);
    parsed_free(&p);
}

START_TEST(nesting_and_size_are_limited)
{
    expect_first(repeated("fer 1\nlet a = ", "[", 100000, ""), "lists are nested more than 32 deep");
    expect_first(repeated("fer 1\nstage s over d {\n", "step a {\n", 50000, ""), "steps are nested more than 16 deep");
    expect_first(repeated("fer 1\nlet a = [0", ",1", 500000, "]\n"),
                 "this description is too large: more than 1000000 words");
    expect_first(repeated("fer 1\nlet ", "a", 129, " = 1\n"), "this name is longer than 128 characters");
    expect_first(repeated("fer 1\nlet a = ", "1", 65, "\n"), "this number is longer than 64 characters");
    expect_first(repeated("fer 1\nlet a = \"", "a", 4097, "\"\n"), "this string is longer than 4096 bytes");
    expect_first(repeated("fer 1\nnet ", "{", 8 << 20, ""), "expected the name of the net, found '{'");
    /* what is just allowed */
    parsed_text(&p, "fer 1\nlet a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n");
    ck_assert_int_eq(p.status, FER_OK);
}
END_TEST

/* --- includes --- */

static char folder[] = "/tmp/fer-lang-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "wb");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    static const char *const names[] = { "sub/b.fer", "sub/c.fer", "sub", "a.fer", "b.fer" };
    char path[128];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        remove(in_folder(names[i]));
    for (int i = 0; i < 20; i++) {
        snprintf(path, sizeof(path), "%s/d%d.fer", folder, i);
        remove(path);
    }
    ck_assert_int_eq(rmdir(folder), 0);
    parsed_free(&p);
}

START_TEST(includes_are_spliced)
{
    static const char *const expected[] = { "one", NULL, "two", NULL, "three", "four", "five" };

    ck_assert_int_eq(mkdir(in_folder("sub"), 0700), 0);
    write_file("a.fer", "fer 1\nlet one = 1\ninclude \"sub/b.fer\"\nlet five = 5\n");
    write_file("sub/b.fer", "fer 1\nlet two = 2\ninclude \"c.fer\"\nlet four = 4\n");
    write_file("sub/c.fer", "fer 1\nlet three = 3\n");
    parsed_file(&p, in_folder("a.fer"));
    ck_assert_int_eq(p.status, FER_OK);
    ck_assert_int_eq(p.file->nitems, 7);
    for (int i = 0; i < 7; i++) {
        if (expected[i])
            ck_assert_str_eq(p.file->items[i].name, expected[i]);
        else
            ck_assert_int_eq(p.file->items[i].kind, FER_AST_INCLUDE);
    }
    ck_assert_str_eq(p.file->items[4].span.source->name, in_folder("sub/c.fer"));
}
END_TEST

START_TEST(errors_of_included_files_lie_there)
{
    write_file("a.fer", "fer 1\ninclude \"b.fer\"\nlet 3\n");
    write_file("b.fer", "fer 1\n\nlet x 3\n");
    parsed_file(&p, in_folder("a.fer"));
    ck_assert_int_eq(p.diags.errors, 2);
    ck_assert_ptr_nonnull(strstr(p.err.text, "b.fer:3:7: expected '='"));
}
END_TEST

START_TEST(includes_do_not_go_in_circles)
{
    write_file("a.fer", "fer 1\ninclude \"a.fer\"\n");
    parsed_file(&p, in_folder("a.fer"));
    ck_assert_int_eq(p.diags.errors, 1);
    ck_assert_str_eq(p.diags.items[0].text, "\"a.fer\" includes itself");
    parsed_free(&p);
    write_file("a.fer", "fer 1\ninclude \"b.fer\"\n");
    write_file("b.fer", "fer 1\ninclude \"./a.fer\"\n");
    parsed_file(&p, in_folder("a.fer"));
    ck_assert_int_eq(p.diags.errors, 1);
    ck_assert_str_eq(p.diags.items[0].text, "\"./a.fer\" includes itself by way of other files");
}
END_TEST

/* Each file includes the next one twice: 2^19 of them without a limit. */
START_TEST(includes_are_limited)
{
    char name[32], text[128];
    bool deep = false;

    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "d%d.fer", i);
        snprintf(text, sizeof(text), "fer 1\ninclude \"d%d.fer\"\ninclude \"d%d.fer\"\n", i + 1, i + 1);
        write_file(name, i < 19 ? text : "fer 1\n");
    }
    parsed_file(&p, in_folder("d0.fer"));
    ck_assert_int_eq(p.status, FER_EPARSE);
    for (int i = 0; i < p.diags.count; i++)
        deep = deep || !strcmp(p.diags.items[i].text, "files are included more than 16 deep");
    ck_assert(deep);
    parsed_free(&p);
    parsed_file(&p, in_folder("d4.fer"));
    ck_assert_int_eq(p.status, FER_EPARSE);
    ck_assert_str_eq(p.diags.items[0].text, "more than 256 files are included");
}
END_TEST

START_TEST(missing_includes_are_named)
{
    write_file("a.fer", "fer 1\ninclude \"none.fer\"\ninclude \"\"\ninclude \".\"\n");
    parsed_file(&p, in_folder("a.fer"));
    ck_assert_int_eq(p.diags.errors, 3);
    ck_assert_ptr_nonnull(strstr(p.diags.items[0].text, "none.fer: cannot open: "));
}
END_TEST

/* The text of a checkpoint is another's: it must not name files of this machine. */
START_TEST(texts_that_are_no_files_include_nothing)
{
    char text[512];

    write_file("a.fer", "secret words\n");
    snprintf(text, sizeof(text), "fer 1\nlet a = 1\ninclude \"%s\"\n", in_folder("a.fer"));
    parsed_text(&p, text);
    ck_assert_int_eq(p.status, FER_EPARSE);
    ck_assert_int_eq(p.diags.errors, 1);
    ck_assert_ptr_eq(p.diags.items[0].span.source, p.source);
    ck_assert_ptr_nonnull(strstr(p.err.text, "test.fer:3:9: only a description that is a file may include another"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lang");
    TCase *texts = tcase_create("texts"), *files = tcase_create("files");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, texts);
    tcase_add_checked_fixture(texts, NULL, tear_down);
    tcase_add_test(texts, words);
    tcase_add_test(texts, words_that_are_none);
    tcase_add_test(texts, trees_hold_what_is_written);
    tcase_add_test(texts, stages_hold_their_statements);
    tcase_add_test(texts, spans_cover_the_text);
    tcase_add_test(texts, lines_continue_at_pipes_and_equals_and_in_brackets);
    tcase_add_test(texts, keywords_count_only_at_a_statements_start);
    tcase_add_test(texts, worked_examples_parse);
    tcase_add_test(texts, wrong_descriptions_give_their_errors);
    tcase_add_test(texts, the_error_sums_up);
    tcase_add_test(texts, reports_end_after_many_errors);
    tcase_add_test(texts, nesting_and_size_are_limited);
    suite_add_tcase(suite, files);
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, includes_are_spliced);
    tcase_add_test(files, errors_of_included_files_lie_there);
    tcase_add_test(files, includes_do_not_go_in_circles);
    tcase_add_test(files, includes_are_limited);
    tcase_add_test(files, texts_that_are_no_files_include_nothing);
    tcase_add_test(files, missing_includes_are_named);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
