/* SPDX-License-Identifier: Apache-2.0
 *
 * FastCGI 1.0 records, by shifts: the result of a struct overlay would depend
 * on the compiler, and the bytes come from a peer that cannot be trusted.
 */
#include "proto/record.h"

size_t fcgi_record_encode(uint8_t *buf, size_t size,
                          const struct fcgi_record *record)
{
    if (size < FCGI_HEADER_LEN)
        return 0;
    buf[0] = FCGI_VERSION;
    buf[1] = record->type;
    buf[2] = (uint8_t)(record->request_id >> 8);
    buf[3] = (uint8_t)(record->request_id & 0xff);
    buf[4] = (uint8_t)(record->content_length >> 8);
    buf[5] = (uint8_t)(record->content_length & 0xff);
    buf[6] = record->padding_length;
    buf[7] = 0;
    return FCGI_HEADER_LEN;
}

size_t fcgi_record_decode(const uint8_t *buf, size_t len,
                          struct fcgi_record *record)
{
    if (len < FCGI_HEADER_LEN)
        return 0;
    record->version = buf[0];
    record->type = buf[1];
    record->request_id = (uint16_t)((unsigned)buf[2] << 8 | buf[3]);
    record->content_length = (uint16_t)((unsigned)buf[4] << 8 | buf[5]);
    record->padding_length = buf[6];
    return FCGI_HEADER_LEN;
}

uint8_t fcgi_record_padding(size_t content_length)
{
    return (uint8_t)((8 - content_length % 8) % 8);
}

size_t fcgi_record_encode_begin(uint8_t *buf, size_t size, uint16_t request_id,
                                enum fcgi_role role, uint8_t flags)
{
    const struct fcgi_record record = {.type = FCGI_BEGIN_REQUEST,
                                       .request_id = request_id,
                                       .content_length = FCGI_BODY_LEN};

    if (size < FCGI_HEADER_LEN + FCGI_BODY_LEN)
        return 0;
    buf += fcgi_record_encode(buf, size, &record);
    buf[0] = (uint8_t)((unsigned)role >> 8);
    buf[1] = (uint8_t)((unsigned)role & 0xff);
    buf[2] = flags;
    for (size_t i = 3; i < FCGI_BODY_LEN; i++)
        buf[i] = 0;
    return FCGI_HEADER_LEN + FCGI_BODY_LEN;
}

size_t fcgi_record_encode_end(uint8_t *buf, size_t size, uint16_t request_id,
                              const struct fcgi_end_request *end)
{
    const struct fcgi_record record = {.type = FCGI_END_REQUEST,
                                       .request_id = request_id,
                                       .content_length = FCGI_BODY_LEN};

    if (size < FCGI_HEADER_LEN + FCGI_BODY_LEN)
        return 0;
    buf += fcgi_record_encode(buf, size, &record);
    buf[0] = (uint8_t)(end->app_status >> 24);
    buf[1] = (uint8_t)(end->app_status >> 16 & 0xff);
    buf[2] = (uint8_t)(end->app_status >> 8 & 0xff);
    buf[3] = (uint8_t)(end->app_status & 0xff);
    buf[4] = end->protocol_status;
    for (size_t i = 5; i < FCGI_BODY_LEN; i++)
        buf[i] = 0;
    return FCGI_HEADER_LEN + FCGI_BODY_LEN;
}

size_t fcgi_record_decode_end(const uint8_t *buf, size_t len,
                              struct fcgi_end_request *end)
{
    if (len < FCGI_BODY_LEN)
        return 0;
    end->app_status = (uint32_t)buf[0] << 24 | (uint32_t)buf[1] << 16 |
                      (uint32_t)buf[2] << 8 | (uint32_t)buf[3];
    end->protocol_status = buf[4];
    return FCGI_BODY_LEN;
}

static size_t encode_length(uint8_t *buf, uint32_t length)
{
    if (length <= 127) {
        buf[0] = (uint8_t)length;
        return 1;
    }
    buf[0] = (uint8_t)(length >> 24 | 0x80);
    buf[1] = (uint8_t)(length >> 16 & 0xff);
    buf[2] = (uint8_t)(length >> 8 & 0xff);
    buf[3] = (uint8_t)(length & 0xff);
    return 4;
}

static size_t decode_length(const uint8_t *buf, size_t len, uint32_t *length)
{
    if (len < 1)
        return 0;
    if (buf[0] < 0x80) {
        *length = buf[0];
        return 1;
    }
    if (len < 4)
        return 0;
    *length = ((uint32_t)buf[0] & 0x7f) << 24 | (uint32_t)buf[1] << 16 |
              (uint32_t)buf[2] << 8 | (uint32_t)buf[3];
    return 4;
}

static size_t lengths_size(size_t name_length, size_t value_length)
{
    return (name_length <= 127 ? 1U : 4U) + (value_length <= 127 ? 1U : 4U);
}

size_t fcgi_pair_encode(uint8_t *buf, size_t size, const struct fcgi_pair *pair)
{
    size_t n;

    /* Nearly all are short. */
    if ((pair->name_length | pair->value_length) <= 127 && size >= 2) {
        buf[0] = (uint8_t)pair->name_length;
        buf[1] = (uint8_t)pair->value_length;
        return 2;
    }
    if (pair->name_length > FCGI_MAX_PAIR ||
        pair->value_length > FCGI_MAX_PAIR ||
        size < lengths_size(pair->name_length, pair->value_length))
        return 0;
    n = encode_length(buf, pair->name_length);
    return n + encode_length(buf + n, pair->value_length);
}

size_t fcgi_pair_decode(const uint8_t *buf, size_t len, struct fcgi_pair *pair)
{
    size_t name, value;

    name = decode_length(buf, len, &pair->name_length);
    if (name == 0)
        return 0;
    value = decode_length(buf + name, len - name, &pair->value_length);
    return value == 0 ? 0 : name + value;
}

size_t fcgi_pair_size(size_t name_length, size_t value_length)
{
    if (name_length > FCGI_MAX_PAIR || value_length > FCGI_MAX_PAIR)
        return 0;
    return lengths_size(name_length, value_length) + name_length + value_length;
}
