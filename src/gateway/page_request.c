/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/page_request.h"

#include "gateway/page.h"
#include "gateway/params.h"

void fcgi_page_request_init(struct fcgi_page_request *page)
{
    page->status = 0;
    page->asked = false;
    page->params.length = 0;
}

bool fcgi_page_request_want(struct fcgi_page_request *page,
                            const struct fcgi_server_config *config, int status)
{
    if (page->asked)
        return false;
    page->uri = fcgi_page_uri(config, status);
    page->status = page->uri != NULL ? status : 0;
    return page->uri != NULL;
}

bool fcgi_page_request_is_due(const struct fcgi_page_request *page)
{
    return page->status != 0 && !page->asked;
}

bool fcgi_page_request_start(struct fcgi_page_request *page,
                             struct fcgi_upstream *upstream,
                             struct fcgi_tail_list *tails, struct fcgi_log *log)
{
    static const struct fcgi_http_request bodiless = {.framing =
                                                          FCGI_HTTP_NO_BODY};
    struct fcgi_upstream_request request = upstream->request;

    page->asked = true;
    if (upstream->conn == NULL || !fcgi_upstream_is_sent(upstream) ||
        !fcgi_tail_start(tails, upstream, log, true))
        fcgi_upstream_release(upstream);
    if (fcgi_params_redirect(&page->params, request.params, page->uri,
                             page->status) < 0)
        return false;
    fcgi_body_open(&page->body, request.body->host, request.body->handle,
                   request.body->config, &bodiless);
    request.params = &page->params;
    request.body = &page->body;
    request.idempotent = true;
    fcgi_upstream_init(upstream, upstream->worker, upstream->handlers,
                       &request);
    fcgi_upstream_start(upstream);
    return true;
}
