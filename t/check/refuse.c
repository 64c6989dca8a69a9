/* SPDX-License-Identifier: Apache-2.0
 *
 * For t/check: in place of libconfuse's parser, one that refuses everything,
 * as no file of ours can make the real one do.
 */
#include <confuse.h>
#include <stdio.h>

__attribute__((visibility("default"))) int cfg_parse_fp(cfg_t *cfg, FILE *fp)
{
    (void)cfg;
    (void)fp;
    return CFG_PARSE_ERROR;
}
