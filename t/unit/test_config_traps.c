/* SPDX-License-Identifier: Apache-2.0
 *
 * libconfuse 3.3 counts lines wrongly behind comments, ends the process on a
 * read error, keeps state when a parse fails, takes "root" for its own root,
 * and more. None of that may reach a user: a test for each.
 */
#include "test_config_util.h"

#include <confuse.h>
#include <errno.h>
#include <unistd.h>

/* The library adds lines for every comment. */
static void lines_are_right_behind_comments(void **state)
{
    static const struct finding_case cases[] = {
        {TEXT("# one\n# two\n" HEADING "    # three\n" NAME PATH
              "    ReadTimeout 0\n"),
         "7:17+1 error FC026 "},
        {TEXT("// one\n/* two */\n/* three\n" HEADING NAME PATH
              "    ReadTimeout 0\n"),
         "1:1+6 error FC044 \n2:1+2 error FC018 \n2:1+2 error FC002 \n"
         "3:1+2 error FC018 \n7:17+1 error FC026 "},
        {TEXT("\n\n\n" HEADING "\n\n" NAME "\n\n" PATH "\n\n"
              "    ReadTimeout 0"),
         "13:17+1 error FC026 "},
        {TEXT(HEADING "    ServerName //a\n" PATH "    ReadTimeout 0\n"),
         "4:17+1 error FC026 "},
        {TEXT(HEADING "    ServerName /*a\n" PATH "    ReadTimeout 0\n"),
         "4:17+1 error FC026 "},
        {TEXT(HEADING "    ServerName 'a\n" PATH "    ReadTimeout 0\n"),
         "4:17+1 error FC026 "},
        /* the library reports a section at its end, we at its heading */
        {TEXT("#\n#\n" HEADING NAME "#\n#\n#\n" HEADING
              "    ServerName b\n" PATH),
         "3:1+16 error FC009 "},
    };

    (void)state;
    CHECK_CASES(cases);
}

/* The library stops at the first error. */
static void all_errors_are_told(void **state)
{
    static const struct finding_case cases[] = {
        {TEXT(HEADING "    ServerName a\n    ServerAddr x\n"
                      "    ConnectTimeout x\n    SendTimeout 0\n"
                      "    ReadTimeout 1d\n" HEADING
                      "    ServerName b\n    ServerPath x\n"),
         "3:17+1 error FC025 \n4:20+1 error FC008 \n5:17+1 error FC026 \n"
         "6:18+1 error FC008 \n9:16+1 error FC011 "},
    };

    (void)state;
    CHECK_CASES(cases);
}

/* The library takes "" for 0, 010 for 8, and falls back to 0 on errors. */
static void numbers_are_decimal(void **state)
{
    static const struct {
        const char *text;
        uint32_t ms;
    } cases[] = {{"010", 10000}, {"08", 8000}, {"0010ms", 10}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[128];
        int len =
            snprintf(text, sizeof(text),
                     HEADING NAME PATH "    ReadTimeout %s\n", cases[i].text);
        struct fcgi_config *config;

        errno = ERANGE; /* the library looks at it without clearing it */
        config = must_parse(text, (size_t)len);
        assert_int_equal(config->servers[0].read_timeout, cases[i].ms);
        fcgi_config_free(config);
    }
}

/* The library's syntax means nothing here, and its functions do not exist. */
static void library_syntax_is_no_syntax(void **state)
{
    static const struct finding_case cases[] = {
        {TEXT(HEADING NAME PATH "    }\n    } root {\n    { x\n"),
         "4:5+1 error FC004 \n5:5+1 error FC004 \n6:5+1 error FC004 "},
        {TEXT(HEADING NAME PATH "    include /etc/passwd\n"),
         "4:5+7 error FC004 'include'"},
        {TEXT(HEADING NAME PATH "    include('/etc/passwd')\n"),
         "4:5+22 error FC004 "},
        {TEXT("FASTCGI_SERVER {\n    ServerName = a\n}\n"),
         "1:1+14 error FC018 \n1:1+14 error FC002 \n3:1+1 error FC018 "},
        /* '|' and '=' in a name are a path for the library */
        {TEXT(HEADING NAME PATH "    FASTCGI_SERVER|ServerName x\n"),
         "4:5+25 error FC004 "},
        {TEXT(HEADING NAME PATH "[FASTCGI_SERVER|x]\n"),
         "4:1+18 error FC024 \n4:2+16 error FC005 "},
        {TEXT(HEADING NAME PATH "    ServerName+ = x\n"),
         "4:5+11 error FC004 'ServerName'\n4:17+1 error FC035 "},
        {TEXT(HEADING NAME PATH "    ServerName += x\n"),
         "4:5+10 error FC006 \n2:5+10 note FC006 "},
    };

    (void)state;
    for (int i = 0; i < 20; i++) /* its depth of includes leaks */
        CHECK_CASES(cases);
}

