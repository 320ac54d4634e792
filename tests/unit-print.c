/* SPDX-License-Identifier: Apache-2.0
 *
 * The canonical text, and what hostile texts do to the parser and the printer.
 */
#include "lang-text.h"

enum { EXAMPLES = 32 };

static struct parsed p;

static void tear_down(void)
{
    parsed_free(&p);
}

/* The canonical text of what is parsed; malloc'ed. */
static char *printed(const struct parsed *parsed)
{
    struct fer_error err = FER_ERROR_INIT;
    char *text;

    ck_assert_int_eq(fer_ast_print(parsed->file, parsed->source, &text, &err), FER_OK);
    return text;
}

/* The words of a text without its blanks, new lines and comments, one a line: what the printer must not
 * change.  Numbers by value: it writes f32[2k] as f32[2000]. */
static char *words_of(struct parsed *parsed, const struct fer_source *source)
{
    struct fer_lexer lexer;
    struct fer_token token;
    char *words = NULL;
    size_t size;
    FILE *out = open_memstream(&words, &size);

    fer_lex_start(&lexer, parsed->arena, source, NULL);
    while ((token = fer_lex_next(&lexer)).kind != FER_TOKEN_END) {
        fprintf(out, "%d %.17g ", token.kind, token.number);
        fprintf(out, "%s\n", token.kind != FER_TOKEN_NUMBER && token.text ? token.text : "");
    }
    fclose(out);
    return words;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All comments, sorted: the printer may move one up, but neither loses nor repeats any. */
static char *comments_of(struct parsed *parsed, const struct fer_source *source)
{
    struct fer_lexer lexer;
    struct fer_token token;
    char **comments = calloc(source->length + 1, sizeof(*comments)), *all = NULL;
    size_t count = 0, size;
    FILE *out = open_memstream(&all, &size);

    fer_lex_start(&lexer, parsed->arena, source, NULL);
    lexer.comments = true;
    while ((token = fer_lex_next(&lexer)).kind != FER_TOKEN_END) {
        if (token.kind == FER_TOKEN_COMMENT)
            comments[count++] = strndup(source->text + token.offset, token.length);
    }
    qsort(comments, count, sizeof(*comments), compare_texts);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s\n", comments[i]);
        free(comments[i]);
    }
    free(comments);
    fclose(out);
    return all;
}

/* Printing keeps words and comments, and printing again changes nothing. */
static void check_printing(struct parsed *first)
{
    char *text = printed(first), *again, *a, *b;
    struct parsed second;

    parsed_text(&second, text);
    ck_assert_msg(second.status == FER_OK, "%s\nof\n%s\nfrom\n%s", second.err.text, text, first->source->text);
    again = printed(&second);
    ck_assert_msg(!strcmp(text, again), "first\n%s\nthen\n%s\nfrom\n%s", text, again, first->source->text);
    a = words_of(first, first->source);
    b = words_of(&second, second.source);
    ck_assert_msg(!strcmp(a, b), "words of\n%s\nbecame\n%s", first->source->text, text);
    free(a);
    free(b);
    a = comments_of(first, first->source);
    b = comments_of(&second, second.source);
    ck_assert_msg(!strcmp(a, b), "comments of\n%s\nbecame\n%s", first->source->text, text);
    free(a);
    free(b);
    free(again);
    free(text);
    parsed_free(&second);
}

static void expect_text(const char *written, const char *canonical)
{
    char *text;

    parsed_well(&p, written);
    check_printing(&p);
    text = printed(&p);
    ck_assert_str_eq(text, canonical);
    free(text);
}

START_TEST(worked_examples_keep_their_words)
{
    char *texts[EXAMPLES];
    int count = worked_examples(texts, EXAMPLES);

    ck_assert_int_ge(count, 6);
    for (int i = 0; i < count; i++) {
        parsed_well(&p, texts[i]);
        check_printing(&p);
        free(texts[i]);
        if (i + 1 < count)
            parsed_free(&p);
    }
}
END_TEST

