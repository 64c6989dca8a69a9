/* SPDX-License-Identifier: Apache-2.0
 *
 * fcgi-check: which Monkey a configuration is for. It says so nowhere; what its
 * files have that one Monkey knows and another does not is taken for a sign.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "dialect.h"

void check_signs_begin(struct check_run *run)
{
    run->dialect = run->options->dialect;
    run->sign = CHECK_SIGN_ASKED;
    snprintf(run->why, sizeof(run->why), "--monkey says so");
    if (run->dialect == NULL) {
        run->dialect = &check_dialect_16;
        run->sign = CHECK_SIGN_NONE;
        snprintf(run->why, sizeof(run->why), "nothing tells");
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

void check_signs_plugin(struct check_run *run, const char *name)
{
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

/* A word of `Listen 443 tls`. */
static void check_word(struct check_run *run, const char *word, size_t length)
{
    static const struct {
        const char *word;
        const struct check_dialect *dialect;
    } words[] = {{"ssl", &check_dialect_16},
                 {"tls", &check_dialect_18},
                 {"h2", &check_dialect_18},
                 {"h2c", &check_dialect_18}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i].word) == length &&
            strncasecmp(words[i].word, word, length) == 0) {
            take_sign(run, CHECK_SIGN_MONKEY, words[i].dialect,
                      "monkey.conf has 'Listen ... %s'", words[i].word);
        }
    }
}

void check_signs_listen(struct check_run *run,
                        const struct fcgi_tree_section *section)
{
    for (size_t i = 0; section && i < section->n_entries; i++) {
        const char *at = section->entries[i].value;

        if (strcasecmp(section->entries[i].key, "Listen") != 0)
            continue;
        while (*(at += strspn(at, " ")) != '\0') {
            size_t length = strcspn(at, " ");

            check_word(run, at, length);
            at += length;
        }
    }
}

void check_signs_report(const struct check_run *run, const char *directory)
{
    if (run->options->verbose) {
        fprintf(stderr, "fcgi-check: %s: Monkey %s is %s: %s\n", directory,
                run->dialect->name,
                run->sign == CHECK_SIGN_ASKED ? "meant" : "assumed", run->why);
    }
}
