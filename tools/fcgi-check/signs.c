/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: which Monkey a configuration is for. It says so nowhere; what its
 * files have that one Monkey knows and another does not is taken for a sign.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "check.h"
#include "dialect.h"

static void begin(struct check_run *run)
{
    run->dialect = run->options->dialect;
    run->sign = CHECK_SIGN_ASKED;
    snprintf(run->why, sizeof(run->why), "--monkey says so");
    if (run->dialect == NULL) {
        run->dialect = &check_dialect_16;
        run->sign = CHECK_SIGN_NONE;
        snprintf(run->why, sizeof(run->why), "nothing tells (--monkey does)");
    }
}

__attribute__((format(printf, 4, 5))) static void
take_sign(struct check_run *run, enum check_sign sign,
          const struct check_dialect *dialect, const char *format, ...)
{
    va_list args;

    if (sign <= run->sign)
        return;
    run->sign = sign;
    run->dialect = dialect;
    va_start(args, format);
    vsnprintf(run->why, sizeof(run->why), format, args);
    va_end(args);
}

static void check_plugin(struct check_run *run,
                         struct fcgi_monkeyconf_word word)
{
    char name[32];

    snprintf(name, sizeof(name), "%.*s", (int)word.length, word.at);

    /* 1.8.9 has both in its core. */
    if (strcmp(name, "liana") == 0 || strcmp(name, "tls") == 0) {
        take_sign(run, CHECK_SIGN_MONKEY, &check_dialect_16,
                  "plugins.load loads the plugin '%s'", name);
    } else if (strcmp(name, check_dialect_16.plugin) == 0) {
        take_sign(run, CHECK_SIGN_OURS, &check_dialect_16,
                  "plugins.load loads monkey-%s.so", name);
    } else if (strcmp(name, check_dialect_18.plugin) == 0) {
        take_sign(run, CHECK_SIGN_OURS, &check_dialect_18,
                  "plugins.load loads monkey-%s.so", name);
    }
}

static void look_at_plugins(struct check_run *run,
                            const struct fcgi_tree_section *section)
{
    for (size_t i = 0; section && i < section->n_entries; i++)
        if (strcasecmp(section->entries[i].key, "Load") == 0)
            check_plugin(
                run, fcgi_monkeyconf_plugin_name(section->entries[i].value));
}

/* A word of `Listen 443 tls`. */
static void check_word(struct check_run *run, struct fcgi_monkeyconf_word word)
{
    static const struct {
        const char *word;
        enum check_sign sign;
        const struct check_dialect *dialect;
    } words[] = {{"ssl", CHECK_SIGN_WORD, &check_dialect_16},
                 {"tls", CHECK_SIGN_MONKEY, &check_dialect_18},
                 {"h2", CHECK_SIGN_MONKEY, &check_dialect_18}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].word) == word.length &&
            strncasecmp(words[i].word, word.at, word.length) == 0) {
            take_sign(run, words[i].sign, words[i].dialect,
                      "monkey.conf has 'Listen ... %s'", words[i].word);
        }
    }
}

static void look_at_listen(struct check_run *run,
                           const struct fcgi_tree_section *section)
{
    for (size_t i = 0; section && i < section->n_entries; i++) {
        const char *at = section->entries[i].value;
        struct fcgi_monkeyconf_word word;

        if (strcasecmp(section->entries[i].key, "Listen") != 0)
            continue;
        while (word = fcgi_monkeyconf_word(&at), word.length > 0)
            check_word(run, word);
    }
}

/* Includes need not be read: that there are any tells enough. */
static const char *on_include(void *data, const char *path, size_t *length)
{
    (void)path;
    *length = 0;
    take_sign(data, CHECK_SIGN_MONKEY, &check_dialect_18,
              "its files have '@INCLUDE'");
    return NULL;
}

static void look_at_file(struct check_run *run, const char *path,
                         const char *section,
                         void (*look)(struct check_run *run,
                                      const struct fcgi_tree_section *section))
{
    struct fcgi_diag_list unused = {0}; /* they are found again */
    const struct check_source *source;
    struct fcgi_tree tree;

    if (access(path, F_OK) != 0)
        return;
    source = check_source_read(run, path);
    if (source->text == NULL)
        return;
    fcgi_monkeyconf_read(&tree, true, source->name, source->text,
                         source->length, &unused, on_include, run);
    look(run, fcgi_tree_section(&tree, section));
    fcgi_tree_free(&tree);
    fcgi_diag_list_free(&unused);
}

/* Where Monkey is installed, below --root. */
static void look_at_program(struct check_run *run)
{
    static const char *const paths[] = {"/usr/bin/monkey", "/usr/sbin/monkey",
                                        "/usr/local/bin/monkey",
                                        "/usr/local/sbin/monkey"};
    const struct check_dialect *dialect;
    char why[200];

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        dialect = check_dialect_find(check_path(run, paths[i]), why,
                                     sizeof(why), NULL);
        if (dialect)
            take_sign(run, CHECK_SIGN_PROGRAM, dialect, "%s is one", paths[i]);
    }
}

void check_signs(struct check_run *run, const char *directory,
                 const char *main_file, const char *load_file)
{
    begin(run);
    look_at_program(run);
    look_at_file(run, main_file, "SERVER", look_at_listen);
    look_at_file(run, load_file, "PLUGINS", look_at_plugins);
    if (run->options->verbose ||
        (run->sign <= CHECK_SIGN_OURS && !run->options->quiet &&
         run->options->format == CHECK_TEXT)) {
        fprintf(stderr, "fcgi-check: %s: Monkey %s is %s: %s\n", directory,
                run->dialect->name,
                run->sign == CHECK_SIGN_ASKED ? "meant" : "assumed", run->why);
    }
}
