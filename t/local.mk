# SPDX-License-Identifier: Apache-2.0
# Tests: t/unit in C on cmocka, t/e2e in Perl on a host (see t/lib/FCGITest.pm).
UNIT_TESTS = \
	t/unit/test_http_accept \
	t/unit/test_http_chunked \
	t/unit/test_http_head \
	t/unit/test_http_target \
	t/unit/test_proto_header \
	t/unit/test_proto_pair \
	t/unit/test_proto_record \
	t/unit/test_proto_request \
	t/unit/test_proto_response \
	t/unit/test_proto_response_bulk \
	t/unit/test_check_fuzz \
	t/unit/test_check_quote \
	t/unit/test_check_regex \
	t/unit/test_check_user \
	t/unit/test_cli \
	t/unit/test_config_diag \
	t/unit/test_config_escape \
	t/unit/test_config_findings \
	t/unit/test_config_scripts \
	t/unit/test_config_fuzz \
	t/unit/test_config_lexer \
	t/unit/test_config_load \
	t/unit/test_config_traps \
	t/unit/test_config_network \
	t/unit/test_config_value \
	t/unit/test_json \
	t/unit/test_ping_input \
	t/unit/test_ping_times \
	t/unit/test_probe \
	t/unit/test_loop \
	t/unit/test_loop_heap \
	t/unit/test_loop_new \
	t/unit/test_loop_task \
	t/unit/test_loop_timer \
	t/unit/test_gateway_access \
	t/unit/test_gateway_attempt \
	t/unit/test_gateway_buffer \
	t/unit/test_gateway_client \
	t/unit/test_gateway_authorizer \
	t/unit/test_gateway_early \
	t/unit/test_gateway_exchange \
	t/unit/test_gateway_linger \
	t/unit/test_gateway_stream \
	t/unit/test_gateway_log \
	t/unit/test_gateway_origin \
	t/unit/test_gateway_page \
	t/unit/test_gateway_params \
	t/unit/test_gateway_params_server \
	t/unit/test_gateway_params_user \
	t/unit/test_gateway_path \
	t/unit/test_gateway_path_keys \
	t/unit/test_gateway_reply \
	t/unit/test_gateway_retry \
	t/unit/test_gateway_sendfile \
	t/unit/test_gateway_tail \
	t/unit/test_gateway_status \
	t/unit/test_gateway_upstream \
	t/unit/test_backend \
	t/unit/test_backend_checkout \
	t/unit/test_backend_conn \
	t/unit/test_backend_connect \
	t/unit/test_backend_dial \
	t/unit/test_backend_group \
	t/unit/test_backend_health \
	t/unit/test_backend_histogram \
	t/unit/test_backend_keep \
	t/unit/test_backend_limit \
	t/unit/test_backend_limit_rules \
	t/unit/test_backend_server \
	t/unit/test_backend_service \
	t/unit/test_backend_stream \
	t/unit/test_backend_timeout \
	t/unit/test_backend_worker \
	t/unit/test_manual \
	t/unit/test_monkey_regex
if WITH_PLUGIN
UNIT_TESTS += \
	t/unit/test_monkey_body \
	t/unit/test_monkey_rules \
	t/unit/test_monkey_short_head
endif
# What depends on how requests come in; and what servers and applications do.
REQUEST_TESTS = \
	t/e2e/access.t \
	t/e2e/auth.t \
	t/e2e/authorizer.t \
	t/e2e/basic.t \
	t/e2e/bite.t \
	t/e2e/bite18.t \
	t/e2e/bite_fields.t \
	t/e2e/body.t \
	t/e2e/buffer.t \
	t/e2e/burst.t \
	t/e2e/chunked.t \
	t/e2e/client.t \
	t/e2e/errors.t \
	t/e2e/examples.t \
	t/e2e/extension.t \
	t/e2e/framing.t \
	t/e2e/gate.t \
	t/e2e/keepalive.t \
	t/e2e/lanes.t \
	t/e2e/params.t \
	t/e2e/phpvars.t \
	t/e2e/places.t \
	t/e2e/proxies.t \
	t/e2e/scripts.t \
	t/e2e/sendfile.t \
	t/e2e/status.t \
	t/e2e/strict.t \
	t/e2e/tail.t \
	t/e2e/traps.t \
	t/e2e/upload.t \
	t/e2e/wire.t
