/* SPDX-License-Identifier: Apache-2.0
 *
 * The pages that a site has for errors, by its [ERROR_PAGES].
 */
#ifndef FCGI_MONKEY_ERROR_PAGE_H
#define FCGI_MONKEY_ERROR_PAGE_H

#include "monkey/abi.h"

#define fcgi_monkey_error_page FCGI_MONKEY_NAME(error_page)

/* The file of a virtual host's (struct mk_host) page for a status; NULL where
 * it has none. Its text is Monkey's, and stays. Any thread. */
const char *fcgi_monkey_error_page(const void *vhost, int status);

#endif
