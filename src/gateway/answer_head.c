/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/answer_head.h"

#include <stdio.h>
#include <unistd.h>

void fcgi_answer_head_init(struct fcgi_answer_head *head,
                           struct fcgi_client *client,
                           struct fcgi_upstream *upstream,
                           struct fcgi_reply *reply, struct fcgi_log *log,
                           struct fcgi_date *date,
                           const struct fcgi_http_request *request)
{
    head->client = client;
    head->upstream = upstream;
    head->reply = reply;
    head->log = log;
    head->date = date;
    head->tls = request->tls;
    fcgi_block_begin(&head->block);
    fcgi_page_source_init(&head->pages, request);
    fcgi_page_request_init(&head->page);
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

void fcgi_answer_head_own(struct fcgi_answer_head *head, const char *fields)
{
    fcgi_date_now(head->date);
    fcgi_reply_page(head->reply, fields, &head->block.memory,
                    &head->client->out);
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

/* Likewise, all of the answer, where its body is a file; `why` may have the text.
 */
static const char *make_file(struct fcgi_answer_head *head,
                             char why[FCGI_ANSWER_HEAD_TEXT])
{
    const struct fcgi_header *header = &head->block.header;
    struct fcgi_client *client = head->client;
    struct fcgi_reply *reply = head->reply;
    struct fcgi_sendfile send;
    const char *error;

    if (!fcgi_sendfile_open(&send, header, head->upstream->request.params,
                            head->upstream->server->config, client->host,
                            client->handle, reply->as != 0, why))
        return why;
    error = fcgi_reply_file(reply, header, &send.head, &client->out);
    if (error == NULL && reply->framing == FCGI_FRAMING_LENGTH) {
        /* None of it where the status has no body (205). */
        reply->body_bytes = reply->length;
        fcgi_client_send_file(client, send.file, send.offset, reply->length);
    } else {
        close(send.file);
    }
    return error;
}

/* Whether the block's body is a file: an interim answer has none. */
static bool asks_file(const struct fcgi_header *header)
{
    struct fcgi_field reason;
    int status = fcgi_header_status(header, &reason);

    return (status < 100 || status >= 200) && fcgi_sendfile_is_asked(header);
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
