# SPDX-License-Identifier: Apache-2.0
# What the tools share.
noinst_LTLIBRARIES += libcommon.la
libcommon_la_SOURCES = \
	tools/common/cli.c tools/common/cli.h \
	tools/common/json.c tools/common/json.h
libcommon_la_LIBADD = libconfig.la

# Monkey's own configuration, for fcgi-check and fcgi-serve.
noinst_LTLIBRARIES += libmonkeyconf.la
libmonkeyconf_la_SOURCES = \
	tools/monkeyconf/monkeyconf.c tools/monkeyconf/monkeyconf.h
libmonkeyconf_la_LIBADD = libconfig.la

# One probe of one application, for fcgi-ping, fcgi-get and fcgi-check.
noinst_LTLIBRARIES += libprobe.la
libprobe_la_SOURCES = \
	tools/probe/answer.c tools/probe/answer.h \
	tools/probe/failure.c tools/probe/failure.h \
	tools/probe/member.c tools/probe/member.h \
	tools/probe/probe.c tools/probe/probe.h \
	tools/probe/record_walk.c tools/probe/record_walk.h \
	tools/probe/resolve.c tools/probe/resolve.h \
	tools/probe/target.c tools/probe/target.h \
	tools/probe/vars.c tools/probe/vars.h

PROBE_LIBS = libprobe.la libcommon.la libgateway.la libconfig.la libproto.la

# Where fastcgi.conf is installed.
CONFIG_CPPFLAGS = $(AM_CPPFLAGS) \
	-DFCGI_MONKEY_CONFDIR='"$(monkeyconfdir)"' \
	-DFCGI_CONFIG_FILE='"$(fastcgiconfdir)/fastcgi.conf"'

# There are two servers in fcgi-serve, compiled from one source for each ABI.
# Each is linked to one object, in which all but its begin becomes local.
bin_PROGRAMS = fcgi-check fcgi-get fcgi-ping
if WITH_SERVE
bin_PROGRAMS += fcgi-serve
noinst_LIBRARIES = libserve16.a libserve18.a
endif
serve_shared = \
	tools/fcgi-serve/abi.h \
	tools/fcgi-serve/access.c tools/fcgi-serve/access.h \
	tools/fcgi-serve/api.c tools/fcgi-serve/api.h \
	tools/fcgi-serve/channel.c \
	tools/fcgi-serve/conf.c tools/fcgi-serve/conf.h \
	tools/fcgi-serve/conn.c \
	tools/fcgi-serve/event.c tools/fcgi-serve/event.h \
	tools/fcgi-serve/field.c \
	tools/fcgi-serve/header.c \
	tools/fcgi-serve/http.h \
	tools/fcgi-serve/iov.c \
	tools/fcgi-serve/layout.c tools/fcgi-serve/layout.h \
	tools/fcgi-serve/list.h \
	tools/fcgi-serve/listen.c tools/fcgi-serve/listen.h \
	tools/fcgi-serve/log.c tools/fcgi-serve/log.h \
	tools/fcgi-serve/mem.c tools/fcgi-serve/mem.h \
	tools/fcgi-serve/mime.c tools/fcgi-serve/mime.h \
	tools/fcgi-serve/options.h \
	tools/fcgi-serve/parse.c tools/fcgi-serve/parse.h \
	tools/fcgi-serve/pieces.c tools/fcgi-serve/pieces.h \
	tools/fcgi-serve/plugin.c tools/fcgi-serve/plugin.h \
	tools/fcgi-serve/request.c \
	tools/fcgi-serve/rule.h \
	tools/fcgi-serve/serve.c tools/fcgi-serve/serve.h \
	tools/fcgi-serve/server.c \
	tools/fcgi-serve/session.c \
	tools/fcgi-serve/setup.c tools/fcgi-serve/setup.h \
	tools/fcgi-serve/short.c \
	tools/fcgi-serve/stage.c \
	tools/fcgi-serve/static.c \
	tools/fcgi-serve/vhost.c tools/fcgi-serve/vhost.h \
	tools/fcgi-serve/worker.c tools/fcgi-serve/worker.h
libserve16_a_CPPFLAGS = $(ABI16_CPPFLAGS)
libserve16_a_SOURCES = $(serve_shared) \
	tools/fcgi-serve/channel16.c \
	tools/fcgi-serve/layout16.c \
	tools/fcgi-serve/rule16.c
libserve18_a_CPPFLAGS = $(ABI18_CPPFLAGS)
libserve18_a_SOURCES = $(serve_shared) \
	tools/fcgi-serve/channel18.c \
	tools/fcgi-serve/layout18.c \
	tools/fcgi-serve/rule18.c
