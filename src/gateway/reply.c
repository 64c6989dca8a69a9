/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP/1.x framing of an application's answer.
 */
#include "gateway/reply.h"

#include <stdio.h>
#include <string.h>

#include "gateway/reason.h"

#define RETRY_AFTER "5" /* seconds, with a 503 of ours */

void fcgi_reply_init(struct fcgi_reply *reply,
                     const struct fcgi_http_request *request,
                     const char *software, const char *date)
{
    memset(reply, 0, sizeof(*reply));
    reply->version = request->version;
    reply->close = request->close;
    /* Methods are case-sensitive (RFC 9110, 9.1). */
    reply->head = request->method.length == 4 &&
                  memcmp(request->method.data, "HEAD", 4) == 0;
    reply->software = software;
    reply->date = date;
}

/* What is found in a block before the head is made. */
struct seen {
    bool has_length;
    uint64_t length;
    bool location, server, date, type;
    bool file;                       /* its body is a file */
    struct fcgi_field connection[4]; /* names of more hop-by-hop fields */
    size_t n_connection;
};

static bool is(const struct fcgi_field *field, const char *lower)
{
    return fcgi_header_is(field->name, field->name_length, lower);
}

static const char *read_length(struct seen *seen,
                               const struct fcgi_field *field)
{
    uint64_t length = 0;

    if (field->value_length == 0)
        return "a Content-Length that is empty";
    for (size_t i = 0; i < field->value_length; i++) {
        char c = field->value[i];

        if (c < '0' || c > '9')
            return "a Content-Length that is not a number";
        if (length > (INT64_MAX - 9) / 10)
            return "a Content-Length that is too large";
        length = length * 10 + (uint64_t)(c - '0');
    }
    if (seen->has_length && seen->length != length)
        return "two different Content-Length fields";
    seen->has_length = true;
    seen->length = length;
    return NULL;
}