SERVER_TESTS = \
	t/e2e/apps.t \
	t/e2e/backend.t \
	t/e2e/config.t \
	t/e2e/crowd.t \
	t/e2e/failover.t \
	t/e2e/fcgiwrap.t \
	t/e2e/layout.t \
	t/e2e/load.t \
	t/e2e/loadname.t \
	t/e2e/log.t \
	t/e2e/names.t \
	t/e2e/php.t \
	t/e2e/pool.t \
	t/e2e/releases.t \
	t/e2e/retire.t \
	t/e2e/scale.t \
	t/e2e/stderr.t
E2E_TESTS = $(REQUEST_TESTS) $(SERVER_TESTS)
# Tests of fcgi-ping and fcgi-get, with applications of t/apps.
PING_TESTS = \
	t/ping/apps.t \
	t/ping/code.t \
	t/ping/failures.t \
	t/ping/formats.t \
	t/ping/get.t \
	t/ping/habits.t \
	t/ping/many.t \
	t/ping/names.t \
	t/ping/manual.t \
	t/ping/recipes.t \
	t/ping/request.t \
	t/ping/values.t \
	t/ping/watch.t
check_LTLIBRARIES = other.la refuse.la lookup.la clock.la
if WITH_PLUGIN
check_LTLIBRARIES += fault.la monkey-badplugin.la monkey-badplugin18.la
endif
# Applications that end-to-end tests run against.
t_apps_app_LDADD = libproto.la
t_apps_httpdump_LDADD = libproto.la
if HAVE_CMOCKA
check_LTLIBRARIES += libtest.la
UNIT_RUN = $(UNIT_TESTS)
endif
check_PROGRAMS = t/apps/app t/apps/httpdump $(UNIT_RUN)
if HAVE_LIBFCGI
check_PROGRAMS += $(LIBFCGI_APPS)
endif
BUILD_TESTS = \
	t/build/completion.t \
	t/build/configure.t \
	t/build/dist.t \
	t/build/house.t \
	t/build/manual.t \
	t/build/pages.t \
	t/build/perl.t \
	t/build/symbols.t \
	t/build/version.t
TOOL_TESTS = \
	t/tools/enable.t \
	t/tools/serve.t \
	t/tools/docs.t \
	t/tools/enable_monkey.t \
	t/tools/examples.t \
	t/tools/install.t \
	t/tools/messages.t
# src/http, and requests and answers on their way, beside servers that many trust.
HTTP_TESTS = t/http/differential.t t/http/peers.t
CHECK_TESTS = t/check/check.t t/check/default.t t/check/fix.t t/check/live.t t/check/manual.t t/check/starts.t
TESTS = $(UNIT_RUN) $(FUZZ_REPLAY) $(BUILD_TESTS) $(CHECK_TESTS) $(TOOL_TESTS) $(PING_TESTS) \
	$(HTTP_TESTS) $(E2E_TESTS)
