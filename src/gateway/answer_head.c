/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/answer_head.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/params.h"

void fcgi_answer_head_init(struct fcgi_answer_head *head,
                           struct fcgi_client *client,
                           struct fcgi_upstream *upstream,
                           struct fcgi_reply *reply, struct fcgi_log *log,
                           struct fcgi_date *date,
                           struct fcgi_authorizer *authorizer,
                           const struct fcgi_http_request *request)
{
    head->client = client;
    head->upstream = upstream;
    head->reply = reply;
    head->log = log;
    head->date = date;
    head->authorizer = authorizer;
    head->tls = request->tls;
    fcgi_block_begin(&head->block);
    head->own.length = 0;
    head->own.failed = false;
    fcgi_page_source_init(&head->pages, request);
    fcgi_page_request_init(&head->page);
}

void fcgi_answer_head_trim(struct fcgi_answer_head *head, size_t keep)
{
    fcgi_buffer_reset(&head->block.memory, keep);
    fcgi_buffer_reset(&head->own, keep);
    fcgi_buffer_reset(&head->page.params, keep);
}

bool fcgi_answer_head_wants_page(struct fcgi_answer_head *head, int status)
{
    return fcgi_page_request_want(&head->page,
                                  head->upstream->request.body->config, status);
}

bool fcgi_answer_head_owes_page(const struct fcgi_answer_head *head)
{
    return fcgi_page_request_is_due(&head->page);
}

bool fcgi_answer_head_ask_page(struct fcgi_answer_head *head,
                               struct fcgi_tail_list *tails)
{
    head->reply->as = head->page.status;
    fcgi_block_begin(&head->block);
    return fcgi_page_request_start(&head->page, head->upstream, tails,
                                   head->log);
}

/* The page for an error; its content is the caller's. */
static void make_page(const struct fcgi_answer_head *head, int status,
                      struct fcgi_page *page)
{
    const char *why = fcgi_page_make(page, &head->pages, status);

    if (why != NULL)
        fcgi_log_write(head->log, head->upstream->server, FCGI_LOG_WARNING,
                       "%s (ERROR_PAGES, %d)", why, status);
}

void fcgi_answer_head_error(struct fcgi_answer_head *head, int status)
{
    struct fcgi_page page;

    fcgi_date_now(head->date);
    make_page(head, status, &page);
    fcgi_reply_error(head->reply, status, &page, &head->client->out);
    fcgi_buffer_free(&page.content);
}

/* All of the answer where the page of an error is replaced. Returns NULL, or a
 * static text: what is wrong with the block. */
static const char *make(struct fcgi_answer_head *head)
{
    const struct fcgi_header *header = &head->block.header;
    struct fcgi_server *server = head->upstream->server;
    struct fcgi_buffer *out = &head->client->out;
    struct fcgi_field reason;
    struct fcgi_page page;
    int status = fcgi_header_status(header, &reason);
    const char *error;

    if (head->page.asked
            ? status < 300
            : !fcgi_page_intercepts(&head->pages, server->config, status))
        return fcgi_reply_head(head->reply, header, out);
    if (fcgi_answer_head_wants_page(head, status))
        return NULL;
    if (head->page.asked)
        fcgi_log_write(head->log, server, FCGI_LOG_WARNING,
                       "the ErrorPage is answered with %d", status);
    make_page(head, head->page.asked ? head->page.status : status, &page);
    error = fcgi_reply_replace(head->reply, header, &page, out);
    fcgi_buffer_free(&page.content);
    return error;
}

/* Makes all of the answer, where its body is a file that is open. */
static const char *send_file(struct fcgi_answer_head *head,
                             const struct fcgi_sendfile *send)
{
    struct fcgi_client *client = head->client;
    struct fcgi_reply *reply = head->reply;
    const char *error =
        fcgi_reply_file(reply, &head->block.header, &send->head, &client->out);

    if (error == NULL && reply->framing == FCGI_FRAMING_LENGTH) {
        /* None of it where the status has no body (205). */
        reply->body_bytes = reply->length;
        fcgi_client_send_file(client, send->file, send->offset, reply->length);
    } else {
        close(send->file);
    }
    return error;
}

/* Likewise, where the application has named it; `why` may have the text. */
static const char *make_file(struct fcgi_answer_head *head,
                             char why[FCGI_ANSWER_HEAD_TEXT])
{
    const struct fcgi_header *header = &head->block.header;
    const struct fcgi_client *client = head->client;
    struct fcgi_sendfile send;

    if (!fcgi_sendfile_open(&send, header, head->upstream->request.params,
                            head->upstream->server->config, client->host,
                            client->handle, head->reply->as != 0, why))
        return why;
    return send_file(head, &send);
}

/* Makes a header block of our own, as if an application had sent it. */
static bool make_block(struct fcgi_answer_head *head, const char *first,
                       struct fcgi_text value, struct fcgi_text more)
{
    const struct fcgi_text parts[] = {
        {first, strlen(first)}, value, more, {"\n\n", 2}};
    size_t used;

    fcgi_block_begin(&head->block);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].length > 0 &&
            fcgi_block_feed(&head->block, SIZE_MAX,
                            (const uint8_t *)parts[i].data, parts[i].length,
                            &used) == FCGI_HEADER_FULL)
            return false;
    return true;
}

