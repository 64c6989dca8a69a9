/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks of texts and words that are neither a number nor an address: functions
 * for fcgi_key.check, which says what they return.
 */
#ifndef FCGI_CONFIG_FORM_H
#define FCGI_CONFIG_FORM_H

#include <stddef.h>

const char *fcgi_form_index(const char *value, size_t len, size_t *at);
const char *fcgi_form_front(const char *value, size_t len, size_t *at);
const char *fcgi_form_extension(const char *value, size_t len, size_t *at);
const char *fcgi_form_concurrency(const char *value, size_t len, size_t *at);
const char *fcgi_form_check_script(const char *value, size_t len, size_t *at);

const char *fcgi_form_role(const char *value, size_t len, size_t *at);
const char *fcgi_form_chunked_body(const char *value, size_t len, size_t *at);
const char *fcgi_form_link_root(const char *value, size_t len, size_t *at);
const char *fcgi_form_intercept(const char *value, size_t len, size_t *at);
const char *fcgi_form_status(const char *value, size_t len, size_t *at);
const char *fcgi_form_root(const char *value, size_t len, size_t *at);
const char *fcgi_form_folder(const char *value, size_t len, size_t *at);
const char *fcgi_form_access_log(const char *value, size_t len, size_t *at);
const char *fcgi_form_access_format(const char *value, size_t len, size_t *at);
const char *fcgi_form_network(const char *value, size_t len, size_t *at);

/* The name of a variable that is to be hidden, and of one that is to be set,
 * which some may not be. */
const char *fcgi_form_variable(const char *value, size_t len, size_t *at);
const char *fcgi_form_param(const char *value, size_t len, size_t *at);

#endif
