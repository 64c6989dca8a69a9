/* SPDX-License-Identifier: Apache-2.0
 *
 * Every check that needs nothing but a file's text: what triggers it, alone,
 * with line, column, length and cure; and several at once.
 */
#include "test_config_util.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X100 X50 X50
#define X1000 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100
#define X4000 X1000 X1000 X1000 X1000
#define REST NAME PATH
#define SECOND HEADING "    ServerName b\n" PATH

static void lines(void **state)
{
    static const struct finding_case cases[] = {
        /* FC015: 4,094 bytes are allowed, with or without a line end */
        {TEXT("#" X4000 X50
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" HEADING REST),
         ""},
        {TEXT("#" X4000 X50
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n" HEADING REST),
         "1:4095+1 error FC015 4095 bytes"},
        {TEXT(HEADING REST "    #" X4000 X100),
         "4:4095+11 error FC015 shorten it"},
        {TEXT(HEADING "    ServerName " X4000 X100 "\n" PATH),
         "2:4095+21 error FC015 4115 bytes"},
        /* the name's other mistakes are found also in a long line */
        {TEXT(HEADING REST "    SeverName " X4000 X100 "\n"),
         "4:5+9 error FC004 'ServerName'\n4:4095+20 error FC015 "},
        /* FC019 */
        {TEXT(HEADING "    ServerName a\0b\n" PATH),
         "2:17+1 error FC019 UTF-8"},
        {TEXT("[\0F\0A\0S\0\n\0 \0 \0S\0\n\0"), "1:1+2 error FC019 "},
        /* FC020: told once */
        {TEXT("[FASTCGI_SERVER]\r\n  ServerName a\r\n\r\n  ServerPath /a\r\n"),
         "1:17+1 warning FC020 LF"},
        {TEXT(HEADING NAME "    ServerPath /a\r"), "3:18+1 warning FC020 "},
        /* FC021 */
        {TEXT("\xef\xbb\xbf" HEADING REST), "1:1+3 error FC021 without BOM"},
        {TEXT("\xef\xbb\xbf# x\n" HEADING REST), "1:1+3 error FC021 "},
        {TEXT("\xef\xbb\xbf[FASTCGI_SERVER] x\n" REST),
         "1:1+3 error FC021 \n1:21+1 warning FC016 "},
        {TEXT("\xef\xbb\xbf"), "0:0+0 error FC022 \n1:1+3 error FC021 "},
        /* FC028 */
        {TEXT(HEADING "    ServerName a\rb\n" PATH),
         "2:17+1 error FC028 line feed"},
        {TEXT("# x\ry\n" HEADING REST), "1:4+1 error FC028 line feed"},
        {TEXT("# x\r[FASTCGI_SERVER]\r    ServerName a"), "1:4+1 error FC028 "},
        {TEXT(HEADING "    ServerName a\x1b[m\n" PATH),
         "2:17+1 error FC028 \\x1b"},
        {TEXT(HEADING NAME "    ServerPath /a\x7f\n"),
         "3:18+1 error FC028 \\x7f"},
        {TEXT("# \x0c\n" HEADING REST "    # \x0c\n"), ""},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void headings(void **state)
{
    static const struct finding_case cases[] = {
        /* FC001 */
        {TEXT("[FASTCGI_SERVER\n" REST), "1:1+15 error FC001 [FASTCGI_SERVER]"},
        {TEXT(HEADING REST "[\n"), "4:1+1 error FC001 [FASTCGI_SERVER]"},
        {TEXT("[FASTCGI_SERVER # x\n" REST), "1:1+19 error FC001 "},
        {TEXT("[FASTCGI_SERVR\n" REST), "1:1+14 error FC001 "},
        /* FC005 */
        {TEXT("[FASTCGI_SERVRE]\n" REST),
         "1:2+14 error FC005 did you mean [FASTCGI_SERVER]?"},
        {TEXT(HEADING REST "[FOO]\n    x\n"), "4:2+3 error FC005 [FOO]"},
        {TEXT(HEADING REST "[]\n"), "4:2+0 error FC005 "},
        {TEXT("[ fastcgi_server ]\n" REST),
         "1:2+16 error FC005 write [FASTCGI_SERVER]"},
        {TEXT(HEADING REST "[FASTCGI_LOCATION]\n    Match /x\n"),
         "4:2+16 error FC005 [HANDLERS]"},
        /* FC060 */
        {TEXT("[FASTCGI]\n    ReadTimeout 5s\n" HEADING REST
              "[FASTCGI]\n    ReadTimeout 6s\n"),
         "6:1+9 error FC060 [FASTCGI]\n1:1+9 note FC060 first given"},
        {TEXT("[FASTCGI]\n    ReadTimeout 5s\n"), "0:0+0 error FC022 "},
        {TEXT("[FASTCGI]\n" HEADING REST), "1:1+9 error FC024 [FASTCGI]"},
        /* FC064 */
        {TEXT("[fastcgi]\n    ServerName x\n" HEADING REST),
         "2:5+10 error FC064 [FASTCGI_SERVER]"},
        /* FC016 */
        {TEXT("[FASTCGI_SERVER] x y \n" REST),
         "1:18+3 warning FC016 put 'x y' on a line of its own"},
        {TEXT("[FASTCGI_SERVER]]\n" REST), "1:17+1 warning FC016 "},
        {TEXT("[FASTCGI_SERVER] # x\n" REST), ""},
        {TEXT("[FASTCGI_SERVER] \t \n" REST), ""},
        /* FC017 */
        {TEXT("  [FASTCGI_SERVER]\n" REST), "1:3+16 error FC017 column 1"},
        {TEXT("\t[FOO]\n" HEADING REST),
         "1:2+5 error FC017 \n1:3+3 error FC005 "},
        /* FC022 */
        {TEXT(""), "0:0+0 error FC022 add one"},
        {TEXT("\n"), "0:0+0 error FC022 "},
        {TEXT("# [FASTCGI_SERVER]\n"), "0:0+0 error FC022 "},
        {TEXT("    # x\n    \n"), "0:0+0 error FC022 "},
        {TEXT("[root]\n    x y\n"), "0:0+0 error FC022 \n1:2+4 error FC005 "},
        /* FC024 */
        {TEXT(HEADING), "1:1+16 error FC024 add them"},
        {TEXT(HEADING "    # ServerName a\n" SECOND),
         "1:1+16 error FC024 remove it"},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void indentation(void **state)
{
    static const struct finding_case cases[] = {
        /* FC002: the first one only, as one heading cures them all */
        {TEXT("    ServerName a\n    ServerPath /a\n"),
         "1:5+10 error FC002 put the heading [FASTCGI_SERVER] above it"},
        {TEXT("    x\n" HEADING REST), "1:5+1 error FC002 'x'"},
        /* FC014 */
        {TEXT(HEADING NAME "  ServerPath /a\n"),
         "3:1+2 error FC014 2 spaces, but the file's indentation is 4 spaces\n"
         "2:1+4 note FC014 first indented line"},
        {TEXT(HEADING NAME "     ServerPath /a\n"),
         "3:1+5 error FC014 5 spaces\n2:1+4 note FC014 "},
        {TEXT(HEADING NAME "\tServerPath /a\n"),
         "3:1+1 error FC014 1 tab\n2:1+4 note FC014 "},
        {TEXT(HEADING NAME " \t\tServerPath /a\n"),
         "3:1+3 error FC014 2 tabs and 1 space\n2:1+4 note FC014 "},
        {TEXT(HEADING REST "  # comment\n"),
         "4:1+2 error FC014 \n2:1+4 note FC014 "},
        {TEXT(HEADING REST "  \n"),
         "4:1+2 error FC014 remove them\n2:1+4 note FC014 "},
        {TEXT(HEADING REST "     \n"),
         "4:1+5 error FC014 remove them\n2:1+4 note FC014 "},
        {TEXT("  # x\n" HEADING "  ServerName a\n  ServerPath /a\n"), ""},
        {TEXT("  # x\n" HEADING "    ServerName a\n  ServerPath /a\n"),
         "3:1+4 error FC014 \n1:1+2 note FC014 "},
        /* an empty line that sets it is told once, not each line behind it */
        {TEXT("  \n" HEADING REST),
         "1:1+2 error FC014 remove them\n3:1+4 note FC014 "},
        {TEXT("    \n" HEADING REST), ""},
        {TEXT("\t \n" HEADING "\t ServerName a\n\t ServerPath /a\n"), ""},
        {TEXT("  \n    \n" HEADING "  ServerName a\n  ServerPath /a\n"),
         "2:1+4 error FC014 \n1:1+2 note FC014 "},
        /* FC018 */
        {TEXT(HEADING "ServerName a\n" PATH),
         "2:1+10 error FC018 put blanks before it"},
        {TEXT(HEADING NAME "ServerPath /a\n"), "3:1+10 error FC018 "},
        {TEXT("server.name = x\n"), "1:1+11 error FC018 \n1:1+11 error FC002 "},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void keys(void **state)
{
    static const struct finding_case cases[] = {
        /* FC003 */
        {TEXT(HEADING "    ServerName\n" PATH),
         "2:5+10 error FC003 write 'ServerName php'"},
        {TEXT(HEADING "    ServerName  \t \n" PATH), "2:5+10 error FC003 "},
        {TEXT(HEADING "    ServerName\t\n" PATH), "2:5+10 error FC003 "},
        {TEXT(HEADING "    ServerName =\n" PATH), "2:5+10 error FC003 "},
        {TEXT(HEADING NAME "    serveraddr\n"),
         "3:5+10 error FC003 write 'ServerAddr 127.0.0.1:9000'"},
        /* FC004 */
        {TEXT(HEADING NAME "    SeverPath /a\n"),
         "3:5+9 error FC004 did you mean 'ServerPath'?"},
        {TEXT(HEADING REST "    foo\n"), "4:5+3 error FC004 'foo'"},
        {TEXT(HEADING REST "    MaxConections 5\n"),
         "4:5+13 error FC004 did you mean 'MaxConnections'?"},
        {TEXT(HEADING REST "    x\n    x\n"),
         "4:5+1 error FC004 \n5:5+1 error FC004 "},
        {TEXT(HEADING REST "    S\xc3\xbc\x01 x\n"),
         "4:5+4 error FC004 'S\xc3\xbc\\x01'\n4:8+1 error FC028 "},
        /* FC006 */
        {TEXT(HEADING REST "    serverPATH /b\n"),
         "4:5+10 error FC006 remove one\n3:5+10 note FC006 first given here"},
        {TEXT(HEADING REST "    ServerPath /b\n    ServerPath /b\n"),
         "4:5+10 error FC006 \n3:5+10 note FC006 \n"
         "5:5+10 error FC006 \n3:5+10 note FC006 "},
        /* FC007: upper and lower case differ */
        {TEXT(HEADING REST HEADING "    ServerName   a\n" PATH),
         "5:18+1 error FC007 line 2\n2:16+1 note FC007 first given here"},
        {TEXT(HEADING REST HEADING "    ServerName A\n" PATH), ""},
        {TEXT(HEADING REST HEADING REST HEADING REST),
         "5:16+1 error FC007 line 2\n2:16+1 note FC007 \n"
         "8:16+1 error FC007 \n5:16+1 note FC007 "},
        /* FC013 */
        {TEXT(HEADING "    ServerName\ta\n" PATH),
         "2:15+1 error FC013 use spaces"},
        {TEXT(HEADING "    ServerName\t\ta b\n" PATH),
         "2:15+1 error FC013 \n2:18+2 warning FC027 "},
        {TEXT(HEADING "    ServerName\t a\n" PATH), ""},
        {TEXT(HEADING "    ServerName \ta\t\n" PATH), ""},
        /* FC035 */
        {TEXT(HEADING "    ServerName = a\n" PATH),
         "2:16+1 error FC035 write 'ServerName a'"},
        {TEXT(HEADING "    ServerName=a\n" PATH), "2:15+1 error FC035 "},
        {TEXT(HEADING "    ServerName =a\n" PATH), "2:16+1 error FC035 "},
        {TEXT(HEADING NAME "    ServerPath = relative\n"),
         "3:16+1 error FC035 \n3:18+8 error FC011 "},
        /* FC009, FC010, FC023 */
        {TEXT("\n" HEADING NAME), "2:1+16 error FC009 ServerAddr"},
        {TEXT(HEADING PATH), "1:1+16 error FC023 add 'ServerName php'"},
        {TEXT(HEADING "    ReadTimeout 5\n"),
         "1:1+16 error FC023 \n1:1+16 error FC009 "},
        {TEXT(HEADING REST "    ServerAddr h:1\n"),
         "4:5+10 error FC010 'ServerAddr' beside 'ServerPath' (line 3)\n"
         "3:5+10 note FC010 'ServerPath' is here"},
        {TEXT(HEADING NAME "    ServerAddr h:1\n\n" PATH),
         "5:5+10 error FC010 'ServerPath' beside 'ServerAddr' (line 3)\n"
         "3:5+10 note FC010 'ServerAddr' is here"},
        /* one server each: not both, but two of them */
        {TEXT(HEADING REST HEADING "    ServerName b\n    ServerAddr h:1\n"),
         ""},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void values(void **state)
{
    static const struct finding_case cases[] = {
        /* FC008 */
        {TEXT(HEADING REST "    ReadTimeout soon\n"),
         "4:17+4 error FC008 whole number"},
        {TEXT(HEADING REST "    ReadTimeout 1.5s\n"),
         "4:18+3 error FC008 1500ms"},
        {TEXT(HEADING REST "    ReadTimeout 5 s\n"),
         "4:18+2 error FC008 blank"},
        {TEXT(HEADING REST "    ReadTimeout 5sec\n"),
         "4:18+3 error FC008 ms, s, m or h"},
        {TEXT(HEADING REST "    ReadTimeout -1\n"), "4:17+2 error FC008 "},
        /* FC011 */
        {TEXT(HEADING NAME "    ServerPath run/a\n"),
         "3:16+5 error FC011 start it with '/'"},
        {TEXT(HEADING NAME "    ServerPath /" X100 "xxxxxx\n"), ""},
        {TEXT(HEADING NAME "    ServerPath /" X100 "xxxxxxx\n"),
         "3:123+1 error FC011 shorter"},
        {TEXT(HEADING NAME "    ServerPath /" X100 X100 "\n"),
         "3:123+94 error FC011 107 bytes"},
        /* FC012 */
        {TEXT(HEADING "    ServerName a # main\n" PATH),
         "2:18+6 warning FC012 '# main'"},
        {TEXT(HEADING "    ServerName #a\n" PATH), "2:16+2 warning FC012 "},
        {TEXT(HEADING "    ServerName a#b\n" PATH), ""},
        {TEXT(HEADING NAME "    ServerPath /a\t#b # c\n"),
         "3:19+6 warning FC012 '#b # c'"},
        {TEXT(HEADING REST "    ReadTimeout 5s # c\n"),
         "4:18+5 error FC008 \n4:20+3 warning FC012 "},
        /* FC025 */
        {TEXT(HEADING NAME "    ServerAddr h:0\n"),
         "3:18+1 error FC025 port 0"},
        {TEXT(HEADING NAME "    ServerAddr h:65536\n"),
         "3:18+5 error FC025 too large"},
        {TEXT(HEADING NAME "    ServerAddr h:http\n"),
         "3:18+4 error FC025 not a number"},
        {TEXT(HEADING NAME "    ServerAddr h\n"),
         "3:17+1 error FC025 port is missing"},
        {TEXT(HEADING NAME "    ServerAddr ::1:9000\n"),
         "3:16+8 error FC025 [::1]:9000"},
        /* FC026 */
        {TEXT(HEADING REST "    ReadTimeout 0\n"),
         "4:17+1 error FC026 default of 60s"},
        {TEXT(HEADING REST "    ConnectTimeout 0ms\n"),
         "4:20+3 error FC026 default of 5s"},
        {TEXT(HEADING REST "    ReadTimeout 1ms\n"), ""},
        {TEXT(HEADING REST "    ReadTimeout 24h\n"), ""},
        {TEXT(HEADING REST "    ReadTimeout 86400001ms\n"),
         "4:17+10 error FC026 the most is 24h"},
        {TEXT(HEADING REST "    SendTimeout 99999999999999999999h\n"),
         "4:17+21 error FC026 the most is 24h"},
        /* FC027 */
        {TEXT(HEADING "    ServerName a b\n" PATH),
         "2:17+2 warning FC027 Match"},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void all_at_once(void **state)
{
    static const struct finding_case cases[] = {
        {TEXT("# one\n"
              "[FASTCGI_SERVER] x\n"
              "    ServerName a\n"
              "    SeverPath /a\n"
              "    ReadTimeout 0\n"
              "[FASTCGI_SERVR]\n"
              "    ServerName a\n"
              "    # two\n"
              "    ServerAddr h:99999\n"
              "    ServerPath a\n"
              "[FOO]\n"
              "    anything goes\n"
              "  [FASTCGI_SERVER]\n"
              "    ServerAddr h:1\n"),
         "2:18+1 warning FC016 \n"
         "4:5+9 error FC004 \n"
         "5:17+1 error FC026 \n"
         "6:2+13 error FC005 \n"
         "7:16+1 error FC007 \n"
         "3:16+1 note FC007 \n"
         "9:18+5 error FC025 \n"
         "10:5+10 error FC010 \n"
         "9:5+10 note FC010 \n"
         "10:16+1 error FC011 \n"
         "11:2+3 error FC005 \n"
         "13:3+16 error FC017 \n"
         "13:3+16 error FC023 "},
        /* a NUL in a key's name cuts it, and the rest is missed */
        {TEXT("\0\n" HEADING "    Se\0rverName a\n" PATH),
         "1:1+1 error FC019 \n2:1+16 error FC023 \n3:5+2 error FC004 "},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void stops_at_too_many(void **state)
{
    size_t size = 5000 * 10;
    char *text = malloc(size + 1);
    struct fcgi_diag_list diags;

    (void)state;
    assert_non_null(text);
    memcpy(text, HEADING, strlen(HEADING));
    for (size_t i = strlen(HEADING); i < size; i += 2) {
        text[i] = '\n';
        text[i + 1] = 'x';
    }
    fcgi_diag_list_init(&diags);
    assert_null(fcgi_config_parse("f", text, size, &diags));
    assert_true(diags.count > 900 && diags.count < 1100);
    assert_string_equal(diags.items[diags.count - 1].id, "FC029");
    fcgi_diag_list_free(&diags);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(headings),
        cmocka_unit_test(indentation),
        cmocka_unit_test(keys),
        cmocka_unit_test(values),
        cmocka_unit_test(all_at_once),
        cmocka_unit_test(stops_at_too_many),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
