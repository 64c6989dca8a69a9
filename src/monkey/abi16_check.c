/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes and offsets of abi16.h, as measured on builds of Monkey 1.6.0 to 1.6.9.
 */
#include "monkey/abi.h"

#define MK_AT(type, member, offset) \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member)
#define MK_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)

MK_SIZE(mk_event, 48);
MK_SIZE(mk_stream, 104);
MK_SIZE(mk_channel_a, 88);
MK_SIZE(mk_channel_b, 48);
MK_SIZE(mk_conn_a, 208);
MK_AT(mk_conn_a, net, 72);
MK_AT(mk_conn_a, channel, 80);
MK_AT(mk_conn_a, timeout_head, 168);
MK_SIZE(mk_conn_b, 184);
MK_AT(mk_conn_b, net, 88);
MK_AT(mk_conn_b, channel, 96);
MK_AT(mk_conn_b, timeout_head, 144);
MK_SIZE(mk_worker, 120);
MK_AT(mk_worker, timeout_queue, 40);
MK_AT(mk_worker, idx, 56);
MK_SIZE(mk_sched_handler, 40);
MK_SIZE(mk_server_listen, 96);
MK_SIZE(mk_listener, 40);
MK_SIZE(mk_file_info, 32);
MK_SIZE(mk_response, 992);
MK_AT(mk_response, etag_buf, 132);
MK_AT(mk_response, headers_iov, 184);
MK_SIZE(mk_request, 1944);
MK_AT(mk_request, uri, 464);
MK_AT(mk_request, data, 664);
MK_AT(mk_request, host_conf, 904);
MK_AT(mk_request, handler_data, 920);
MK_AT(mk_request, headers, 952);
MK_SIZE(mk_header, 56);
MK_SIZE(mk_parser, 1624);
MK_AT(mk_parser, header_content_length, 48);
MK_AT(mk_parser, headers, 88);
MK_AT(mk_parser, headers_extra, 1176);
MK_SIZE(mk_session, 7768);
MK_AT(mk_session, channel, 24);
MK_AT(mk_session, sr_fixed, 4200);
MK_AT(mk_session, parser, 6144);
MK_SIZE(mk_host, 112);
MK_SIZE(mk_rconf, 32);
MK_SIZE(mk_rconf_section, 40);
MK_SIZE(mk_rconf_entry, 32);
MK_SIZE(mk_error_page, 40);
MK_SIZE(mk_host_alias, 32);
MK_SIZE(mk_handler_param, 32);
MK_SIZE(mk_host_handler, 120);
MK_SIZE(mk_string_line, 32);
MK_SIZE(mk_config, 432);
MK_AT(mk_config, keep_alive, 175);
MK_AT(mk_config, max_request_size, 196);
MK_AT(mk_config, plugins, 240);
MK_AT(mk_config, server_signature, 280);
MK_AT(mk_config, stage10_handler, 352);
MK_SIZE(mk_stage, 72);
MK_SIZE(mk_plugin, 128);
MK_AT(mk_plugin, head, 104);
MK_SIZE(mk_api, 736);
MK_AT(mk_api, socket_connect, 40);
MK_AT(mk_api, socket_ip_str, 112);
MK_AT(mk_api, log, 144);
MK_AT(mk_api, mem_free, 192);
MK_AT(mk_api, file_to_buffer, 296);
MK_AT(mk_api, header_prepare, 312);
MK_AT(mk_api, channel_flush, 360);
MK_AT(mk_api, stream_set, 384);
MK_AT(mk_api, plugin_load_symbol, 456);
MK_AT(mk_api, ev_add, 480);
MK_AT(mk_api, mimetype_lookup, 528);
MK_AT(mk_api, sched_loop, 592);
MK_AT(mk_api, sched_worker_info, 624);
MK_AT(mk_api, time_unix, 680);
