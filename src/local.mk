# SPDX-License-Identifier: Apache-2.0
# The modules. The protocols' core, HTTP and FastCGI as bytes, is built once, for
# the plugin and every tool.
noinst_LTLIBRARIES = libproto.la libconfig.la libgateway.la
libproto_la_SOURCES = \
	src/http/accept.c src/http/accept.h \
	src/http/chars.c src/http/chars.h \
	src/http/chunked.c src/http/chunked.h \
	src/http/forwarded.c src/http/forwarded.h \
	src/http/head.c src/http/head.h \
	src/http/target.c src/http/target.h \
	src/proto/header.c src/proto/header.h \
	src/proto/record.c src/proto/record.h \
	src/proto/request.c src/proto/request.h \
	src/proto/response.c src/proto/response.h

libconfig_la_SOURCES = \
	src/config/build.c src/config/build.h \
	src/config/check.c src/config/check.h \
	src/config/checks.c src/config/checks.h \
	src/config/config.h \
	src/config/cross.c src/config/cross.h \
	src/config/diag.c src/config/diag.h \
	src/config/endpoint.c src/config/endpoint.h \
	src/config/escape.c src/config/escape.h \
	src/config/file.c src/config/file.h \
	src/config/form.c src/config/form.h \
	src/config/guess.c src/config/guess.h \
	src/config/keys.c src/config/keys.h \
	src/config/lexer.c src/config/lexer.h \
	src/config/network.c src/config/network.h \
	src/config/parse.c src/config/parse.h \
	src/config/scan.c src/config/scan.h \
	src/config/text.c src/config/text.h \
	src/config/tree.c src/config/tree.h \
	src/config/value.c src/config/value.h
libconfig_la_LIBADD = $(CONFUSE_LIBS)

libgateway_la_SOURCES = \
	src/loop/list.h \
	src/loop/loop.c src/loop/loop.h \
	src/loop/timer.c src/loop/timer.h \
	src/backend/address.c src/backend/address.h \
	src/backend/conn.c src/backend/conn.h \
	src/backend/dial.c src/backend/dial.h \
	src/backend/group.c src/backend/group.h \
	src/backend/health.c src/backend/health.h \
	src/backend/limit.c src/backend/limit.h \
	src/backend/histogram.c src/backend/histogram.h \
	src/backend/maintenance.c src/backend/maintenance.h \
	src/backend/notice.h \
	src/backend/pool.c src/backend/pool.h \
	src/backend/queue.c src/backend/queue.h \
	src/backend/recent.c src/backend/recent.h \
	src/backend/resolver.c src/backend/resolver.h \
	src/backend/server.c src/backend/server.h \
	src/backend/service.c src/backend/service.h \
	src/backend/socket_path.c src/backend/socket_path.h \
	src/backend/snapshot.c src/backend/snapshot.h \
	src/backend/stats.h \
	src/backend/trail.c src/backend/trail.h \
	src/backend/worker.c src/backend/worker.h \
	src/gateway/access.c src/gateway/access.h \
	src/gateway/answer_head.c src/gateway/answer_head.h \
	src/gateway/authorizer.c src/gateway/authorizer.h \
	src/gateway/attempt.c src/gateway/attempt.h \
	src/gateway/block.c src/gateway/block.h \
	src/gateway/body.c src/gateway/body.h \
	src/gateway/buffer.c src/gateway/buffer.h \
	src/gateway/chart.c src/gateway/chart.h \
	src/gateway/client.c src/gateway/client.h \
	src/gateway/column.c src/gateway/column.h \
	src/gateway/date.c src/gateway/date.h \
	src/gateway/exchange.c src/gateway/exchange.h \
	src/gateway/gateway.c src/gateway/gateway.h \
	src/gateway/host.h \
	src/gateway/judge.c src/gateway/judge.h \
	src/gateway/linger.c src/gateway/linger.h \
	src/gateway/log.c src/gateway/log.h \
	src/gateway/origin.c src/gateway/origin.h \
	src/gateway/page.c src/gateway/page.h \
	src/gateway/page_request.c src/gateway/page_request.h \
	src/gateway/params.c src/gateway/params.h \
	src/gateway/params_user.c src/gateway/params_user.h \
	src/gateway/path.c src/gateway/path.h \
	src/gateway/patience.c src/gateway/patience.h \
	src/gateway/real.c src/gateway/real.h \
	src/gateway/quote.c src/gateway/quote.h \
	src/gateway/reason.c src/gateway/reason.h \
	src/gateway/reply.c src/gateway/reply.h \
	src/gateway/retry.c src/gateway/retry.h \
	src/gateway/status.c src/gateway/status.h \
	src/gateway/status_page.c src/gateway/status_page.h \
	src/gateway/upstream.c src/gateway/upstream.h \
	src/gateway/sendfile.c src/gateway/sendfile.h \
	src/gateway/tail.c src/gateway/tail.h \
	src/gateway/walk.c src/gateway/walk.h
