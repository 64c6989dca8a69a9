/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as fastcgi.conf: the end is a configuration or an error, and both
 * can be shown. `make fuzz`.
 */
#include "config/diag.h"
#include "config/parse.h"
#include "fuzz.h"

FUZZER(config)
{
    struct fcgi_diag_list diags;
    struct fcgi_config *config;

    fcgi_diag_list_init(&diags);
    config = fcgi_config_parse("f", (const char *)data, size, &diags);
    check((config == NULL) == (diags.errors > 0));
    for (size_t i = 0; i < diags.count; i++) {
        for (const char *s = diags.items[i].message; *s != '\0'; s++)
            check((unsigned char)*s >= 0x20 && *s != 0x7f);
        check(diags.items[i].column <= size + 1);
    }
    fcgi_config_free(config);
    fcgi_diag_list_free(&diags);
    return 0;
}
