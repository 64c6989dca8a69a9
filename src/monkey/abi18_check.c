/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes and offsets of abi18.h, as measured on builds of Monkey 1.8.9, for
 * x86-64 and arm64. They differ in the size of a mutex alone.
 */
#include "monkey/abi.h"

#define MK_AT(type, member, offset) \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member)
#define MK_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)

MK_SIZE(mk_event, 72);
MK_AT(mk_event, priority_head, 48);
MK_SIZE(mk_network, 64);
MK_AT(mk_network, plugin, 56);
MK_SIZE(mk_channel, 56);
MK_AT(mk_channel, streams, 32);
MK_SIZE(mk_stream, 104);
MK_AT(mk_stream, inputs, 72);
MK_SIZE(mk_stream_input, 88);
MK_AT(mk_stream_input, bytes_total, 16);
MK_AT(mk_stream_input, head, 72);
MK_SIZE(mk_conn, 200);
MK_AT(mk_conn, arrive_time, 88);
MK_AT(mk_conn, server_listen, 104);
MK_AT(mk_conn, net, 112);
MK_AT(mk_conn, channel, 120);
MK_AT(mk_conn, timeout_head, 176);
MK_SIZE(mk_worker, 160);
MK_AT(mk_worker, timeout_queue, 32);
MK_AT(mk_worker, idx, 48);
MK_AT(mk_worker, event_free_queue, 80);
MK_SIZE(mk_sched_handler, 48);
MK_SIZE(mk_server_listen, 120);
MK_AT(mk_server_listen, listen, 96);
MK_SIZE(mk_listener, 40);
MK_SIZE(mk_file_info, 32);
MK_SIZE(mk_response, 1000);
MK_AT(mk_response, etag_buf, 140);
MK_AT(mk_response, headers_iov, 192);
MK_SIZE(mk_request, 2016);
MK_AT(mk_request, in_headers, 136);
MK_AT(mk_request, uri, 512);
MK_AT(mk_request, data, 712);
MK_AT(mk_request, stage30_blocked, 888);
MK_AT(mk_request, stage30_handler, 896);
MK_AT(mk_request, host_conf, 960);
MK_AT(mk_request, handler_data, 976);
MK_AT(mk_request, headers, 1016);
MK_SIZE(mk_header, 56);
MK_SIZE(mk_parser, 4136);
MK_AT(mk_parser, header_content_length, 48);
MK_AT(mk_parser, header_transfer_encoding, 64);
MK_AT(mk_parser, headers, 96);
MK_AT(mk_parser, headers_extra, 1296);
MK_AT(mk_parser, chunk_processed_end, 4128);
MK_SIZE(mk_session, 10344);
MK_AT(mk_session, channel, 24);
MK_AT(mk_session, request_list, 48);
MK_AT(mk_session, body, 72);
MK_AT(mk_session, sr_fixed, 4184);
MK_AT(mk_session, parser, 6200);
MK_AT(mk_session, server, 10336);
MK_SIZE(mk_host, 120);
MK_AT(mk_host, handlers, 88);
MK_SIZE(mk_error_page, 40);
MK_SIZE(mk_host_alias, 32);
MK_SIZE(mk_handler_param, 32);
MK_SIZE(mk_host_handler, 80);
MK_AT(mk_host_handler, params, 40);
MK_AT(mk_host_handler, head, 64);
MK_SIZE(mk_regex, 16);
MK_SIZE(mk_string_line, 32);
MK_SIZE(mk_config, 808 + 2 * sizeof(pthread_mutex_t));
MK_AT(mk_config, user_dir, 88);
MK_AT(mk_config, keep_alive, 175);
MK_AT(mk_config, max_request_size, 196);
MK_AT(mk_config, plugins, 240);
MK_AT(mk_config, server_signature, 376);
MK_AT(mk_config, api, 712 + 2 * sizeof(pthread_mutex_t));
MK_AT(mk_config, stage20_handler, 744 + 2 * sizeof(pthread_mutex_t));
MK_SIZE(mk_stage, 96);
MK_AT(mk_stage, stage30_hangup, 32);
MK_SIZE(mk_plugin, 168);
MK_AT(mk_plugin, hooks, 32);
MK_AT(mk_plugin, init_plugin, 48);
MK_AT(mk_plugin, load_type, 152);
MK_AT(mk_plugin, server_ctx, 160);
MK_SIZE(mk_api, 704);
MK_AT(mk_api, socket_connect, 40);
MK_AT(mk_api, socket_ip_str, 96);
MK_AT(mk_api, log, 128);
MK_AT(mk_api, http_request_end, 136);
MK_AT(mk_api, mem_free, 176);
MK_AT(mk_api, file_to_buffer, 280);
MK_AT(mk_api, header_prepare, 296);
MK_AT(mk_api, channel_flush, 344);
MK_AT(mk_api, plugin_load_symbol, 440);
MK_AT(mk_api, ev_add, 464);
MK_AT(mk_api, mimetype_lookup, 512);
MK_AT(mk_api, sched_loop, 560);
MK_AT(mk_api, sched_worker_info, 592);
MK_AT(mk_api, time_unix, 648);
