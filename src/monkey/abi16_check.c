/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes and offsets of abi16.h, as measured on builds of Monkey 1.6.0 to 1.6.9.
 */
#include "monkey/abi16.h"

#define MK16_AT(type, member, offset) \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member)
#define MK16_SIZE(type, size) \
    _Static_assert(sizeof(struct type) == (size), #type)

MK16_SIZE(mk16_event, 48);
MK16_SIZE(mk16_stream, 104);
MK16_SIZE(mk16_channel_a, 88);
MK16_SIZE(mk16_channel_b, 48);
MK16_SIZE(mk16_conn_a, 208);
MK16_AT(mk16_conn_a, net, 72);
MK16_AT(mk16_conn_a, channel, 80);
MK16_AT(mk16_conn_a, timeout_head, 168);
MK16_SIZE(mk16_conn_b, 184);
MK16_AT(mk16_conn_b, net, 88);
MK16_AT(mk16_conn_b, channel, 96);
MK16_AT(mk16_conn_b, timeout_head, 144);
MK16_SIZE(mk16_worker, 120);
MK16_AT(mk16_worker, timeout_queue, 40);
MK16_AT(mk16_worker, idx, 56);
MK16_SIZE(mk16_sched_handler, 40);
MK16_SIZE(mk16_server_listen, 96);
MK16_SIZE(mk16_listener, 40);
MK16_SIZE(mk16_file_info, 32);
MK16_SIZE(mk16_response, 992);
MK16_AT(mk16_response, etag_buf, 132);
MK16_AT(mk16_response, headers_iov, 184);
MK16_SIZE(mk16_request, 1944);
MK16_AT(mk16_request, uri, 464);
MK16_AT(mk16_request, data, 664);
MK16_AT(mk16_request, host_conf, 904);
MK16_AT(mk16_request, handler_data, 920);
MK16_AT(mk16_request, headers, 952);
MK16_SIZE(mk16_header, 56);
MK16_SIZE(mk16_parser, 1624);
MK16_AT(mk16_parser, header_content_length, 48);
MK16_AT(mk16_parser, headers, 88);
MK16_AT(mk16_parser, headers_extra, 1176);
MK16_SIZE(mk16_session, 7768);
MK16_AT(mk16_session, channel, 24);
MK16_AT(mk16_session, sr_fixed, 4200);
MK16_AT(mk16_session, parser, 6144);
MK16_SIZE(mk16_host, 112);
MK16_SIZE(mk16_rconf, 32);
MK16_SIZE(mk16_rconf_section, 40);
MK16_SIZE(mk16_rconf_entry, 32);
MK16_SIZE(mk16_host_alias, 32);
MK16_SIZE(mk16_handler_param, 32);
MK16_SIZE(mk16_host_handler, 120);
MK16_SIZE(mk16_string_line, 32);
MK16_SIZE(mk16_config, 432);
MK16_AT(mk16_config, keep_alive, 175);
MK16_AT(mk16_config, max_request_size, 196);
MK16_AT(mk16_config, plugins, 240);
MK16_AT(mk16_config, server_signature, 280);
MK16_AT(mk16_config, stage10_handler, 352);
MK16_SIZE(mk16_stage, 72);
MK16_SIZE(mk16_plugin, 128);
MK16_AT(mk16_plugin, head, 104);
MK16_SIZE(mk16_api, 736);
MK16_AT(mk16_api, socket_connect, 40);
MK16_AT(mk16_api, socket_ip_str, 112);
MK16_AT(mk16_api, log, 144);
MK16_AT(mk16_api, mem_free, 192);
MK16_AT(mk16_api, file_to_buffer, 296);
MK16_AT(mk16_api, header_prepare, 312);
MK16_AT(mk16_api, channel_flush, 360);
MK16_AT(mk16_api, stream_set, 384);
MK16_AT(mk16_api, plugin_load_symbol, 456);
MK16_AT(mk16_api, ev_add, 480);
MK16_AT(mk16_api, mimetype_lookup, 528);
MK16_AT(mk16_api, sched_loop, 592);
MK16_AT(mk16_api, sched_worker_info, 624);
MK16_AT(mk16_api, time_unix, 680);
