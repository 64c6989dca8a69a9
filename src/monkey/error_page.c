/* SPDX-License-Identifier: Apache-2.0 */
#include "monkey/error_page.h"

const char *fcgi_monkey_error_page(const void *arg, int status)
{
    const struct mk_host *vhost = arg;
    const struct mk_list *pages = &vhost->error_pages, *node;

    for (node = pages->next; node != NULL && node != pages; node = node->next) {
        const struct mk_error_page *page =
            MK_ENTRY(node, const struct mk_error_page, head);

        if (page->status == status)
            return page->real_path;
    }
    return NULL;
}