START_TEST(blanks_and_alignment)
{
    expect_text(
        "fer   1\n\n\n\nuse a,b\nlet x=1\nlet long_one = [1,[2 , 3],\n\"a\\\"\\\\\\n\"]\nlet   very_very_long_name=$x\n"
        "net a(x:f32[ 3 ,2k];w,s=1)->y,z{y=x|conv 3 k=2\n\n\nz = y}\nnet b=a 3 s=2\nnet longer=b\n",
        "fer 1\n\nuse a, b\n"
        "let x        = 1\n"
        "let long_one = [1, [2, 3], \"a\\\"\\\\\\n\"]\n"
        "let very_very_long_name = $x\n" /* too far from x, but not from long_one: runs are greedy */
        "net a(x: f32[3,2000]; w, s = 1) -> y, z {\n"
        "  y = x | conv 3 k=2\n"
        "\n"
        "  z = y\n"
        "}\n"
        "net b      = a 3 s=2\n"
        "net longer = b\n");
}
END_TEST

START_TEST(stages_and_tests)
{
    expect_text(
        "fer 1\nstage s over a,b until epoch=1 keeping best=\"x\" { minimize 2 a+$b c }\n"
        "stage s over d {\n step a k=3 {minimize c\nload a.b.0.c \"f\" strict=no\nsave x \"g\"\n"
        "update a.b,c clip=1.0 with sgd lr=1e-4\n| step 3 # sched\n }\nlogits = x | n\nloss ce = logits | l1\n}\n"
        "test t over d { metric a = b | c }\npredict q(x)->x{}\n",
        "fer 1\n"
        "stage s over a, b until epoch=1 keeping best=\"x\" { minimize 2 a + $b c }\n"
        "stage s over d {\n"
        "  step a k=3 {\n"
        "    minimize c\n"
        "    load a.b.0.c \"f\" strict=no\n"
        "    save x       \"g\"\n"
        "    update a.b, c clip=1.0 with sgd lr=1e-4\n"
        "      | step 3  # sched\n"
        "  }\n"
        "  logits  = x | n\n"
        "  loss ce = logits | l1\n"
        "}\n"
        "test t over d { metric a = b | c }\n"
        "predict q(x) -> x { }\n");
}
END_TEST

START_TEST(pipes_break_where_they_did_and_align)
{
    expect_text("fer 1\nnet a(x) -> h {\n"
                "  h = x | conv1: conv2d 64 kernel=3 stride=2 | bn1: batchnorm | relu\n"
                "    | conv2: conv2d 64 kernel=3 | bn2: batchnorm\n"
                "| maxpool 3\n | pool 1|relu\n}\n",
                "fer 1\nnet a(x) -> h {\n"
                "  h = x\n"
                "    | conv1: conv2d 64 kernel=3 stride=2 | bn1: batchnorm | relu\n"
                "    | conv2: conv2d 64 kernel=3          | bn2: batchnorm\n"
                "    | maxpool 3\n"
                "    | pool 1 | relu\n"
                "}\n");
}
END_TEST

START_TEST(wide_flows_are_filled)
{
    char written[1000] = "fer 1\ndata d -> image, label = folder \"x/\"", *text;

    for (int i = 0; i < 20; i++)
        strcat(written, " | transform a=1");
    strcat(written, "\n");
    parsed_well(&p, written);
    check_printing(&p);
    text = printed(&p);
    for (char *line = text; *line; line += strcspn(line, "\n") + 1)
        ck_assert_int_le((int)strcspn(line, "\n"), 110);
    ck_assert_ptr_nonnull(strstr(text, "data d -> image, label\n  = folder \"x/\" | transform a=1 | "));
    free(text);
}
END_TEST

START_TEST(data_sets_stand_in_columns)
{
    expect_text("fer 1\ndata train -> image, label = folder \"a/\" split=train | batch 8 | hflip\n"
                "data test -> image, label = folder \"a/\" split=test | batch 16 | crop\n"
                "data faces -> image = manifest \"a\" | batch 4\n",
                "fer 1\ndata train -> image, label = folder \"a/\" split=train | batch 8  | hflip\n"
                "data test  -> image, label = folder \"a/\" split=test  | batch 16 | crop\n"
                "data faces -> image        = manifest \"a\" | batch 4\n");
}
END_TEST

