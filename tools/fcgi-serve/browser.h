/* SPDX-License-Identifier: Apache-2.0
 *
 * The user's browser, see browser.c.
 */
#ifndef FCGI_SERVE_BROWSER_H
#define FCGI_SERVE_BROWSER_H

/* Opens an address in it, with xdg-open(1); a failure is told. */
void serve_browser_open(const char *url);

#endif
