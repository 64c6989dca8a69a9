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

/* A number that has thresholds, by the names of performance data; false where
 * it is not known. */
static bool number_of(const struct fcgi_ping_target *target, int limited,
                      double *number)
{
    const uint64_t *fpm = target->fpm.numbers;
    uint64_t reached = fpm[FCGI_FPM_MAX_CHILDREN];

    switch (limited) {
    case FCGI_PING_TIME:
        *number = target->stats.mean / 1e9;
        return target->stats.count > 0;
    case FCGI_PING_QUEUE:
        *number = (double)fpm[FCGI_FPM_QUEUE];
        break;
    case FCGI_PING_IDLE:
        *number = (double)fpm[FCGI_FPM_IDLE];
        break;
    default: /* php-fpm counts anew when it is started */
        *number = (double)(reached < target->first_max_children
                               ? reached
                               : reached - target->first_max_children);
    }
    return target->have_fpm;
}

static bool alerts(const struct fcgi_ping_target *target, int limited,
                   int range)
{
    const struct fcgi_ping_limit *limit =
        &target->ping->options.limits[limited];
    double number;

    return limit->texts[range] != NULL && number_of(target, limited, &number) &&
           fcgi_range_alerts(&limit->ranges[range], number);
}

static bool any_alerts(const struct fcgi_ping_target *target, int range)
{
    for (int i = 0; i < FCGI_PING_LIMITS; i++)
        if (alerts(target, i, range))
            return true;
    return false;
}

static int judge(const struct fcgi_ping_target *target)
{
    if (target->errors[FCGI_FAILURE_LOCAL] > 0)
        return UNKNOWN;
    if (fcgi_ping_target_status(target) != FCGI_PING_OK ||
        any_alerts(target, 1))
        return CRITICAL;
    return target->received < target->finished || any_alerts(target, 0)
               ? WARNING
               : OK;
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
    if (fcgi_ping_loss(target) > 0)
        printf(", %.4g%% loss", fcgi_ping_loss(target));
    if (target->have_fpm)
        printf(", active %llu, idle %llu, queue %llu",
               (unsigned long long)target->fpm.numbers[FCGI_FPM_ACTIVE],
               (unsigned long long)target->fpm.numbers[FCGI_FPM_IDLE],
               (unsigned long long)target->fpm.numbers[FCGI_FPM_QUEUE]);
    if (alerts(target, FCGI_PING_MAX_CHILDREN, 0) ||
        alerts(target, FCGI_PING_MAX_CHILDREN, 1))
        fputs(", pm.max_children was reached", stdout);
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

static void put_number(const struct fcgi_ping_target *target, int limited,
                       const char *name)
{
    const struct fcgi_ping_limit *limit =
        &target->ping->options.limits[limited];
    const char *const *texts = limit->texts;
    double number;

    if (!number_of(target, limited, &number))
        return;
    put_label(target, name);
    printf("=%.*f%s", limited == FCGI_PING_TIME ? 6 : 0, number,
           limited == FCGI_PING_TIME ? "s" : "");
    printf(";%s;%s;0;", texts[0] != NULL ? texts[0] : "",
           texts[1] != NULL ? texts[1] : "");
    if (limited == FCGI_PING_TIME)
        printf("%.3f", (double)target->ping->options.timeout / 1e9);
}

static void put_data(const struct fcgi_ping_target *target)
{
    const struct fcgi_ping_limit *limits = target->ping->options.limits;

    put_number(target, FCGI_PING_TIME, "time");
    put_label(target, "loss");
    printf("=%.4g%%;;;0;100", fcgi_ping_loss(target));
    if (!target->have_fpm)
        return;
    put_label(target, fcgi_fpm_name(FCGI_FPM_ACTIVE));
    printf("=%llu;;;0;",
           (unsigned long long)target->fpm.numbers[FCGI_FPM_ACTIVE]);
    put_number(target, FCGI_PING_IDLE, fcgi_fpm_name(FCGI_FPM_IDLE));
    put_number(target, FCGI_PING_QUEUE, fcgi_fpm_name(FCGI_FPM_QUEUE));
    if (limits[FCGI_PING_MAX_CHILDREN].texts[0] != NULL ||
        limits[FCGI_PING_MAX_CHILDREN].texts[1] != NULL)
        put_number(target, FCGI_PING_MAX_CHILDREN,
                   fcgi_fpm_name(FCGI_FPM_MAX_CHILDREN));
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
