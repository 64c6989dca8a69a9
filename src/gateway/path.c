/* SPDX-License-Identifier: Apache-2.0
 *
 * Which paths may be handed to an application at all.
 */
#include "gateway/path.h"

#include <string.h>

int fcgi_path_check(struct fcgi_text path)
{
    if (path.length == 0 || path.data[0] != '/' ||
        memchr(path.data, '\0', path.length) != NULL ||
        memchr(path.data, '\r', path.length) != NULL ||
        memchr(path.data, '\n', path.length) != NULL)
        return 400;
    return 0;
}