TEST_EXTENSIONS = .t
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
T_LOG_DRIVER = $(LOG_DRIVER)
T_LOG_COMPILER = $(PERL)
FCGI_HOST = serve
FCGI_ABI = 1.6
# What configure was told to leave out is empty, and what wants it is skipped.
if WITH_PLUGIN
BUILT_PLUGIN = $(abs_top_builddir)/.libs/monkey-fastcgi.so
BUILT_BADPLUGIN = $(abs_top_builddir)/.libs/monkey-badplugin.so
endif
if WITH_SERVE
BUILT_SERVE = $(abs_top_builddir)/fcgi-serve
endif
AM_TESTS_ENVIRONMENT = \
	TOP_SRCDIR='$(abs_top_srcdir)'; export TOP_SRCDIR; \
	TOP_BUILDDIR='$(abs_top_builddir)'; export TOP_BUILDDIR; \
	FCGI_HOST='$(FCGI_HOST)'; export FCGI_HOST; \
	FCGI_ABI='$(FCGI_ABI)'; export FCGI_ABI; \
	FCGI_PLUGIN='$(BUILT_PLUGIN)'; export FCGI_PLUGIN; \
	FCGI_BADPLUGIN='$(BUILT_BADPLUGIN)'; export FCGI_BADPLUGIN; \
	FCGI_SERVE='$(BUILT_SERVE)'; export FCGI_SERVE; \
	FCGI_CHECK='$(abs_top_builddir)/fcgi-check'; export FCGI_CHECK; \
	FCGI_OTHER='$(abs_top_builddir)/.libs/other.so'; export FCGI_OTHER; \
	FCGI_REFUSE='$(abs_top_builddir)/.libs/refuse.so'; export FCGI_REFUSE; \
	FCGI_APP='$(abs_top_builddir)/t/apps/app'; export FCGI_APP; \
	FCGI_FAULT_SO='$(abs_top_builddir)/.libs/fault.so'; export FCGI_FAULT_SO; \
	FCGI_CLOCK_SO='$(abs_top_builddir)/.libs/clock.so'; export FCGI_CLOCK_SO; \
	FCGI_SANITIZER='$(SANITIZER)'; export FCGI_SANITIZER; \
	MONKEY='$(MONKEY)'; export MONKEY;

# The manual's table of keys, written anew from src/config/keys.c.
update-tables: t/unit/test_manual
	UPDATE_TABLES=1 TOP_SRCDIR='$(abs_top_srcdir)' t/unit/test_manual
.PHONY: update-tables

# What a build of packages runs: all that wants no server or one application, and
# of the end-to-end tests what a page needs. The whole suite is for who changes
# the code (./check): it takes long, and a builder's machine has other work.
PACKAGE_TESTS = $(UNIT_RUN) $(FUZZ_REPLAY) $(BUILD_TESTS) $(CHECK_TESTS) $(TOOL_TESTS) \
	t/ping/get.t t/ping/manual.t t/ping/values.t \
	t/e2e/basic.t t/e2e/config.t t/e2e/fcgiwrap.t t/e2e/framing.t \
	t/e2e/loadname.t t/e2e/php.t
check-package: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(PACKAGE_TESTS)'
.PHONY: check-package

# How long `make fuzz` and `make bench` take for each of theirs.
SECONDS = 3

# Coverage-guided fuzzing: see CONTRIBUTING.md.
FUZZERS = t/fuzz/fuzz_answer t/fuzz/fuzz_config t/fuzz/fuzz_http \
	t/fuzz/fuzz_names t/fuzz/fuzz_origin t/fuzz/fuzz_params \
	t/fuzz/fuzz_request t/fuzz/fuzz_tree
