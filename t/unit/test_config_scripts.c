/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys about scripts and variables: what is found wrong with them, alone
 * and together, and what they come to.
 */
#include "test_config_util.h"

#define SERVER HEADING NAME PATH

static void forms(void **state)
{
    static const struct finding_case cases[] = {
        {TEXT(SERVER "    Index index.php index.html\n"
                     "    FrontController /index.php\n"
                     "    PathInfo off\n"
                     "    Extensions .php .phtml\n"
                     "    CheckScript AUTO\n"
                     "    DocumentRoot /srv/www\n"
                     "    Param APP_ENV a b\n    Param lower x\n"
                     "    HideParam HTTP_X SERVER_SOFTWARE\n"
                     "    PassAuthorization Off\n    MaxHeaderSize 1m\n"),
         ""},
        {TEXT(SERVER "    Index a/index.php\n"),
         "4:12+10 error FC065 without '/'"},
        {TEXT(SERVER "    Index ..\n"), "4:11+2 error FC065 name of a file"},
        {TEXT(SERVER "    FrontController index.php\n"),
         "4:21+9 error FC065 start it with '/'"},
        {TEXT(SERVER "    FrontController /a/../b.php\n"),
         "4:24+8 error FC065 without '..'"},
        {TEXT(SERVER "    Extensions php\n"),
         "4:16+3 error FC065 dot in front"},
        {TEXT(SERVER "    Extensions .a *.php\n"),
         "4:19+5 error FC065 without '*'"},
        {TEXT(SERVER "    Extensions .\n"), "4:16+1 error FC065 dot in front"},
        {TEXT(SERVER "    CheckScript maybe\n"),
         "4:17+5 error FC065 On, Off or Auto"},
        {TEXT(SERVER "    Concurrency auto\n"), ""},
        {TEXT(SERVER "    Concurrency OFF\n"), ""},
        {TEXT(SERVER "    Concurrency 99999\n"), ""},
        {TEXT(SERVER "    Concurrency on\n"),
         "4:17+2 error FC065 Auto, Off or a number"},
        {TEXT(SERVER "    Concurrency 0\n"),
         "4:17+1 error FC065 from 1 to 99999"},
        {TEXT(SERVER "    Concurrency 100000\n"),
         "4:17+6 error FC065 from 1 to 99999"},
        {TEXT(SERVER "    DocumentRoot www\n"),
         "4:18+3 error FC065 absolute path"},
        {TEXT(SERVER "    LinkRoots /usr/share /a\n    RealPath On\n"), ""},
        {TEXT(SERVER "    LinkRoots /usr share\n"),
         "4:20+5 error FC065 absolute path"},
        {TEXT(SERVER "    LinkRoots //\n"), "4:15+2 error FC065 everywhere"},
        {TEXT(SERVER "    LinkRoots /a/..\n"),
         "4:18+2 error FC065 without '..'"},
        {TEXT(SERVER "    InterceptErrors on 404 599\n"), ""},
        {TEXT(SERVER "    InterceptErrors 404 200\n"),
         "4:25+3 error FC065 from 400 to 599"},
        {TEXT(SERVER "    InterceptErrors 4040\n"),
         "4:21+4 error FC065 from 400 to 599"},
        {TEXT(SERVER "    ErrorPage 404 /a.php?b\n    ErrorPage 503 /c\n"), ""},
        {TEXT(SERVER "    ErrorPage 404\n"),
         "4:18+1 error FC065 start it with"},
        {TEXT(SERVER "    ErrorPage 4 /a\n"),
         "4:15+1 error FC065 from 400 to 599"},
        {TEXT(SERVER "    Param HTTP-X v\n"), "4:15+2 error FC065 have '_'"},
        {TEXT(SERVER "    Param 1X v\n"), "4:11+2 error FC065 letters"},
        {TEXT(SERVER "    Param CONTENT_LENGTH 3\n"),
         "4:11+14 error FC065 each request has its own"},
        {TEXT(SERVER "    Param request_method GET\n"),
         "4:11+14 error FC065 each request has its own"},
        {TEXT(SERVER "    Param APP_ENV\n"), "4:11+7 warning FC066 no value"},
        {TEXT(SERVER "    HideParam Cookie\n"),
         "4:16+5 error FC065 upper case"},
        {TEXT(SERVER "    MaxHeaderSize 10\n"), "4:19+2 error FC026 "},
        {TEXT(SERVER "    PassAuthorization yes\n"), "4:23+3 error FC061 "},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void together(void **state)
{
    static const struct finding_case cases[] = {
        {TEXT(SERVER "    CheckScript On\n    DocumentRoot /srv\n"),
         "5:5+12 warning FC036 not below '/srv'"},
        {TEXT(SERVER "    CheckScript Off\n    DocumentRoot /srv\n"), ""},
        {TEXT("[FASTCGI]\n    CheckScript On\n" SERVER
              "    DocumentRoot /srv\n"),
         "6:5+12 warning FC036 not below '/srv'"},
        /* What holds for all is told once. */
        {TEXT("[FASTCGI]\n    CheckScript On\n    DocumentRoot /srv\n" SERVER
                  HEADING "    ServerName b\n    ServerAddr h:1\n"),
         "3:5+12 warning FC036 "},
        {TEXT(SERVER "    LinkRoots /a\n    CheckScript off\n"),
         "4:5+9 warning FC052 to '/a' or not"},
        {TEXT(SERVER "    RealPath On\n    DocumentRoot /srv\n"),
         "4:5+8 warning FC051 as '/srv' is a path of the application's"},
        {TEXT("[FASTCGI]\n    RealPath On\n    LinkRoots /a\n" SERVER
              "    DocumentRoot /srv\n    CheckScript Off\n"),
         ""},
        {TEXT("[FASTCGI]\n    RealPath On\n    DocumentRoot /srv\n" SERVER),
         "2:5+8 warning FC051 "},
        {TEXT(SERVER "    InterceptErrors 404 off\n"),
         "4:5+15 warning FC053 'off' says nothing"},
        {TEXT(SERVER "    RealPath Off\n    DocumentRoot /srv\n"), ""},
        {TEXT(SERVER "    FrontController /app\n    CheckScript On\n"),
         "4:5+15 warning FC037 '/app' must be a file"},
        {TEXT(SERVER "    FrontController /a.d/\n    CheckScript on\n"),
         "4:5+15 warning FC037 "},
        {TEXT(SERVER "    FrontController /app\n"), ""},
        {TEXT(SERVER "    HideParam HTTP_X SCRIPT_FILENAME\n"),
         "4:5+9 warning FC038 'SCRIPT_FILENAME'"},
        {TEXT(SERVER "    HideParam SERVER_NAME\n    Param SERVER_NAME w\n"),
         "4:5+9 warning FC039 'SERVER_NAME' is set by Param"},
    };

    (void)state;
    CHECK_CASES(cases);
}

static void values(void **state)
{
    struct fcgi_diag_list diags;
    struct fcgi_config *config;
    const struct fcgi_server_config *a, *b;

    (void)state;
    fcgi_diag_list_init(&diags);
    config = fcgi_config_parse(
        "f",
        TEXT("[FASTCGI]\n    Param A of all\n    HideParam HTTP_A\n"
             "    Extensions .php\n    PathInfo Off\n" SERVER
             "    Param A its own\n    HideParam HTTP_B HTTP_C\n"
             "    Extensions .pl .cgi\n    MaxHeaderSize 100k\n" HEADING
             "    ServerName b\n    ServerAddr h:1\n    PathInfo On\n"),
        &diags);
    assert_non_null(config);
    a = &config->servers[0];
    b = &config->servers[1];
    assert_int_equal(a->params.count, 2);
    assert_string_equal(a->params.items[0].value, "of all");
    assert_string_equal(a->params.items[1].value, "its own");
    assert_int_equal(a->hidden_params.count, 3);
    assert_int_equal(a->extensions.count, 2);
    assert_string_equal(a->extensions.items[1], ".cgi");
    assert_false(a->path_info);
    assert_int_equal(a->max_header_size, 100 * 1024);
    assert_true(b->path_info);
    assert_int_equal(b->extensions.count, 1);
    assert_int_equal(b->params.count, 1);
    assert_int_equal(b->max_header_size, 64 * 1024);
    assert_string_equal(b->check_script, "Auto");
    assert_null(b->document_root);
    assert_null(b->front_controller);
    assert_true(b->pass_authorization);
    fcgi_config_free(config);
    fcgi_diag_list_free(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(together),
        cmocka_unit_test(values),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