START_TEST(comments_stay)
{
    expect_text("# top\n\n\nfer   1 # header\n# after\n\n\nuse a#uses\n  # own\n"
                "net x ( a:f32[ 1 , # one\n 2k ] ;\n z = [1,  # in list\n [2]]  # after list\n ) -> y,q {   # open\n\n"
                "  # first\n\n  y = a\n    | conv 3 [1,\n 2 # deep\n ] # tail\n # between\n\n  | relu\n"
                "  q\n   = a\n\n\n  # before close\n} # after close\n"
                "let a=1 # one\nlet bcd=2 # two\n\nlet e=[1] # three\n# end\n",
                "# top\n\nfer 1  # header\n# after\n\nuse a  #uses\n# own\n"
                "# one\n# in list\n# after list\n"
                "net x(a: f32[1,2000]; z = [1, [2]]) -> y, q {  # open\n"
                "  # first\n\n  y = a\n    # deep\n    | conv 3 [1, 2]  # tail\n    # between\n    | relu\n"
                "  q = a\n\n  # before close\n}  # after close\n"
                "let a   = 1  # one\nlet bcd = 2  # two\n\nlet e = [1]  # three\n# end\n");
}
END_TEST

START_TEST(a_header_alone)
{
    expect_text("fer 1", "fer 1\n");
}
END_TEST

/* Included items in their place, with their comments; and the file itself, as it is written. */
START_TEST(includes_stand_or_are_expanded)
{
    char folder[] = "/tmp/fer-print-XXXXXX", a[64], b[64], *text;
    FILE *file;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(a, sizeof(a), "%s/a.fer", folder);
    snprintf(b, sizeof(b), "%s/b.fer", folder);
    file = fopen(a, "w");
    fputs("fer 1\nlet x = 1\ninclude \"b.fer\"  # more\nlet z = 3\n", file);
    fclose(file);
    file = fopen(b, "w");
    fputs("fer 1\n# two\nlet y = 2\n", file);
    fclose(file);
    parsed_file(&p, a);
    ck_assert_int_eq(p.status, FER_OK);
    text = printed(&p);
    ck_assert_str_eq(text, "fer 1\nlet x = 1\ninclude \"b.fer\"  # more\nlet z = 3\n");
    free(text);
    ck_assert_int_eq(fer_ast_print(p.file, NULL, &text, &p.err), FER_OK);
    ck_assert_ptr_nonnull(strstr(text, "let x = 1\n# two\nlet y = 2\n"));
    ck_assert_ptr_nonnull(strstr(text, "let z = 3\n"));
    ck_assert_ptr_null(strstr(text, "include"));
    free(text);
    remove(a);
    remove(b);
    remove(folder);
}
END_TEST

/* --- hostile texts --- */

/* xorshift64 (Marsaglia, 2003) */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Change a text in 1 to 8 places: drop, repeat or swap pieces, or put in what means something. */
static char *mutated(const char *text, uint64_t *state)
{
    static const char *const pieces[] = { "\"",
                                          "(",
                                          ")",
                                          "[",
                                          "]",
                                          "{",
                                          "}",
                                          "|",
                                          "=",
                                          ",",
                                          ":",
                                          ";",
                                          "+",
                                          "->",
                                          "$",
                                          "_",
                                          "#",
                                          "\n",
                                          "\t",
                                          " ",
                                          "-",
                                          ".",
                                          "1",
                                          "\xC3\xA9",
                                          "\n\n",
                                          "# c\n",
                                          " net ",
                                          " step ",
                                          "\nnet a(x) -> y { y = x }\n",
                                          "k=1",
                                          "1e9",
                                          "\\",
                                          "\r\n" };
    size_t length = strlen(text), room = length + 8 * 256 + 1;
    char *copy = calloc(1, room);
    int changes = 1 + (int)(next_random(state) % 8);

    memcpy(copy, text, length);
    while (changes-- > 0) {
        size_t at = next_random(state) % (length + 1), size = next_random(state) % 24;
        const char *piece = pieces[next_random(state) % (sizeof(pieces) / sizeof(pieces[0]))];
        char kept[32];

        if (size > length - at)
            size = length - at;
        memcpy(kept, copy + at, size);
        switch (next_random(state) % 3) {
        case 0: /* drop */
            memmove(copy + at, copy + at + size, length - at - size + 1);
            length -= size;
            break;
        case 1: /* repeat */
            memmove(copy + at + size, copy + at, length - at + 1);
            memcpy(copy + at, kept, size);
            length += size;
            break;
        default:
            memmove(copy + at + strlen(piece), copy + at, length - at + 1);
            memcpy(copy + at, piece, strlen(piece));
            length += strlen(piece);
        }
    }
    return copy;
}