libgateway_la_LIBADD = $(CARES_LIBS)

# What knows Monkey's structures is compiled for one ABI of Monkey.
ABI16_CPPFLAGS = $(AM_CPPFLAGS) -DMK_ABI=16
ABI18_CPPFLAGS = $(AM_CPPFLAGS) -DMK_ABI=18

# The plugin has two symbols, one for each ABI. What they share is compiled once
# for each.
monkey_shared = \
	src/monkey/abi.h \
	src/monkey/auth.h \
	src/monkey/core_buffer.c src/monkey/core_buffer.h \
	src/monkey/core_request.c src/monkey/core_request.h \
	src/monkey/downstream.c src/monkey/downstream.h \
	src/monkey/error_page.c src/monkey/error_page.h \
	src/monkey/gate.c src/monkey/gate.h \
	src/monkey/index.c src/monkey/index.h \
	src/monkey/lane.c src/monkey/lane.h \
	src/monkey/merge.c src/monkey/merge.h \
	src/monkey/plugin.c src/monkey/plugin.h \
	src/monkey/recall.c src/monkey/recall.h \
	src/monkey/rules.c src/monkey/rules.h \
	src/monkey/short_head.c src/monkey/short_head.h \
	src/monkey/stages.c src/monkey/stages.h \
	src/monkey/takeover.c src/monkey/takeover.h \
	src/monkey/thread.c src/monkey/thread.h \
	src/monkey/way.c src/monkey/way.h
if WITH_PLUGIN
noinst_LTLIBRARIES += libmonkey16.la libmonkey18.la
endif
libmonkey16_la_CPPFLAGS = $(ABI16_CPPFLAGS)
libmonkey16_la_SOURCES = $(monkey_shared) \
	src/monkey/abi16.h src/monkey/abi16_values.h \
	src/monkey/abi16_check.c src/monkey/abi_check.h \
	src/monkey/auth16.c \
	src/monkey/body16.c \
	src/monkey/plugin16.c \
	src/monkey/expression16.c \
	src/monkey/takeover16.c
libmonkey18_la_CPPFLAGS = $(ABI18_CPPFLAGS)
libmonkey18_la_SOURCES = $(monkey_shared) \
	src/monkey/abi18.h src/monkey/abi18_values.h \
	src/monkey/abi18_check.c src/monkey/abi_check.h \
	src/monkey/auth18.c \
	src/monkey/body18.c \
	src/monkey/plugin18.c \
	src/monkey/expression18.c \
	src/monkey/takeover18.c
# fcgi-check and fcgi-serve have to match as Monkey 1.8 does, too.
noinst_LTLIBRARIES += libregex18.la
libregex18_la_CPPFLAGS = $(ABI18_CPPFLAGS)
libregex18_la_SOURCES = src/monkey/regex18.c src/monkey/regex18.h

if WITH_PLUGIN
plugin_LTLIBRARIES = monkey-fastcgi.la
endif
monkey_fastcgi_la_SOURCES =
monkey_fastcgi_la_LDFLAGS = -module -avoid-version -shared \
	-export-symbols-regex '^mk_plugin_fastcgi(18)?$$'
monkey_fastcgi_la_LIBADD = libmonkey16.la libmonkey18.la libregex18.la \
	libgateway.la libconfig.la libproto.la

# Monkey takes the symbol's name out of the file's: 1.8 needs another one.
if WITH_PLUGIN
all-local: .libs/monkey-fastcgi18.so
endif
.libs/monkey-fastcgi18.so: monkey-fastcgi.la
	$(AM_V_GEN)$(LN_S) -f monkey-fastcgi.so $@

