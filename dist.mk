# SPDX-License-Identifier: Apache-2.0
# For monkey-fastcgi: what it copies into other trees, and how it edits.
if WITH_PLUGIN
dist_pkgdata_DATA = \
	conf/fastcgi.conf \
	tools/monkey-fastcgi/plugins-load.awk
endif

# What names places is made from a .in: the script that enables the plugin,
# manual pages, completions.
TOOL_MANS = \
	man/fastcgi.conf.5 \
	man/fcgi-check.1 \
	man/fcgi-get.1 \
	man/fcgi-ping.1
SERVE_MANS = man/fcgi-serve.1
PLUGIN_MANS = \
	man/monkey-fastcgi.7 \
	man/monkey-fastcgi.8
MADE_MANS = $(TOOL_MANS) $(SERVE_MANS) $(PLUGIN_MANS)
man_MANS = $(TOOL_MANS)
if WITH_PLUGIN
sbin_SCRIPTS = monkey-fastcgi
man_MANS += $(PLUGIN_MANS)
endif
if WITH_SERVE
man_MANS += $(SERVE_MANS)
endif
SUBSTITUTE = $(SED) \
	-e 's|[@]VERSION@|$(VERSION)|g' \
	-e 's|[@]plugindir@|$(plugindir)|g' \
	-e 's|[@]monkeyconfdir@|$(monkeyconfdir)|g' \
	-e 's|[@]pkgdatadir@|$(pkgdatadir)|g' \
	-e 's|[@]docdir@|$(docdir)|g'
monkey-fastcgi: tools/monkey-fastcgi/monkey-fastcgi.in Makefile
	$(AM_V_GEN)$(SUBSTITUTE) \
	  $(srcdir)/tools/monkey-fastcgi/monkey-fastcgi.in >$@.tmp && \
	  chmod +x $@.tmp && mv $@.tmp $@
$(MADE_MANS): Makefile $(MADE_MANS:=.in)
	$(AM_V_GEN)$(MKDIR_P) man && $(SUBSTITUTE) $(srcdir)/$@.in >$@.tmp && \
	  mv $@.tmp $@
MADE_BASHCOMP = \
	completions/bash/fcgi-get \
	completions/bash/fcgi-ping
MADE_ZSHCOMP = completions/zsh/_fcgi_targets
$(MADE_BASHCOMP): Makefile $(MADE_BASHCOMP:=.in)
	$(AM_V_GEN)$(MKDIR_P) completions/bash && \
	  $(SUBSTITUTE) $(srcdir)/$@.in >$@.tmp && mv $@.tmp $@
$(MADE_ZSHCOMP): Makefile $(MADE_ZSHCOMP:=.in)
	$(AM_V_GEN)$(MKDIR_P) completions/zsh && \
	  $(SUBSTITUTE) $(srcdir)/$@.in >$@.tmp && mv $@.tmp $@
bashcompdir = $(bash_completion_dir)
bashcomp_DATA = $(MADE_BASHCOMP)
dist_bashcomp_DATA = completions/bash/fcgi-check
fishcompdir = $(datadir)/fish/vendor_completions.d
dist_fishcomp_DATA = \
	completions/fish/fcgi-check.fish \
	completions/fish/fcgi-get.fish \
	completions/fish/fcgi-ping.fish
zshcompdir = $(zsh_completion_dir)
zshcomp_DATA = $(MADE_ZSHCOMP)
dist_zshcomp_DATA = \
	completions/zsh/_fcgi-check \
	completions/zsh/_fcgi-get \
	completions/zsh/_fcgi-ping
if WITH_PLUGIN
dist_bashcomp_DATA += completions/bash/monkey-fastcgi
dist_fishcomp_DATA += completions/fish/monkey-fastcgi.fish
dist_zshcomp_DATA += completions/zsh/_monkey-fastcgi
endif
if WITH_SERVE
dist_bashcomp_DATA += completions/bash/fcgi-serve
dist_fishcomp_DATA += completions/fish/fcgi-serve.fish
dist_zshcomp_DATA += completions/zsh/_fcgi-serve
endif