/* Whatever the text: an answer, errors that lie in it, and a canonical text where there are none. */
static enum fer_status check_any(const char *text)
{
    struct parsed any;
    enum fer_status status = FER_EFORMAT;

    parsed_start(&any);
    if (fer_sources_add(any.sources, "any", NULL, text, &any.source, &any.err) == FER_OK) {
        any.status = fer_parse(any.arena, any.sources, any.source, &any.file, &any.diags, &any.err);
        ck_assert_msg((any.status == FER_OK) == (any.diags.errors == 0), "%s", text);
        ck_assert_msg(any.status == FER_OK || any.status == FER_EPARSE, "%s", text);
        for (int i = 0; i < any.diags.count; i++) {
            struct fer_span span = any.diags.items[i].span;

            if ((uint64_t)span.offset + span.length > any.source->length)
                ck_abort_msg("an error lies outside of\n%s", text);
        }
        free(parsed_report(&any));
        if (any.status == FER_OK)
            check_printing(&any);
        status = any.status;
    }
    parsed_free(&any);
    return status;
}

/* A longer run: FER_TEST_FUZZ=100000 CK_DEFAULT_TIMEOUT=3600 tests/unit-print */
START_TEST(changed_texts_do_no_harm)
{
    const char *rounds = getenv("FER_TEST_FUZZ");
    uint64_t state = 88172645463325252u;
    char *texts[EXAMPLES];
    int count = worked_examples(texts, EXAMPLES), good = 0, times = rounds ? atoi(rounds) : 300;

    for (int i = 0; i < times; i++) {
        char *text = mutated(texts[i % count], &state);

        good += check_any(text) == FER_OK;
        free(text);
    }
    /* both ways are taken */
    ck_assert_int_ge(good, times / 20);
    ck_assert_int_le(good, times - times / 20);
    for (int i = 0; i < count; i++)
        free(texts[i]);
    parsed_start(&p);
}
END_TEST

/* Every beginning of a text is a text, too. */
START_TEST(cut_texts_do_no_harm)
{
    static const char text[] =
        "fer 1 # a\nuse a, b\nlet k = [1, \"x\\n\", $q]\n"
        "net n(x: f32[3,4]; w = 1) -> y {\n  y = x\n    | 0: conv2d $w k=[1, 2]  # c\n    | relu\n}\n"
        "data d -> image as i = folder \"a/\" | batch 2\nload n.0.a \"f\" strict=no\n"
        "stage s over d until epoch=1 keeping best=\"x\" {\n  loss c = i | n | l1\n"
        "  step q times=2 { minimize 2 c + $w c }\n  update n with sgd lr=1e-4 | cosine\n}\n"
        "test t over d { metric m = i | acc }\n";
    char cut[sizeof(text)];

    for (size_t length = 0; length < sizeof(text); length++) {
        memcpy(cut, text, length);
        cut[length] = '\0';
        check_any(cut);
    }
    parsed_well(&p, text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("print");
    TCase *texts = tcase_create("canonical text"), *hostile = tcase_create("hostile texts");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, texts);
    tcase_add_checked_fixture(texts, NULL, tear_down);
    tcase_add_test(texts, worked_examples_keep_their_words);
    tcase_add_test(texts, blanks_and_alignment);
    tcase_add_test(texts, stages_and_tests);
    tcase_add_test(texts, pipes_break_where_they_did_and_align);
    tcase_add_test(texts, wide_flows_are_filled);
    tcase_add_test(texts, data_sets_stand_in_columns);
    tcase_add_test(texts, comments_stay);
    tcase_add_test(texts, a_header_alone);
    tcase_add_test(texts, includes_stand_or_are_expanded);
    suite_add_tcase(suite, hostile);
    tcase_add_checked_fixture(hostile, NULL, tear_down);
    tcase_add_test(hostile, changed_texts_do_no_harm);
    tcase_add_test(hostile, cut_texts_do_no_harm);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
