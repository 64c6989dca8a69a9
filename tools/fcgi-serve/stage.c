/* SPDX-License-Identifier: Apache-2.0
 *
 * The stages that every plugin may have a part in.
 *
 * Monkey calls them through copies that it makes when it loads a plugin; they
 * lie in the lists of the configuration, in the order of loading.
 */
#include "serve.h"
#include "worker.h"

static struct mk_stage *stage_of(struct mk_list *node)
{
    return MK_ENTRY(node, struct mk_stage, head);
}

int serve_stage10(int fd)
{
    struct mk_list *node;

    for (SERVE_EACH(node, &serve.config.stage10_handler))
        if (stage_of(node)->stage10(fd) == MK_CLOSE_CONX)
            return MK_CLOSE_CONX;
    return -1;
}

int serve_stage20(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_list *node;

    for (SERVE_EACH(node, &serve.config.stage20_handler))
        if (stage_of(node)->stage20(cs, sr) == MK_CLOSE_CONX)
            return MK_CLOSE_CONX;
    return -1;
}

void serve_stage40(struct mk_session *cs, struct mk_request *sr)
{
    struct mk_list *node;

    for (SERVE_EACH(node, &serve.config.stage40_handler))
        stage_of(node)->stage40(cs, sr);
}

void serve_stage50(int fd)
{
    struct mk_list *node;

    for (SERVE_EACH(node, &serve.config.stage50_handler))
        if (stage_of(node)->stage50(fd) == MK_CONTINUE)
            return;
}