/* Where a folder is, with the slash that the client has left out. Two in front
 * would name another host. */
static bool make_redirect(struct fcgi_answer_head *head,
                          const struct fcgi_buffer *params)
{
    struct fcgi_text uri = fcgi_params_find(params, "REQUEST_URI"), query;
    const char *mark = memchr(uri.data, '?', uri.length);

    query =
        mark != NULL
            ? (struct fcgi_text){mark, (size_t)(uri.data + uri.length - mark)}
            : (struct fcgi_text){NULL, 0};
    uri.length -= query.length;
    for (; uri.length > 1 && uri.data[1] == '/'; uri.data++)
        uri.length--;
    head->own.length = 0;
    fcgi_buffer_add(&head->own, uri.data, uri.length);
    fcgi_buffer_add_text(&head->own, "/");
    return !head->own.failed &&
           make_block(head, "Status: 301\nLocation: ",
                      (struct fcgi_text){(const char *)head->own.data,
                                         head->own.length},
                      query) &&
           fcgi_reply_head(head->reply, &head->block.header,
                           &head->client->out) == NULL &&
           fcgi_reply_end(head->reply, &head->client->out);
}

/* All of the answer, where its body is the site's file. */
static int make_site(struct fcgi_answer_head *head,
                     const struct fcgi_sendfile_site *site,
                     const struct fcgi_buffer *params, const char **why)
{
    static const struct fcgi_text none = {NULL, 0};
    struct fcgi_text type =
        head->client->host->type(fcgi_params_find(params, "SCRIPT_NAME"));
    struct fcgi_sendfile send;
    int status;

    *why = "out of memory";
    if (!make_block(head, type.length > 0 ? "Content-Type: " : "Status: 200",
                    type, none))
        return 500;
    status =
        fcgi_sendfile_open_site(&send, site, &head->block.header, params, why);
    if (status == 301)
        return make_redirect(head, params) ? 0 : 500;
    if (status == 0)
        send_file(head, &send);
    return status;
}

int fcgi_answer_head_self(struct fcgi_answer_head *head,
                          struct fcgi_judgement *judgement,
                          const struct fcgi_buffer *params)
{
    if (judgement->status != 0)
        return judgement->status;
    fcgi_date_now(head->date);
    if (judgement->site.wanted)
        judgement->status =
            make_site(head, &judgement->site, params, &judgement->why);
    else if (judgement->page_fields != NULL)
        fcgi_reply_page(head->reply, judgement->page_fields, &head->own,
                        &head->client->out);
    return judgement->status;
}

/* Whether the block's body is a file: an interim answer has none. */
static bool asks_file(const struct fcgi_header *header)
{
    struct fcgi_field reason;
    int status;

    if (!fcgi_sendfile_is_asked(header))
        return false;
    status = fcgi_header_status(header, &reason);
    return status < 100 || status >= 200;
}

/* The block cannot be gathered. */
static enum fcgi_answer_head_result refuse(const struct fcgi_answer_head *head,
                                           enum fcgi_header_result result,
                                           char what[FCGI_ANSWER_HEAD_TEXT])
{
    if (result == FCGI_HEADER_INVALID)
        snprintf(what, FCGI_ANSWER_HEAD_TEXT, "%s", head->block.header.error);
    else if (head->block.memory.failed)
        return FCGI_ANSWER_HEAD_NO_MEMORY;
    else
        snprintf(what, FCGI_ANSWER_HEAD_TEXT,
                 "a header of more than %u bytes (MaxHeaderSize)",
                 head->upstream->server->config->max_header_size);
    return FCGI_ANSWER_HEAD_BAD;
}

enum fcgi_answer_head_result
fcgi_answer_head_feed(struct fcgi_answer_head *head, const uint8_t *bytes,
                      size_t length, size_t *used,
                      char what[FCGI_ANSWER_HEAD_TEXT])
{
    size_t most = head->upstream->server->config->max_header_size, n;
    enum fcgi_header_result result;
    const char *error;
    bool file;

    *used = 0;
    do {
        result = fcgi_block_feed(&head->block, most, bytes + *used,
                                 length - *used, &n);
        *used += n;
        if (result == FCGI_HEADER_MORE)
            return FCGI_ANSWER_HEAD_MORE;
        if (result != FCGI_HEADER_DONE)
            return refuse(head, result, what);
        if (fcgi_authorizer_allows(head->authorizer, &head->block.header))
            return FCGI_ANSWER_HEAD_ALLOWED;
        fcgi_date_now(head->date);
        file = asks_file(&head->block.header);
        error = file ? make_file(head, what) : make(head);
        if (error != NULL && error != what)
            snprintf(what, FCGI_ANSWER_HEAD_TEXT, "%s", error);
        if (error != NULL)
            return FCGI_ANSWER_HEAD_BAD;
        head->upstream->answering = file || head->reply->begun;
        if (file)
            return FCGI_ANSWER_HEAD_FILE;
        if (fcgi_answer_head_owes_page(head))
            return FCGI_ANSWER_HEAD_PAGE;
        fcgi_block_begin(&head->block);
    } while (!head->reply->begun && *used < length);
    return head->reply->begun ? FCGI_ANSWER_HEAD_MADE : FCGI_ANSWER_HEAD_MORE;
}