static const char *look(const struct fcgi_header *header, struct seen *seen)
{
    struct fcgi_field field;
    const char *error;
    size_t at = 0;

    memset(seen, 0, sizeof(*seen));
    while (fcgi_header_next(header, &at, &field)) {
        if (is(&field, "content-length")) {
            error = read_length(seen, &field);
            if (error != NULL)
                return error;
        } else if (is(&field, "connection")) {
            if (seen->n_connection ==
                sizeof(seen->connection) / sizeof(seen->connection[0]))
                return "too many Connection fields";
            seen->connection[seen->n_connection++] = field;
        } else if (is(&field, "location")) {
            seen->location = true;
        } else if (is(&field, "server")) {
            seen->server = true;
        } else if (is(&field, "date")) {
            seen->date = true;
        } else if (is(&field, "content-type")) {
            seen->type = true;
        }
    }
    return NULL;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether a Connection field names this field (RFC 9110, 7.6.1). */
static bool is_listed(const struct seen *seen, const struct fcgi_field *field)
{
    for (size_t i = 0; i < seen->n_connection; i++) {
        const char *list = seen->connection[i].value;
        const char *end = list + seen->connection[i].value_length;

        while (list < end) {
            size_t n = 0;

            while (list < end &&
                   (*list == ',' || *list == ' ' || *list == '\t'))
                list++;
            while (list + n < end && list[n] != ',' && list[n] != ' ' &&
                   list[n] != '\t')
                n++;
            size_t same = 0;
            while (same < n && n == field->name_length &&
                   lower(list[same]) == lower(field->name[same]))
                same++;
            if (n > 0 && same == n)
                return true;
            list += n;
        }
    }
    return false;
}

/* Fields that are ours to send, or that end with this hop. */
static bool is_dropped(const struct seen *seen, const struct fcgi_field *field)
{
    static const char *const names[] = {
        "status",     "content-length", "transfer-encoding", "trailer",
        "connection", "keep-alive",     "upgrade",           "proxy-connection",
        "te",         "x-sendfile",     "x-accel-redirect",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is(field, names[i]))
            return true;
    if (seen->file &&
        (is(field, "content-range") || is(field, "accept-ranges")))
        return true;
    return is_listed(seen, field);
}

static void add_line(struct fcgi_buffer *out, const char *name,
                     const char *value)
{
    fcgi_buffer_add_text(out, name);
    fcgi_buffer_add_text(out, ": ");
    fcgi_buffer_add_text(out, value);
    fcgi_buffer_add_text(out, "\r\n");
}

static void add_status_line(struct fcgi_buffer *out, int status,
                            const char *reason, size_t length)
{
    fcgi_buffer_add_text(out, "HTTP/1.1 ");
    fcgi_buffer_add_number(out, (uint64_t)status);
    fcgi_buffer_add_text(out, " ");
    fcgi_buffer_add(out, reason, length);
    fcgi_buffer_add_text(out, "\r\n");
}

static void choose_framing(struct fcgi_reply *reply, struct seen *seen)
{
    if (reply->status == 205) { /* has no content, and says so */
        seen->has_length = true;
        seen->length = 0;
    }
    reply->length = seen->length;
    if (reply->head || reply->status == 204 || reply->status == 304)
        reply->framing = FCGI_FRAMING_NONE;
    else
        reply->framing =
            seen->has_length ? FCGI_FRAMING_LENGTH : FCGI_FRAMING_OPEN;
}

/* The end of the head: what frames the body, and what becomes of the
 * connection. */
static void add_framing(const struct fcgi_reply *reply, bool has_length,
                        struct fcgi_buffer *out)
{
    /* An answer without a body may tell the length that it would have, but
     * 204 must not (RFC 9110, 8.6). */
    if (has_length && reply->status != 204) {
        fcgi_buffer_add_text(out, "Content-Length: ");
        fcgi_buffer_add_number(out, reply->length);
        fcgi_buffer_add_text(out, "\r\n");
    } else if (reply->framing == FCGI_FRAMING_CHUNKED) {
        add_line(out, "Transfer-Encoding", "chunked");
    }
    if (reply->close)
        add_line(out, "Connection", "close");
    else if (reply->version < 11)
        add_line(out, "Connection", "keep-alive");
    fcgi_buffer_add_text(out, "\r\n");
}

/* The size in front of a chunk. */
static void add_chunk_size(struct fcgi_buffer *out, size_t length)
{
    char size[20];

    snprintf(size, sizeof(size), "%zx\r\n", length);
    fcgi_buffer_add_text(out, size);
}

/* Puts the end of the head, and what stands in front of the first chunk,
 * where they were left out. */
static void insert_framing(struct fcgi_reply *reply, struct fcgi_buffer *out)
{
    uint8_t memory[128]; /* three short fields */
    struct fcgi_buffer framing = {.data = memory, .capacity = sizeof(memory)};
    size_t body = out->length - reply->head_length;

    add_framing(reply, reply->framing == FCGI_FRAMING_LENGTH, &framing);
    if (reply->framing == FCGI_FRAMING_CHUNKED && body > 0)
        add_chunk_size(&framing, body);
    fcgi_buffer_insert(out, reply->head_length, memory, framing.length);
    if (reply->framing == FCGI_FRAMING_CHUNKED && body > 0)
        fcgi_buffer_add_text(out, "\r\n");
}

static void add_own(const struct fcgi_reply *reply, bool server, bool date,
                    struct fcgi_buffer *out)
{
    if (!server)
        add_line(out, "Server", reply->software);
    if (!date && reply->date[0] != '\0')
        add_line(out, "Date", reply->date);
}

/* Whether a field tells of a body that is replaced. */
static bool is_replaced(const struct fcgi_field *field)
{
    static const char *const names[] = {
        "content-type",        "content-encoding", "content-language",
        "content-location",    "content-range",    "content-digest",
        "content-disposition", "content-md5",      "etag",
        "last-modified",       "accept-ranges"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is(field, names[i]))
            return true;
    return false;
}

/* The fields of the application that go to the client. */
static void add_fields(const struct fcgi_header *header,
                       const struct seen *seen, bool replaced,
                       struct fcgi_buffer *out)
{
    struct fcgi_field field;
    size_t at = 0;

    while (fcgi_header_next(header, &at, &field)) {
        if (is_dropped(seen, &field) || (replaced && is_replaced(&field)))
            continue;
        fcgi_buffer_add(out, field.name, field.name_length);
        fcgi_buffer_add_text(out, ": ");
        fcgi_buffer_add(out, field.value, field.value_length);
        fcgi_buffer_add_text(out, "\r\n");
    }
}

/* An interim answer, as Early Hints. 100 (Continue) says nothing that the
 * client has not been told. */
static void add_interim(const struct fcgi_reply *reply, int status,
                        const struct fcgi_field *reason,
                        const struct fcgi_header *header,
                        const struct seen *seen, struct fcgi_buffer *out)
{
    if (reply->version < 11 || status == 100)
        return;
    add_status_line(out, status, reason->value, reason->value_length);
    add_fields(header, seen, false, out);
    fcgi_buffer_add_text(out, "\r\n");
}

/* What is said of a file. */
static void add_file(const struct fcgi_reply_file *file,
                     const struct seen *seen, struct fcgi_buffer *out)
{
    add_line(out, "Accept-Ranges", "bytes");
    if (!seen->type)
        add_line(out, "Content-Type", "application/octet-stream");
    if (file->tag[0] != '\0')
        add_line(out, "ETag", file->tag);
    if (file->date[0] != '\0')
        add_line(out, "Last-Modified", file->date);
    if (file->range[0] != '\0')
        add_line(out, "Content-Range", file->range);
}

/* A whole body of ours; where it has no type, the field is there. */
static void add_page(struct fcgi_reply *reply, const struct fcgi_page *page,
                     struct fcgi_buffer *out)
{
    reply->framing = reply->head ? FCGI_FRAMING_NONE : FCGI_FRAMING_LENGTH;
    reply->length = page->content.length;
    if (page->type != NULL)
        add_line(out, "Content-Type", page->type);
    add_framing(reply, true, out);
    fcgi_reply_body(reply, page->content.data, page->content.length, out);
}

/* Whether an answer has no body by the application's own status. */
static bool has_no_body(int status, const struct fcgi_reply_file *file)
{
    return file->status == 0 &&
           (status == 204 || status == 205 || status == 304);
}

/* The head of an application's answer; and what is in place of its body, if
 * there is something. */
static const char *make_head(struct fcgi_reply *reply,
                             const struct fcgi_header *header,
                             const struct fcgi_page *page,
                             const struct fcgi_reply_file *file,
                             struct fcgi_buffer *out)
{
    static const struct fcgi_field server = {"server", 6, "", 0};
    static const struct fcgi_field date = {"date", 4, "", 0};
    struct fcgi_field reason;
    struct seen seen;
    const char *error = look(header, &seen);
    int status;

    if (error != NULL)
        return error;
    status = fcgi_header_status(header, &reason);
    if (status < 0 || status == 101)
        return "a Status that is not a number from 100 to 599, or is 101";
    if (status == 0)
        status = seen.location ? 302 : 200;
    if (status >= 200 &&
        (reply->as != 0 || (file != NULL && file->status != 0))) {
        status = reply->as != 0 ? reply->as : file->status;
        reason.value_length = 0;
    }
    if (reason.value_length == 0) {
        reason.value = fcgi_reason_phrase(status);
        reason.value_length = strlen(reason.value);
    }
    if (status < 200) {
        add_interim(reply, status, &reason, header, &seen, out);
        return NULL;
    }
    reply->status = status;
    reply->begun = true;
    if (file != NULL && has_no_body(status, file))
        file = NULL;
    if (file != NULL) {
        seen.file = true;
        seen.has_length = status != 304;
        seen.length = file->length;
    }
    choose_framing(reply, &seen);
    add_status_line(out, status, reason.value, reason.value_length);
    add_own(reply, seen.server && !is_listed(&seen, &server),
            seen.date && !is_listed(&seen, &date), out);
    add_fields(header, &seen, page != NULL, out);
    if (file != NULL)
        add_file(file, &seen, out);
    reply->head_length = out->length;
    if (page != NULL)
        add_page(reply, page, out);
    else if (reply->framing != FCGI_FRAMING_OPEN)
        add_framing(reply, seen.has_length, out);
    return NULL;
}

const char *fcgi_reply_head(struct fcgi_reply *reply,
                            const struct fcgi_header *header,
                            struct fcgi_buffer *out)
{
    return make_head(reply, header, NULL, NULL, out);
}

const char *fcgi_reply_file(struct fcgi_reply *reply,
                            const struct fcgi_header *header,
                            const struct fcgi_reply_file *file,
                            struct fcgi_buffer *out)
{
    return make_head(reply, header, NULL, file, out);
}

const char *fcgi_reply_replace(struct fcgi_reply *reply,
                               const struct fcgi_header *header,
                               const struct fcgi_page *page,
                               struct fcgi_buffer *out)
{
    const char *error = make_head(reply, header, page, NULL, out);

    if (error == NULL)
        reply->framing = FCGI_FRAMING_NONE;
    return error;
}

size_t fcgi_reply_open_part(struct fcgi_reply *reply, size_t length,
                            struct fcgi_buffer *out)
{
    switch (reply->framing) {
    case FCGI_FRAMING_NONE:
        return 0;
    case FCGI_FRAMING_LENGTH:
        if (length > reply->length - reply->body_bytes)
            length = (size_t)(reply->length - reply->body_bytes);
        break;
    case FCGI_FRAMING_CHUNKED:
        if (length > 0) /* an empty chunk would be the last one */
            add_chunk_size(out, length);
        break;
    case FCGI_FRAMING_OPEN:
    case FCGI_FRAMING_CLOSE:
        break;
    }
    reply->body_bytes += length;
    return length;
}

void fcgi_reply_close_part(const struct fcgi_reply *reply, size_t length,
                           struct fcgi_buffer *out)
{
    if (reply->framing == FCGI_FRAMING_CHUNKED && length > 0)
        fcgi_buffer_add_text(out, "\r\n");
}

size_t fcgi_reply_body(struct fcgi_reply *reply, const uint8_t *bytes,
                       size_t length, struct fcgi_buffer *out)
{
    size_t taken = fcgi_reply_open_part(reply, length, out);

    fcgi_buffer_add(out, bytes, taken);
    fcgi_reply_close_part(reply, taken, out);
    return taken;
}

void fcgi_reply_commit(struct fcgi_reply *reply, struct fcgi_buffer *out)
{
    if (!reply->begun || reply->framing != FCGI_FRAMING_OPEN)
        return;
    if (reply->version >= 11) {
        reply->framing = FCGI_FRAMING_CHUNKED;
    } else {
        reply->framing = FCGI_FRAMING_CLOSE;
        reply->close = true;
    }
    insert_framing(reply, out);
}

void fcgi_reply_probe(const struct fcgi_reply *reply, struct fcgi_buffer *out)
{
    if (!reply->begun && reply->version >= 11)
        fcgi_buffer_add_text(out, FCGI_REPLY_CONTINUE);
    else if (reply->framing == FCGI_FRAMING_CHUNKED)
        fcgi_buffer_add_text(out, "0");
}

bool fcgi_reply_is_whole(const struct fcgi_reply *reply)
{
    return reply->framing == FCGI_FRAMING_NONE ||
           (reply->framing == FCGI_FRAMING_LENGTH &&
            reply->body_bytes == reply->length);
}

bool fcgi_reply_end(struct fcgi_reply *reply, struct fcgi_buffer *out)
{
    switch (reply->framing) {
    case FCGI_FRAMING_OPEN:
        reply->framing = FCGI_FRAMING_LENGTH;
        reply->length = reply->body_bytes;
        insert_framing(reply, out);
        break;
    case FCGI_FRAMING_LENGTH:
        return fcgi_reply_is_whole(reply);
    case FCGI_FRAMING_CHUNKED:
        fcgi_buffer_add_text(out, "0\r\n\r\n");
        break;
    case FCGI_FRAMING_NONE:
    case FCGI_FRAMING_CLOSE:
        break;
    }
    return true;
}

/* A whole answer of our own. */
static void make_own(struct fcgi_reply *reply, int status, const char *fields,
                     const struct fcgi_page *page, struct fcgi_buffer *out)
{
    const char *reason = fcgi_reason_phrase(status);

    reply->status = status;
    reply->begun = true;
    add_status_line(out, status, reason, strlen(reason));
    add_own(reply, false, false, out);
    fcgi_buffer_add_text(out, fields);
    add_page(reply, page, out);
}

void fcgi_reply_page(struct fcgi_reply *reply, const char *fields,
                     const struct fcgi_buffer *content, struct fcgi_buffer *out)
{
    const struct fcgi_page page = {.content = *content};

    make_own(reply, 200, fields, &page, out);
}

void fcgi_reply_error(struct fcgi_reply *reply, int status,
                      const struct fcgi_page *page, struct fcgi_buffer *out)
{
    make_own(reply, status,
             status == 503   ? "Retry-After: " RETRY_AFTER "\r\n"
             : status == 405 ? "Allow: GET, HEAD\r\n"
                             : "",
             page, out);
}
