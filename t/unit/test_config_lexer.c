/* SPDX-License-Identifier: Apache-2.0
 *
 * The grammars of Monkey 1.6 and 1.8: tokens, findings, and a tree with
 * includes. The expected values are what 1.6.9 and 1.8.9 do with these files.
 */
#include "test_config_util.h"

#include "config/lexer.h"
#include "config/tree.h"

/* "H:name" "K:key=value" "I:path" for each token that is not empty, then the
 * ids of the findings. */
static void lex(const struct fcgi_grammar *grammar, const char *text,
                size_t len, char *out, size_t size)
{
    struct fcgi_diag_list diags;
    struct fcgi_lexer lexer;
    struct fcgi_token token;
    size_t n = 0;

    fcgi_diag_list_init(&diags);
    fcgi_lexer_init(&lexer, grammar, "f", text, len, &diags);
    out[0] = '\0';
    while (fcgi_lexer_next(&lexer, &token)) {
        struct fcgi_span key = token.text, value = {"", 0};

        if (token.kind == FCGI_TOKEN_EMPTY)
            continue;
        if (token.kind == FCGI_TOKEN_KEY)
            fcgi_lexer_split(&lexer, &token, &key, &value);
        n += (size_t)snprintf(out + n, size - n, "%u%c:%.*s%s%.*s ", token.line,
                              "?HKI"[token.kind], (int)key.len, key.at,
                              value.len ? "=" : "",
                              value.len > 20 ? 20 : (int)value.len, value.at);
        assert_true(n < size);
    }
    for (size_t i = 0; i < diags.count; i++)
        n += (size_t)snprintf(out + n, size - n, "%s@%u:%u ", diags.items[i].id,
                              diags.items[i].line, diags.items[i].column);
    assert_true(n < size);
    fcgi_diag_list_free(&diags);
}

static void grammars(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *in16;
        const char *in18;
    } cases[] = {
        {TEXT("[A]\n  K v w\n# c\n  # c\n"), "1H:A 2K:K=v w ",
         "1H:A 2K:K=v w "},
        {TEXT("[A] x\n\tK v\r\n"), "1H:A 2K:K=v FC016@1:5 FC020@2:5 ",
         "1H:A 2K:K=v FC016@1:5 FC020@2:5 "},
        {TEXT("@INCLUDE a.conf\n[A]\n K v\n"),
         "2H:A 3K:K=v FC018@1:1 FC002@1:1 ", "1I:a.conf 2H:A 3K:K=v "},
        {TEXT("[A]\n@include sites/*\n K v\n"),
         "1H:A 2K:@include=sites/* 3K:K=v FC018@2:1 ",
         "1H:A 2I:sites/* 3K:K=v "},
        {TEXT("@SET a=b\n[A]\n K v\n"), "2H:A 3K:K=v FC018@1:1 FC002@1:1 ",
         "2H:A 3K:K=v "},
        {TEXT("[A]\n @INCLUDE a\n"), "1H:A 2K:@INCLUDE=a ",
         "1H:A 2K:@INCLUDE=a "},
        {TEXT("[A]\n K v\n ---\n ---- x\n"), "1H:A 2K:K=v 3K:--- 4K:----=x ",
         "1H:A 2K:K=v "},
        {TEXT("[A]\n K v\n  L v\n"), "1H:A 2K:K=v 3K:L=v FC014@3:1 FC014@2:1 ",
         "1H:A 2K:K=v 3K:L=v FC014@3:1 FC014@2:1 "},
        {TEXT("[A\n K v\n"), "1H:A 2K:K=v FC001@1:1 ",
         "1H:A 2K:K=v FC001@1:1 "},
        {TEXT("\xff\xfe[\0A\0"), "FC019@1:1 ", "FC019@1:1 "},
        {TEXT(""), "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[512];

        lex(&fcgi_grammar_16, cases[i].text, cases[i].len, out, sizeof(out));
        assert_string_equal(out, cases[i].in16);
        lex(&fcgi_grammar_18, cases[i].text, cases[i].len, out, sizeof(out));
        assert_string_equal(out, cases[i].in18);
    }
}

/* A line of `len` bytes, and an end; whether it is found to be too long. */
static bool is_long(const struct fcgi_grammar *grammar, size_t len,
                    const char *end)
{
    static char text[8192];
    char out[512];
    size_t n = (size_t)snprintf(text, sizeof(text), "[A]\n K ");

    memset(text + n, 'x', len - 3);
    n += len - 3;
    n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", end);
    lex(grammar, text, n, out, sizeof(out));
    return strstr(out, "FC015@2:") != NULL;
}

static void lines_have_a_limit(void **state)
{
    (void)state;
    assert_false(is_long(&fcgi_grammar_16, 254, "\n"));
    assert_false(is_long(&fcgi_grammar_16, 254, ""));
    assert_false(is_long(&fcgi_grammar_16, 254, "\r\n"));
    assert_true(is_long(&fcgi_grammar_16, 255, "\n"));
    assert_true(is_long(&fcgi_grammar_16, 255, ""));
    assert_false(is_long(&fcgi_grammar_18, 255, "\n"));
    assert_false(is_long(&fcgi_grammar_18, 4094, "\n"));
    assert_false(is_long(&fcgi_grammar_18, 4094, ""));
    assert_false(is_long(&fcgi_grammar_18, 4093, "\r\n"));
    assert_true(is_long(&fcgi_grammar_18, 4094, "\r\n"));
    assert_true(is_long(&fcgi_grammar_18, 4095, "\n"));
    assert_true(is_long(&fcgi_grammar_18, 4095, ""));
}

static int include(struct fcgi_tree *tree,
                   const struct fcgi_tree_reader *reader, const char *file,
                   const struct fcgi_token *token)
{
    assert_string_equal(file, "top");
    assert_int_equal(token->line, *(const unsigned *)reader->data);
    assert_memory_equal(token->text.at, "sub", 3);
    return fcgi_tree_add(tree, reader, "sub", TEXT("\tL w\n[B]\n\tM x\n"));
}

/* What is included stands where the command does, with an indentation of its
 * own; its first keys go to the section before. */
static void included_files_are_inserted(void **state)
{
    unsigned line = 3;
    struct fcgi_diag_list diags;
    const struct fcgi_tree_reader reader = {&fcgi_grammar_18, &diags, include,
                                            &line};
    struct fcgi_tree tree = {0};

    (void)state;
    fcgi_diag_list_init(&diags);
    assert_int_equal(fcgi_tree_add(&tree, &reader, "top",
                                   TEXT("[A]\n  K v\n@INCLUDE sub\n  N y\n")),
                     0);
    assert_int_equal(diags.count, 0);
    assert_int_equal(tree.n_sections, 2);
    assert_string_equal(tree.file, "top");
    assert_int_equal(tree.sections[0].n_entries, 2);
    assert_string_equal(tree.sections[0].entries[1].key, "L");
    assert_string_equal(tree.sections[0].entries[1].file, "sub");
    assert_string_equal(tree.sections[1].file, "sub");
    assert_int_equal(tree.sections[1].n_entries, 2);
    assert_string_equal(tree.sections[1].entries[1].key, "N");
    assert_string_equal(tree.sections[1].entries[1].file, "top");
    assert_int_equal(tree.sections[1].entries[1].line, 4);
    fcgi_tree_free(&tree);
    fcgi_diag_list_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grammars),
        cmocka_unit_test(lines_have_a_limit),
        cmocka_unit_test(included_files_are_inserted),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