# One relocatable object of each, with one symbol: of machine code, also where
# all else is optimised when it is linked. Without groups of sections: what i386
# has in every object would be taken out of the others, and be local in this one.
ONE_OBJECT = $(LD) -r --force-group-allocation
libserve16.a libserve18.a: override CFLAGS += -fno-lto
serve-16.o: libserve16.a
	$(AM_V_GEN)$(ONE_OBJECT) -o $@ --whole-archive libserve16.a && \
	  $(OBJCOPY) --keep-global-symbol=serve_main_16 $@
serve-18.o: libserve18.a
	$(AM_V_GEN)$(ONE_OBJECT) -o $@ --whole-archive libserve18.a && \
	  $(OBJCOPY) --keep-global-symbol=serve_main_18 $@
CLEANFILES = serve-16.o serve-18.o .libs/monkey-fastcgi18.so
fcgi_serve_SOURCES = \
	tools/fcgi-serve/application.c tools/fcgi-serve/application.h \
	tools/fcgi-serve/browser.c tools/fcgi-serve/browser.h \
	tools/fcgi-serve/main.c \
	tools/fcgi-serve/options.c
fcgi_serve_CPPFLAGS = $(CONFIG_CPPFLAGS) \
	-DFCGI_PLUGIN_PATH='"$(plugindir)/monkey-fastcgi.so"' \
	-DFCGI_PLUGIN_PATH_18='"$(plugindir)/monkey-fastcgi18.so"'
fcgi_serve_LDADD = serve-16.o serve-18.o libmonkeyconf.la libregex18.la \
	$(PROBE_LIBS)

noinst_LTLIBRARIES += libping.la
libping_la_SOURCES = \
	tools/fcgi-ping/exporter.c tools/fcgi-ping/exporter.h \
	tools/fcgi-ping/fpm.c tools/fcgi-ping/fpm.h \
	tools/fcgi-ping/json.c \
	tools/fcgi-ping/judge.c \
	tools/fcgi-ping/nagios.c \
	tools/fcgi-ping/options.c \
	tools/fcgi-ping/ping.h \
	tools/fcgi-ping/prometheus.c tools/fcgi-ping/prometheus.h \
	tools/fcgi-ping/range.c tools/fcgi-ping/range.h \
	tools/fcgi-ping/run.c \
	tools/fcgi-ping/screen.c tools/fcgi-ping/screen.h \
	tools/fcgi-ping/times.c tools/fcgi-ping/times.h \
	tools/fcgi-ping/text.c \
	tools/fcgi-ping/watch.c
libping_la_CPPFLAGS = $(CONFIG_CPPFLAGS)
fcgi_ping_SOURCES = tools/fcgi-ping/main.c
fcgi_ping_LDADD = libping.la $(PROBE_LIBS) -lm
fcgi_get_SOURCES = \
	tools/fcgi-get/code.c tools/fcgi-get/code.h \
	tools/fcgi-get/get.h tools/fcgi-get/main.c \
	tools/fcgi-get/write_out.c tools/fcgi-get/write_out.h
fcgi_get_CPPFLAGS = $(CONFIG_CPPFLAGS)
fcgi_get_LDADD = $(PROBE_LIBS)

noinst_LTLIBRARIES += libcheck.la
libcheck_la_SOURCES = \
	tools/fcgi-check/check.h \
	tools/fcgi-check/brackets.c \
	tools/fcgi-check/dialect.c tools/fcgi-check/dialect.h \
	tools/fcgi-check/dialect18.c \
	tools/fcgi-check/effect.c \
	tools/fcgi-check/elf.c \
	tools/fcgi-check/explain.c \
	tools/fcgi-check/fix.c \
	tools/fcgi-check/json.c \
	tools/fcgi-check/keys.c tools/fcgi-check/keys.h \
	tools/fcgi-check/live.c \
	tools/fcgi-check/output.c tools/fcgi-check/output.h \
	tools/fcgi-check/plugins.c \
	tools/fcgi-check/pool.c \
	tools/fcgi-check/print.c tools/fcgi-check/print.h \
	tools/fcgi-check/quote.c \
	tools/fcgi-check/regex.c tools/fcgi-check/regex.h \
	tools/fcgi-check/servers.c \
	tools/fcgi-check/signs.c \
	tools/fcgi-check/site.c \
	tools/fcgi-check/sockets.c \
	tools/fcgi-check/source.c \
	tools/fcgi-check/user.c tools/fcgi-check/user.h \
	tools/fcgi-check/tree.c
libcheck_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DFCGI_PLUGIN_DIR='"$(plugindir)"'
fcgi_check_SOURCES = tools/fcgi-check/main.c
fcgi_check_CPPFLAGS = $(CONFIG_CPPFLAGS)
fcgi_check_LDADD = libcheck.la libmonkeyconf.la libregex18.la $(PROBE_LIBS)

