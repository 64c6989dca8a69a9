/* SPDX-License-Identifier: Apache-2.0
 */
#include "config/form.h"

#include <stdbool.h>
#include <string.h>

#include "config/network.h"
#include "config/text.h"

/* Whether a value is one of the words, a list that ends with NULL. */
static bool is_one_of(const char *value, size_t len, const char *const *words)
{
    while (*words && !fcgi_text_equal(value, len, *words, strlen(*words)))
        words++;
    return *words != NULL;
}

#define IS_ONE_OF(...) \
    is_one_of(value, len, (const char *const[]){__VA_ARGS__, NULL})

/* Whether a path has a ".." component. */
static bool goes_up(const char *value, size_t len, size_t *at)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (value[i] == '.' && value[i + 1] == '.' &&
            (i == 0 || value[i - 1] == '/') &&
            (i + 2 == len || value[i + 2] == '/')) {
            *at = i;
            return true;
        }
    }
    return false;
}

const char *fcgi_form_index(const char *value, size_t len, size_t *at)
{
    const char *slash = memchr(value, '/', len);

    if (slash) {
        *at = (size_t)(slash - value);
        return "this is the name of a file in each folder, without '/'";
    }
    if ((len == 1 && value[0] == '.') || goes_up(value, len, at))
        return "this is the name of a file, such as index.php";
    return NULL;
}

const char *fcgi_form_front(const char *value, size_t len, size_t *at)
{
    if (value[0] != '/') {
        return "start it with '/': it is a path below the document root, as "
               "in a URI";
    }
    return goes_up(value, len, at) ? "write the path without '..'" : NULL;
}

const char *fcgi_form_extension(const char *value, size_t len, size_t *at)
{
    const char *slash = memchr(value, '/', len);

    if (value[0] == '*')
        return "write the extension alone, without '*', as in .php";
    if (value[0] != '.' || len == 1)
        return "an extension has its dot in front, as in .php";
    if (slash) {
        *at = (size_t)(slash - value);
        return "an extension has no '/'";
    }
    return NULL;
}

const char *fcgi_form_check_script(const char *value, size_t len, size_t *at)
{
    (void)at;
    return IS_ONE_OF("On", "Off", "Auto") ? NULL : "write On, Off or Auto";
}

const char *fcgi_form_concurrency(const char *value, size_t len, size_t *at)
{
    size_t digits = 0;

    (void)at;
    if (IS_ONE_OF("Auto", "Off"))
        return NULL;
    while (digits < len && value[digits] >= '0' && value[digits] <= '9')
        digits++;
    return digits == len && digits > 0 && digits <= 5 && value[0] != '0'
               ? NULL
               : "write Auto, Off or a number of connections from 1 to 99999";
}

const char *fcgi_form_role(const char *value, size_t len, size_t *at)
{
    (void)at;
    return IS_ONE_OF("Responder", "Authorizer")
               ? NULL
               : "write Responder or Authorizer (the role Filter is not there)";
}

const char *fcgi_form_chunked_body(const char *value, size_t len, size_t *at)
{
    (void)at;
    return IS_ONE_OF("Spool", "Stream") ? NULL : "write Spool or Stream";
}

/* An absolute path, but that of all folders. */
static const char *judge_root(const char *value, size_t len, size_t *at,
                              const char *everywhere)
{
    if (value[0] != '/')
        return "write the absolute path of the folder";
    if (strspn(value, "/") >= len)
        return everywhere;
    return goes_up(value, len, at) ? "write the path without '..'" : NULL;
}

const char *fcgi_form_link_root(const char *value, size_t len, size_t *at)
{
    return judge_root(value, len, at,
                      "this is everywhere, as with CheckScript Off; name the "
                      "folders that links lead to");
}

const char *fcgi_form_root(const char *value, size_t len, size_t *at)
{
    return judge_root(value, len, at,
                      "this is every file of the machine; name the folders "
                      "whose files may be sent");
}

/* Whether a text is a status of an error. */
static bool is_error(const char *value, size_t len)
{
    return len == 3 && (value[0] == '4' || value[0] == '5') &&
           value[1] >= '0' && value[1] <= '9' && value[2] >= '0' &&
           value[2] <= '9';
}

const char *fcgi_form_status(const char *value, size_t len, size_t *at)
{
    (void)at;
    return is_error(value, len) ? NULL
                                : "write a status from 400 to 599, and a path "
                                  "behind it, as in 404 /errors/404.php";
}

const char *fcgi_form_intercept(const char *value, size_t len, size_t *at)
{
    (void)at;
    return IS_ONE_OF("On", "Off") || is_error(value, len)
               ? NULL
               : "write On, Off, or statuses from 400 to 599, such as 404 503";
}

const char *fcgi_form_folder(const char *value, size_t len, size_t *at)
{
    if (value[0] != '/') {
        return "write the absolute path of the folder, as the application "
               "sees it";
    }
    return goes_up(value, len, at) ? "write the path without '..'" : NULL;
}

const char *fcgi_form_access_log(const char *value, size_t len, size_t *at)
{
    (void)at;
    return value[0] == '/' || IS_ONE_OF("syslog", "Off")
               ? NULL
               : "write the absolute path of a file, syslog or Off";
}

const char *fcgi_form_access_format(const char *value, size_t len, size_t *at)
{
    (void)at;
    return IS_ONE_OF("Combined", "JSON") ? NULL : "write Combined or JSON";
}

const char *fcgi_form_network(const char *value, size_t len, size_t *at)
{
    struct fcgi_network network;

    return fcgi_network_parse(value, len, &network, at);
}

/* Checks a variable's name, in upper or lower case. */
static const char *judge_name(const char *value, size_t len, size_t *at)
{
    for (size_t i = 0; i < len; i++) {
        char c = value[i];

        *at = i;
        if (c == '-')
            return "variables have '_' where fields of HTTP have '-'";
        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && c != '_' &&
            !(c >= '0' && c <= '9' && i > 0))
            return "a variable's name has letters, digits and '_' alone";
    }
    return NULL;
}

const char *fcgi_form_variable(const char *value, size_t len, size_t *at)
{
    for (size_t i = 0; i < len; i++) {
        if (value[i] >= 'a' && value[i] <= 'z') {
            *at = i;
            return "the variables of a request are in upper case, as "
                   "HTTP_COOKIE";
        }
    }
    return judge_name(value, len, at);
}

const char *fcgi_form_param(const char *value, size_t len, size_t *at)
{
    if (IS_ONE_OF("CONTENT_LENGTH", "REQUEST_METHOD")) {
        return "each request has its own, and an application that is told "
               "another misreads it; remove the line";
    }
    return judge_name(value, len, at);
}
