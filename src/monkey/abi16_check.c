/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes and offsets of abi16.h, as measured on builds of Monkey 1.6.0 to 1.6.9
 * for x86-64, of 1.6.6 and 1.6.9 for i386, of 1.6.9 for arm64 and armhf.
 */
#include "monkey/abi_check.h"

MK_SIZE(mk_event, 48, 32, 32, 32);
MK_SIZE(mk_stream, 104, 60, 60, 64);
MK_SIZE(mk_channel_a, 88, 56, 56, 56);
MK_SIZE(mk_channel_b, 48, 28, 28, 28);
MK_SIZE(mk_conn_a, 208, 128, 128, 136);
MK_AT(mk_conn_a, net, 72, 48, 48, 52);
MK_AT(mk_conn_a, channel, 80, 52, 52, 56);
MK_AT(mk_conn_a, timeout_head, 168, 108, 108, 112);
MK_SIZE(mk_conn_b, 184, 108, 108, 120);
MK_AT(mk_conn_b, net, 88, 56, 56, 64);
MK_AT(mk_conn_b, channel, 96, 60, 60, 68);
MK_AT(mk_conn_b, timeout_head, 144, 88, 88, 96);
MK_SIZE(mk_worker, 120, 80, 88, 88);
MK_AT(mk_worker, timeout_queue, 40, 32, 36, 36);
MK_AT(mk_worker, idx, 56, 40, 44, 44);
MK_SIZE(mk_sched_handler, 40, 24, 24, 24);
MK_SIZE(mk_server_listen, 96, 56, 56, 56);
MK_SIZE(mk_listener, 40, 20, 20, 20);
MK_SIZE(mk_file_info, 32, 20, 20, 32);
MK_SIZE(mk_response, 992, 532, 532, 536);
MK_AT(mk_response, etag_buf, 132, 84, 84, 88);
MK_AT(mk_response, headers_iov, 184, 124, 124, 128);
MK_SIZE(mk_request, 1944, 1120, 1120, 1160);
MK_AT(mk_request, uri, 464, 272, 272, 288);
MK_AT(mk_request, data, 664, 372, 372, 388);
MK_AT(mk_request, host_conf, 904, 564, 564, 596);
MK_AT(mk_request, handler_data, 920, 572, 572, 604);
MK_AT(mk_request, headers, 952, 588, 588, 624);
MK_SIZE(mk_header, 56, 28, 28, 28);
MK_SIZE(mk_parser, 1624, 844, 844, 844);
MK_AT(mk_parser, header_content_length, 48, 44, 44, 44);
MK_AT(mk_parser, headers, 88, 76, 76, 76);
MK_AT(mk_parser, headers_extra, 1176, 620, 620, 620);
MK_SIZE(mk_session, 7768, 6128, 6128, 6184);
MK_AT(mk_session, channel, 24, 24, 24, 24);
MK_AT(mk_session, sr_fixed, 4200, 4164, 4164, 4176);
MK_AT(mk_session, parser, 6144, 5284, 5284, 5336);
MK_SIZE(mk_host, 112, 56, 56, 56);
MK_SIZE(mk_rconf, 32, 16, 16, 16);
MK_SIZE(mk_rconf_section, 40, 20, 20, 20);
MK_SIZE(mk_rconf_entry, 32, 16, 16, 16);
MK_SIZE(mk_error_page, 40, 20, 20, 20);
MK_SIZE(mk_host_alias, 32, 16, 16, 16);
MK_SIZE(mk_handler_param, 32, 16, 16, 16);
MK_SIZE(mk_host_handler, 120, 60, 60, 60);
MK_SIZE(mk_string_line, 32, 16, 16, 16);
MK_SIZE(mk_config, 432, 272, 272, 272);
MK_AT(mk_config, keep_alive, 175, 107, 107, 107);
MK_AT(mk_config, max_request_size, 196, 128, 128, 128);
MK_AT(mk_config, plugins, 240, 152, 152, 152);
MK_AT(mk_config, server_signature, 280, 172, 172, 172);
MK_AT(mk_config, stage10_handler, 352, 232, 232, 232);
MK_SIZE(mk_stage, 72, 36, 36, 36);
MK_SIZE(mk_plugin, 128, 68, 68, 68);
MK_AT(mk_plugin, head, 104, 56, 56, 56);
MK_SIZE(mk_api, 736, 368, 368, 368);
MK_AT(mk_api, socket_connect, 40, 20, 20, 20);
MK_AT(mk_api, socket_ip_str, 112, 56, 56, 56);
MK_AT(mk_api, log, 144, 72, 72, 72);
MK_AT(mk_api, mem_free, 192, 96, 96, 96);
MK_AT(mk_api, file_to_buffer, 296, 148, 148, 148);
MK_AT(mk_api, header_prepare, 312, 156, 156, 156);
MK_AT(mk_api, channel_flush, 360, 180, 180, 180);
MK_AT(mk_api, stream_set, 384, 192, 192, 192);
MK_AT(mk_api, plugin_load_symbol, 456, 228, 228, 228);
MK_AT(mk_api, ev_add, 480, 240, 240, 240);
MK_AT(mk_api, mimetype_lookup, 528, 264, 264, 264);
MK_AT(mk_api, sched_loop, 592, 296, 296, 296);
MK_AT(mk_api, sched_worker_info, 624, 312, 312, 312);
MK_AT(mk_api, time_unix, 680, 340, 340, 340);
