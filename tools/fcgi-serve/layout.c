/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include <string.h>

const struct serve_layout *serve_layout_find(const char *name)
{
    const struct serve_layout *layout = serve_layouts;

    while (name != NULL && layout->name != NULL &&
           strcmp(name, layout->name) != 0)
        layout++;
    return layout->name != NULL ? layout : NULL;
}
