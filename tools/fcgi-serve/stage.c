/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages that every plugin may have a part in.
 *
 * Monkey calls them through copies that it makes when it loads a plugin; they
 * lie in the lists of the configuration, in the order of loading.
 */
#include "serve.h"
#include "worker.h"

int serve_stage10(int fd)
{
    for (SERVE_EACH(struct mk_stage, stage, head,
                    &serve.config.stage10_handler))
        if (stage->stage10(fd) == MK_CLOSE_CONX)
            return MK_CLOSE_CONX;
    return -1;
}

int serve_stage20(struct mk_session *cs, struct mk_request *sr)
{
    for (SERVE_EACH(struct mk_stage, stage, head,
                    &serve.config.stage20_handler))
        if (stage->stage20(cs, sr) == MK_CLOSE_CONX)
            return MK_CLOSE_CONX;
    return -1;
}

void serve_stage40(struct mk_session *cs, struct mk_request *sr)
{
    for (SERVE_EACH(struct mk_stage, stage, head,
                    &serve.config.stage40_handler))
        stage->stage40(cs, sr);
}

void serve_stage50(int fd)
{
    for (SERVE_EACH(struct mk_stage, stage, head,
                    &serve.config.stage50_handler))
        if (stage->stage50(fd) == MK_CONTINUE)
            return;
}