/* The library frees its lexer when a section of this name goes. */
static void section_root_is_a_section(void **state)
{
    static const struct finding_case cases[] = {
        {TEXT(HEADING NAME PATH "[root]\n    x y\n[root]\n" HEADING
                                "    ServerName b\n    ServerAddr h:0\n"),
         "4:2+4 error FC005 [root]\n6:2+4 error FC005 [root]\n"
         "9:18+1 error FC025 "},
        {TEXT(HEADING "    ServerName root\n" PATH HEADING
                      "    ServerName b\n    ServerAddr h:0\n"),
         "6:18+1 error FC025 "},
    };

    (void)state;
    CHECK_CASES(cases);
}

/* The library goes wrong with an unknown section that has one option. */
static void unknown_section_ends_where_it_ends(void **state)
{
    static const struct finding_case cases[] = {
        {TEXT("[foo]\n    a b\n" HEADING "    ServerName a\n"),
         "1:2+3 error FC005 \n3:1+16 error FC009 "},
        {TEXT("[foo]\n[bar]\n    a\n    a\tb\n" HEADING NAME PATH),
         "1:2+3 error FC005 \n2:2+3 error FC005 "},
    };

    (void)state;
    CHECK_CASES(cases);
}

/* Behind an unterminated string the library parses nothing, with success. */
static void a_failed_load_leaves_nothing_behind(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } bad[] = {
        {TEXT(HEADING "    ServerName \"a\n")},
        {TEXT(HEADING "    ServerName 'a\n")},
        {TEXT(HEADING "    ServerName /* a\n")},
        {TEXT(HEADING "    ServerName ${a\n")},
        {TEXT("[FASTCGI_SERVER\n\"")},
        {TEXT("\"\n'\n/*\n")},
        {TEXT("\0\"")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fcgi_diag_list diags;
        struct fcgi_config *config;

        fcgi_diag_list_init(&diags);
        assert_null(fcgi_config_parse("f", bad[i].text, bad[i].len, &diags));
        assert_true(diags.errors > 0);
        fcgi_diag_list_free(&diags);
        config = must_parse(TEXT(HEADING NAME PATH));
        assert_int_equal(config->n_servers, 1);
        assert_string_equal(config->servers[0].name, "a");
        assert_string_equal(config->servers[0].endpoint.path, "/run/a.sock");
        fcgi_config_free(config);
    }
}

/* The same, where somebody else in the process has used the library. */
static void another_user_does_not_matter(void **state)
{
    cfg_opt_t options[] = {CFG_STR("x", "", CFGF_NONE), CFG_END()};
    cfg_t *other = cfg_init(options, CFGF_NONE);
    struct fcgi_config *config;

    (void)state;
    assert_non_null(other);
    assert_int_equal(cfg_parse_buf(other, "x = 'y'"), CFG_SUCCESS);
    config = must_parse(TEXT(HEADING NAME PATH));
    assert_string_equal(config->servers[0].name, "a");
    assert_string_equal(cfg_getstr(other, "x"), "y");
    cfg_free(other);
    fcgi_config_free(config);
}

/* The library expands '~' in a file's name and ends on a directory. */
static void files_are_not_opened_by_the_library(void **state)
{
    static const char *const paths[] = {"/", "~", "~root", "~/", "/dev/null"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct fcgi_diag_list diags;

        fcgi_diag_list_init(&diags);
        assert_null(fcgi_config_load(paths[i], &diags));
        assert_int_equal(diags.count, 1);
        assert_string_equal(diags.items[0].file, paths[i]);
        fcgi_diag_list_free(&diags);
    }
}

/* File names go into no format string. */
static void percent_signs_are_harmless(void **state)
{
    static const char text[] =
        HEADING "    ServerName %s%n%d\n    ServerPath %s%n\n    %s%n x\n";
    struct fcgi_diag_list diags;
    char line[256];

    (void)state;
    fcgi_diag_list_init(&diags);
    assert_null(fcgi_config_parse("%s%n.conf", text, sizeof(text) - 1, &diags));
    assert_int_equal(diags.count, 2);
    fcgi_diag_format(&diags.items[1], line, sizeof(line));
    assert_string_equal(line,
                        "%s%n.conf:4:5: error: unknown key '%s%n' in "
                        "[FASTCGI_SERVER]; correct or remove it [FC004]");
    fcgi_diag_list_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_right_behind_comments),
        cmocka_unit_test(all_errors_are_told),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(library_syntax_is_no_syntax),
        cmocka_unit_test(section_root_is_a_section),
        cmocka_unit_test(unknown_section_ends_where_it_ends),
        cmocka_unit_test(a_failed_load_leaves_nothing_behind),
        cmocka_unit_test(another_user_does_not_matter),
        cmocka_unit_test(files_are_not_opened_by_the_library),
        cmocka_unit_test(percent_signs_are_harmless),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
