/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-serve: the server side of Monkey's plugin ABI, with which the very
 * monkey-fastcgi.so that Monkey loads serves without Monkey.
 *
 * There are two servers in it, that of Monkey 1.6.9 and that of 1.8.9. They
 * come from one source, which is compiled once for each ABI, and each is linked
 * to one object in which all but its serve_main_*() is local (see
 * tools/local.mk).
 */
#include <stdio.h>

#include "application.h"

int main(int argc, char **argv)
{
    struct serve_options options;
    int status = 0;

    if (!serve_options_read(&options, argc, argv, &status))
        return status;
    setvbuf(stderr, NULL, _IOLBF, 0); /* a line is one write(2) */
    if (options.confdir == NULL)
        status = serve_application_start(&options);
    if (status == 0)
        status =
            options.is_18 ? serve_main_18(&options) : serve_main_16(&options);
    serve_application_stop();
    return status;
}