dist_doc_DATA = AUTHORS README.md CHANGELOG.md SECURITY.md
exampledir = $(docdir)
nobase_dist_example_DATA = \
	docs/architecture.md \
	docs/behaviour.md \
	docs/limit.md \
	docs/monkey-1.8.md \
	docs/reliability.md \
	docs/scale-out.md \
	docs/scripts.md \
	docs/soak.svg \
	docs/tools.md \
	docs/troubleshooting.md \
	examples/README.md \
	examples/apparmor/monkey \
	examples/c/app.c \
	examples/c/fastcgi.conf \
	examples/c/site \
	examples/cgit/fastcgi.conf \
	examples/cgit/site \
	examples/dokuwiki/fastcgi.conf \
	examples/dokuwiki/site \
	examples/fcgi-serve/fcgi-serve@.service \
	examples/git/fastcgi.conf \
	examples/git/site \
	examples/logrotate/monkey-fastcgi \
	examples/mediawiki/fastcgi.conf \
	examples/mediawiki/site \
	examples/perl/app.psgi \
	examples/perl/fastcgi.conf \
	examples/perl/site \
	examples/python/app.py \
	examples/python/fastcgi.conf \
	examples/python/site \
	examples/systemd/README.md \
	examples/systemd/monkey.service \
	examples/systemd/monkey/monkey.conf \
	examples/systemd/monkey/monkey.mime \
	examples/systemd/monkey/sites/default \
	examples/wordpress/fastcgi.conf \
	examples/wordpress/site
CLEANFILES += monkey-fastcgi $(MADE_MANS) $(MADE_BASHCOMP) $(MADE_ZSHCOMP)

# Nobody links with a plugin: libtool's notes on it stay at home.
if WITH_PLUGIN
install-data-hook:
	rm -f $(DESTDIR)$(plugindir)/monkey-fastcgi.la
	cd $(DESTDIR)$(plugindir) && \
	  rm -f monkey-fastcgi18.so && \
	  $(LN_S) monkey-fastcgi.so monkey-fastcgi18.so
uninstall-hook:
	rm -f $(DESTDIR)$(plugindir)/monkey-fastcgi.so \
	  $(DESTDIR)$(plugindir)/monkey-fastcgi18.so
endif

DEBIAN_FILES = \
	debian/changelog \
	debian/control \
	debian/copyright \
	debian/fcgi-tools.install \
	debian/monkey-fastcgi.NEWS \
	debian/monkey-fastcgi.README.Debian \
	debian/monkey-fastcgi.install \
	debian/monkey-fastcgi.lintian-overrides \
	debian/monkey-fastcgi.maintscript \
	debian/monkey-fastcgi.postinst \
	debian/monkey-fastcgi.postrm \
	debian/monkey-fastcgi.prerm \
	debian/not-installed \
	debian/rules \
	debian/source/format \
	debian/source/lintian-overrides \
	debian/tests/configuration \
	debian/tests/control \
	debian/tests/examples \
	debian/tests/fpm.sh \
	debian/tests/php-page \
	debian/tests/ping \
	debian/upstream/metadata \
	debian/watch
EXTRA_DIST = \
	$(FUZZ_DICTS) t/fuzz/corpus \
	.clang-format \
	CONTRIBUTING.md \
	LICENSE \
	$(MADE_MANS:=.in) \
	$(MADE_BASHCOMP:=.in) \
	$(MADE_ZSHCOMP:=.in) \
	tools/monkey-fastcgi/monkey-fastcgi.in \
	bench/README.md bench/lib bench/run \
	demo \
	t/TRAPS.md \
	t/apps/app.cgi \
	t/apps/app.pl \
	t/apps/app.py \
	t/check \
	t/browser/chromium.py \
	t/browser/dokuwiki.py \
	t/browser/status.py \
	$(BROWSER_TESTS) \
	$(REAL_TESTS) \
	$(HARD_TESTS) \
	t/model/handover.pml t/model/limit.pml t/model/queue.pml t/mutate/known t/hard/picture \
	t/demo \
	t/apps/flup.py \
	t/lib \
	$(DEBIAN_FILES) \
	rpm/monkey-fastcgi.spec \
	rpm/rpmlint.toml \
	t/packages \
	$(BUILD_TESTS) \
	$(TOOL_TESTS) \
	$(PING_TESTS) \
	$(HTTP_TESTS) t/http/server.js \
	$(E2E_TESTS)

# In EXTRA_DIST, `check' would be the target: `make dist' would run all tests.
# Folders are copied with what was built in them: that goes again.
dist-hook:
	cp -p $(srcdir)/check $(distdir)/check
	find $(distdir)/t \( -name .deps -o -name .libs -o -name .dirstamp -o \
	  -name '*.o' -o -name '*.lo' -o -name '*.log' -o -name '*.trs' \) \
	  -prune -exec rm -rf {} +
