/* SPDX-License-Identifier: Apache-2.0
 *
 * A monitoring plugin's line: what the worst target is like, and numbers for
 * all of them. https://www.monitoring-plugins.org/doc/guidelines.html
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi-ping/ping.h"

enum { OK, WARNING, CRITICAL, UNKNOWN };

static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

static int judge(const struct fcgi_ping_target *target)
{
    const struct fcgi_ping_options *options = &target->ping->options;
    double seconds = target->stats.mean / 1e9;

    if (target->errors[FCGI_FAILURE_LOCAL] > 0)
        return UNKNOWN;
    if (fcgi_ping_target_status(target) != FCGI_PING_OK)
        return CRITICAL;
    if (options->critical_given && target->stats.count > 0 &&
        fcgi_range_alerts(&options->critical, seconds))
        return CRITICAL;
    if (target->received < target->finished)
        return WARNING;
    if (options->warning_given && target->stats.count > 0 &&
        fcgi_range_alerts(&options->warning, seconds))
        return WARNING;
    return OK;
}

/* The bar begins the performance data, so none may be in the text. */
static void put_text(const char *text)
{
    for (; *text != '\0'; text++)
        putchar(*text == '|' ? '!' : *text);
}

static void tell(struct fcgi_ping_target *target)
{
    put_text(fcgi_ping_shown(target));
    if (target->text[0] != '\0') {
        fputs(": ", stdout);
        put_text(target->text);
    }
    if (target->stats.count > 0)
        printf(" %.3f ms", target->stats.mean / 1e6);
    if (target->received < target->finished)
        printf(", %.4g%% loss", fcgi_ping_loss(target));
    if (target->have_fpm)
        printf(", active %llu, idle %llu, queue %llu",
               (unsigned long long)target->fpm.numbers[FCGI_FPM_ACTIVE],
               (unsigned long long)target->fpm.numbers[FCGI_FPM_IDLE],
               (unsigned long long)target->fpm.numbers[FCGI_FPM_QUEUE]);
}

/* 'name target'; a quote is doubled, and there is no '=' in a label. */
static void put_label(const struct fcgi_ping_target *target, const char *name)
{
    printf(" '%s", name);
    if (target->ping->n_targets > 1) {
        putchar(' ');
        for (const char *c = target->target->label; *c != '\0'; c++) {
            if (*c == '\'')
                putchar('\'');
            putchar(*c == '=' || *c == '|' || (unsigned char)*c < ' ' ? '_'
                                                                      : *c);
        }
    }
    putchar('\'');
}

static void put_data(const struct fcgi_ping_target *target)
{
    const struct fcgi_ping_options *options = &target->ping->options;

    if (target->stats.count > 0) {
        put_label(target, "time");
        printf("=%.6fs;%s;%s;0;%.3f", target->stats.mean / 1e9,
               options->warning_given ? options->warning_text : "",
               options->critical_given ? options->critical_text : "",
               (double)options->timeout / 1e9);
    }
    put_label(target, "loss");
    printf("=%.4g%%;;;0;100", fcgi_ping_loss(target));
    for (int i = 0; target->have_fpm && i <= FCGI_FPM_QUEUE; i++) {
        if (i == FCGI_FPM_TOTAL)
            continue;
        put_label(target, fcgi_fpm_name((enum fcgi_fpm_number)i));
        printf("=%llu;;;0;", (unsigned long long)target->fpm.numbers[i]);
    }
}

void fcgi_ping_nagios_unknown(const char *message)
{
    const char *text = strstr(message, ": ");
    char *line;

    text = text != NULL ? text + 2 : "no message";
    line = strndup(text, strcspn(text, "\n"));
    fputs("FCGI UNKNOWN - ", stdout);
    put_text(line != NULL ? line : "out of memory");
    putchar('\n');
    free(line);
}

bool fcgi_ping_is_nagios(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], "--nagios", strlen(argv[i])) == 0 &&
            strlen(argv[i]) > strlen("--n"))
            return true;
    return false;
}

static int finish(struct fcgi_ping *ping, int status)
{
    static const int order[] = {
        [OK] = 0, [UNKNOWN] = 1, [WARNING] = 2, [CRITICAL] = 3};
    const char *separator = " - ";
    int worst = OK;

    (void)status;
    for (size_t i = 0; i < ping->n_targets; i++) {
        int one = judge(&ping->targets[i]);

        worst = order[one] > order[worst] ? one : worst;
    }
    printf("FCGI %s", words[worst]);
    /* The line has to be short: where there is trouble, that alone. */
    for (size_t i = 0; i < ping->n_targets; i++) {
        if (worst != OK && judge(&ping->targets[i]) != worst)
            continue;
        fputs(separator, stdout);
        tell(&ping->targets[i]);
        separator = "; ";
    }
    fputs(" |", stdout);
    for (size_t i = 0; i < ping->n_targets; i++)
        put_data(&ping->targets[i]);
    putchar('\n');
    return worst;
}

const struct fcgi_ping_format fcgi_ping_nagios = {.finish = finish};