EXTRA_PROGRAMS = $(FUZZERS)
CLEANFILES += $(FUZZERS)
FUZZ_DICTS = $(FUZZERS:=.dict)
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
FUZZ_LIBS = libmonkeyconf.la libgateway.la libconfig.la libproto.la
t_fuzz_fuzz_answer_SOURCES = t/fuzz/fuzz_answer.c t/fuzz/fuzz.h
t_fuzz_fuzz_answer_LDADD = $(FUZZ_LIBS)
t_fuzz_fuzz_answer_LDFLAGS = $(FUZZ_LINK)
t_fuzz_fuzz_config_SOURCES = t/fuzz/fuzz_config.c t/fuzz/fuzz.h
t_fuzz_fuzz_config_LDADD = $(FUZZ_LIBS)
t_fuzz_fuzz_config_LDFLAGS = $(FUZZ_LINK)
t_fuzz_fuzz_http_SOURCES = t/fuzz/fuzz_http.c t/fuzz/fuzz.h
t_fuzz_fuzz_http_LDADD = $(FUZZ_LIBS)
t_fuzz_fuzz_http_LDFLAGS = $(FUZZ_LINK)
t_fuzz_fuzz_names_SOURCES = t/fuzz/fuzz_names.c t/fuzz/fuzz.h
t_fuzz_fuzz_names_LDADD = $(FUZZ_LIBS)
t_fuzz_fuzz_names_LDFLAGS = $(FUZZ_LINK)
t_fuzz_fuzz_origin_SOURCES = t/fuzz/fuzz_origin.c t/fuzz/fuzz.h
t_fuzz_fuzz_origin_LDADD = $(FUZZ_LIBS)
t_fuzz_fuzz_origin_LDFLAGS = $(FUZZ_LINK)
t_fuzz_fuzz_params_SOURCES = t/fuzz/fuzz_params.c t/fuzz/fuzz.h
t_fuzz_fuzz_params_LDADD = $(FUZZ_LIBS)
t_fuzz_fuzz_params_LDFLAGS = $(FUZZ_LINK)
t_fuzz_fuzz_request_SOURCES = t/fuzz/fuzz_request.c t/fuzz/fuzz.h
t_fuzz_fuzz_request_CPPFLAGS = $(ABI18_CPPFLAGS)
t_fuzz_fuzz_request_LDADD = libregex18.la libproto.la
t_fuzz_fuzz_request_LDFLAGS = $(FUZZ_LINK)
t_fuzz_fuzz_tree_SOURCES = t/fuzz/fuzz_tree.c t/fuzz/fuzz.h
t_fuzz_fuzz_tree_LDADD = $(FUZZ_LIBS)
t_fuzz_fuzz_tree_LDFLAGS = $(FUZZ_LINK)
# The corpora of the tree are read, too, and not written.
fuzz: $(FUZZERS)
	@for fuzzer in $(FUZZERS); do \
	  $(MKDIR_P) $$fuzzer.corpus || exit 1; \
	  echo "$$fuzzer, for $(SECONDS) s:"; \
	  ./$$fuzzer -max_total_time=$(SECONDS) -print_final_stats=1 \
	    -dict=$(srcdir)/$$fuzzer.dict -artifact_prefix=$$fuzzer. \
	    $$fuzzer.corpus $(srcdir)/t/fuzz/corpus/$${fuzzer#*fuzz_} || exit 1; \
	done
# All of the tree's corpora once: a part of the suite, without libFuzzer.
FUZZ_REPLAY = t/fuzz/replay
check_PROGRAMS += $(FUZZ_REPLAY)
t_fuzz_replay_SOURCES = t/fuzz/replay.c t/fuzz/fuzz.h $(FUZZERS:=.c)
t_fuzz_replay_CPPFLAGS = $(ABI18_CPPFLAGS)
t_fuzz_replay_LDADD = libregex18.la $(FUZZ_LIBS) $(CARES_LIBS)
# What the corpora of a folder reach, and each line that none does, of a build with
# -fprofile-instr-generate -fcoverage-mapping: see CONTRIBUTING.md.
CORPUS = $(srcdir)/t/fuzz/corpus
COVERED = src/http src/proto src/config src/gateway/reply src/gateway/params \
	src/gateway/origin src/gateway/status src/backend/resolver \
	src/backend/service src/backend/group src/monkey/regex18 tools/monkeyconf
fuzz-coverage: $(FUZZ_REPLAY)
	LLVM_PROFILE_FILE=t/fuzz/coverage.raw $(FUZZ_REPLAY) '$(CORPUS)'
	llvm-profdata merge -o t/fuzz/coverage.data t/fuzz/coverage.raw
	@llvm-cov export -format=lcov -instr-profile=t/fuzz/coverage.data $(FUZZ_REPLAY) | \
	  $(AWK) -F '[:,]' -v 'covered=$(COVERED)' -v 'top=$(abs_top_srcdir)/' ' \
	    BEGIN { gsub(/ +/, "|", covered) } \
	    /^SF:/ { file = $$2; sub(/.*\/\.\.\//, "", file); \
	      if (index(file, top) == 1) file = substr(file, length(top) + 1); on = file ~ "^(" covered ")" } \
	    on && /^DA:/ { all[file]++; if ($$3 == 0) { never[file]++; print "never: " file ":" $$2 } } \
	    END { for (f in all) printf "%s: %d of %d lines\n", f, all[f] - never[f], all[f] | "sort" }'
.PHONY: fuzz fuzz-coverage

# What a request costs, beside nginx and HAProxy: see bench/README.md. No test.
CASE =
ROUNDS =
WORKERS =
SERVE =
EXTRA_PROGRAMS += bench/null
CLEANFILES += bench/null
bench_null_LDADD = libproto.la
bench: all bench/null
	@$(AM_TESTS_ENVIRONMENT) BENCH_SECONDS='$(SECONDS)' BENCH_CASE='$(CASE)' \
	  BENCH_ROUNDS='$(ROUNDS)' BENCH_WORKERS='$(WORKERS)' \
	  BENCH_SERVE='$(SERVE)' $(PERL) $(top_srcdir)/bench/run
.PHONY: bench

# A shorter suite under valgrind: nothing leaked, nothing read that is not there.
VALGRIND = valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect --error-exitcode=99
VALGRIND_TESTS = t/e2e/basic.t t/e2e/body.t t/e2e/client.t t/e2e/keepalive.t
check-valgrind: all
	FCGI_WRAP='$(VALGRIND)' $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
	  TESTS='$(VALGRIND_TESTS)' TEST_SUITE_LOG=valgrind-suite.log

# A PHP application in a headless Chromium; with MONKEY=, on that Monkey, too.
BROWSER_TESTS = t/browser/dokuwiki.t t/browser/status.t
check-browser: all
	FCGI_TEST_TIMEOUT=900 $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
	  TESTS='$(BROWSER_TESTS)' TEST_SUITE_LOG=browser-suite.log
	@if test -n '$(MONKEY)'; then \
	  rm -f $(BROWSER_TESTS:.t=.log) $(BROWSER_TESTS:.t=.trs); \
	  FCGI_TEST_TIMEOUT=900 $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
	    TESTS='$(BROWSER_TESTS)' FCGI_HOST=monkey MONKEY='$(MONKEY)' \
	    TEST_SUITE_LOG=browser-monkey-suite.log; \
	fi

# What is to be hard to break: each call of the plugin fails, every FAULTSth of
# them; attackers; models; PEERS requests and answers beside other servers'; MUTANTS
# changes of the code, which tests notice. (A fault comes before a sanitizer.)
HARD_TESTS = \
	t/hard/attack.t \
	t/hard/chaos.t \
	t/hard/soak.t \
	t/fault/clock.t \
	t/fault/start.t \
	t/fault/running.t \
	t/http/peers.t \
	t/model/model.t \
	t/mutate/mutate.t
FAULTS = 4
MUTANTS = 60
PEERS = 1000
check-hard: all $(check_LTLIBRARIES) $(check_PROGRAMS)
	@rm -f $(HARD_TESTS:.t=.log) $(HARD_TESTS:.t=.trs)
	FCGI_FAULTS='$(FAULTS)' FCGI_MUTANTS='$(MUTANTS)' FCGI_PEERS='$(PEERS)' \
	  ASAN_OPTIONS="$${ASAN_OPTIONS:+$$ASAN_OPTIONS:}verify_asan_link_order=0" \
	  FCGI_TEST_TIMEOUT=900 $(MAKE) $(AM_MAKEFLAGS) \
	  check-TESTS TESTS='$(HARD_TESTS)' TEST_SUITE_LOG=hard-suite.log
.PHONY: check-hard

# Clients and applications of others: on fcgi-serve, or with MONKEY= on that one,
# with TLS where it has it. What is not installed is skipped.
REAL_TESTS = \
	t/real/browser.t \
	t/real/curl.t \
	t/real/git.t \
	t/real/litmus.t \
	t/real/logrotate.t \
	t/real/symfony.t \
	t/real/tls.t \
	t/real/wordpress.t
check-real: all
	@rm -f $(REAL_TESTS:.t=.log) $(REAL_TESTS:.t=.trs)
	FCGI_TEST_TIMEOUT=900 $(MAKE) $(AM_MAKEFLAGS) check-TESTS \
	  TESTS='$(REAL_TESTS)' FCGI_HOST='$(if $(MONKEY),monkey,serve)' \
	  MONKEY='$(MONKEY)' TEST_SUITE_LOG=real-suite.log
.PHONY: check-valgrind check-browser check-real

# The end-to-end suite on fcgi-serve as Monkey 1.8. (make check FCGI_ABI=1.8 runs
# everything that way.)
check-18: all
	@rm -f t/e2e/*.log t/e2e/*.trs
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(E2E_TESTS)' \
	  FCGI_ABI=1.8 TEST_SUITE_LOG=abi18-suite.log
.PHONY: check-18

# The unit tests, and those of how requests come in: what a sanitizer is wanted for
# most.
check-requests: all
	@rm -f t/e2e/*.log t/e2e/*.trs
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(UNIT_RUN) $(REQUEST_TESTS)' \
	  TEST_SUITE_LOG=requests-suite.log
# The rest of it.
OTHER_TESTS = $(FUZZ_REPLAY) $(CHECK_TESTS) $(TOOL_TESTS) $(PING_TESTS) \
	$(HTTP_TESTS) $(SERVER_TESTS)
check-others: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(OTHER_TESTS)' \
	  TEST_SUITE_LOG=others-suite.log
.PHONY: check-requests check-others

# Those where requests of ours pass through the host's core, and where the plugin
# puts no gate up, and some on a network layer with the manners of TLS; each as
# Monkey 1.6 and as 1.8. LANE_TESTS='$(E2E_TESTS)' runs all that way.
LANE_TESTS = $(REQUEST_TESTS)
PIECES_TESTS = t/e2e/basic.t t/e2e/body.t t/e2e/gate.t t/e2e/keepalive.t \
	t/e2e/lanes.t
check-lanes: all
	for abi in 1.6 1.8; do \
	  for way in FCGI_LANE=core FCGI_GATE=off FCGI_SERVE_LAYER=pieces; do \
	    case $$way in *pieces) tests='$(PIECES_TESTS)' ;; \
	    *) tests='$(LANE_TESTS)' ;; esac; \
	    echo "End-to-end tests, $$way, as Monkey $$abi:"; \
	    rm -f t/e2e/*.log t/e2e/*.trs; \
	    env $$way $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS="$$tests" \
	      FCGI_ABI=$$abi TEST_SUITE_LOG=lanes-suite.log || exit 1; \
	done; done
.PHONY: check-lanes

# make check MONKEY=/path/to/monkey: the end-to-end suite once more, there.
check-local: check-TESTS
	@if test -n '$(MONKEY)'; then \
	  echo "The end-to-end suite on $(MONKEY):"; \
	  rm -f t/e2e/*.log t/e2e/*.trs; \
	  $(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(E2E_TESTS)' \
	    FCGI_HOST=monkey MONKEY='$(MONKEY)' \
	    TEST_SUITE_LOG=monkey-suite.log; \
	fi

# A unit test is one file; what several share is in libtest.
libtest_la_SOURCES = \
	t/unit/backend_rig.c t/unit/backend_rig.h \
	t/unit/exchange_rig.h \
	t/unit/guard.c t/unit/guard.h \
	t/unit/test_config_util.h \
	t/unit/test_gateway_reply_cases.h \
	t/unit/proto_random.h \
	t/unit/proto_trace.c t/unit/proto_trace.h \
	t/unit/short_memory.h \
	t/unit/tcp_pair.c t/unit/tcp_pair.h
# System calls fail when it wants them to.
t_unit_test_backend_dial_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=socket \
	-Wl,--wrap=connect -Wl,--wrap=getsockopt -Wl,--wrap=epoll_ctl \
	-Wl,--wrap=sendmsg
# What tests load, and nobody installs; with -rpath libtool makes a .so.
MODULE_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
# For t/check/check.t: a libconfuse that refuses everything, another plugin.
other_la_SOURCES = t/check/other.c
other_la_LDFLAGS = $(MODULE_LDFLAGS)
refuse_la_SOURCES = t/check/refuse.c
refuse_la_LDFLAGS = $(MODULE_LDFLAGS)
# For t/fault: it comes before a sanitizer, so that it has none.
fault_la_SOURCES = t/fault/fault.c
fault_la_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -fno-builtin
fault_la_LDFLAGS = $(MODULE_LDFLAGS)
clock_la_SOURCES = t/fault/clock.c
clock_la_LDFLAGS = $(MODULE_LDFLAGS)
# Where memory is to be short: t/unit/short_memory.h.
WRAP_MEMORY = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
t_unit_test_backend_checkout_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY)
t_unit_test_gateway_access_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=write
t_unit_test_gateway_authorizer_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY)
t_unit_test_gateway_early_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY)
t_unit_test_gateway_exchange_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY)
t_unit_test_gateway_tail_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY)
t_unit_test_gateway_sendfile_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY)
t_unit_test_gateway_stream_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY) \
	-Wl,--wrap=open,--wrap=memfd_create,--wrap=pwrite,--wrap=pread \
	-Wl,--wrap=open64,--wrap=pwrite64,--wrap=pread64
t_unit_test_gateway_client_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY) -Wl,--wrap=epoll_ctl
t_unit_test_gateway_linger_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY)
t_unit_test_gateway_params_server_LDFLAGS = $(AM_LDFLAGS) $(WRAP_MEMORY)
# A plugin that misbehaves, for t/e2e/bite*.t.
monkey_badplugin_la_SOURCES = \
	t/badplugin/actions.c t/badplugin/look.c t/badplugin/badplugin16.c t/badplugin/badplugin.h \
	src/monkey/abi.h src/monkey/abi16.h src/monkey/abi16_values.h
monkey_badplugin_la_CPPFLAGS = $(ABI16_CPPFLAGS)
monkey_badplugin_la_LDFLAGS = $(MODULE_LDFLAGS)
monkey_badplugin18_la_SOURCES = \
	t/badplugin/badplugin18.c \
	src/monkey/abi.h src/monkey/abi18.h src/monkey/abi18_values.h
monkey_badplugin18_la_CPPFLAGS = $(ABI18_CPPFLAGS)
monkey_badplugin18_la_LDFLAGS = $(MODULE_LDFLAGS)
# An application in C, for t/e2e/apps.t.
LIBFCGI_APPS = t/apps/libfcgi t/apps/libfcgi_echo t/apps/authorizer
t_apps_authorizer_SOURCES = t/apps/authorizer.c
t_apps_authorizer_CPPFLAGS =
t_apps_authorizer_LDADD = -lfcgi
t_apps_libfcgi_SOURCES = t/apps/libfcgi.c
t_apps_libfcgi_CPPFLAGS =
t_apps_libfcgi_LDADD = -lfcgi
# Another, and a library that misleads, for t/ping.
t_apps_libfcgi_echo_SOURCES = t/apps/libfcgi_echo.c
t_apps_libfcgi_echo_CPPFLAGS =
t_apps_libfcgi_echo_LDADD = -lfcgi
lookup_la_SOURCES = t/apps/lookup.c
lookup_la_LDFLAGS = $(MODULE_LDFLAGS)

TEST_LIBS = libregex18.la $(PROBE_LIBS) $(CMOCKA_LIBS)
LDADD = libtest.la libping.la libcheck.la libmonkeyconf.la $(TEST_LIBS) -lm

# With the structures of Monkey 1.6.
MONKEY16_LIBS = libtest.la libmonkey16.la $(TEST_LIBS)
t_unit_test_monkey_rules_CPPFLAGS = $(ABI16_CPPFLAGS)
t_unit_test_monkey_rules_LDADD = $(MONKEY16_LIBS)
t_unit_test_monkey_short_head_CPPFLAGS = $(ABI16_CPPFLAGS)
t_unit_test_monkey_short_head_LDADD = $(MONKEY16_LIBS)

# What is Monkey 1.8's alone.
MONKEY18_LIBS = libtest.la libmonkey18.la $(TEST_LIBS)
t_unit_test_monkey_body_CPPFLAGS = $(ABI18_CPPFLAGS)
t_unit_test_monkey_body_LDADD = $(MONKEY18_LIBS)
t_unit_test_monkey_regex_CPPFLAGS = $(ABI18_CPPFLAGS)
t_unit_test_monkey_regex_LDADD = $(MONKEY18_LIBS)

