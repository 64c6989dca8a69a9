/* SPDX-License-Identifier: Apache-2.0
 *
 * The terminal as a whole screen.
 */
#include "fcgi-ping/screen.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "common/cli.h"

#define ENTER "\033[?1049h\033[?25l" /* the other screen; no cursor */
#define LEAVE "\033[m\033[?25h\033[?1049l"

static struct termios before;
static volatile sig_atomic_t entered;

struct fcgi_screen_size fcgi_screen_size(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    uint64_t width = 80;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return (struct fcgi_screen_size){size.ws_col,
                                         size.ws_row > 0 ? size.ws_row : 24};
    if (columns != NULL)
        (void)fcgi_cli_number(columns, 1, 10000, &width);
    return (struct fcgi_screen_size){(unsigned)width, 24};
}

/* A terminal that is gone has nobody to complain to. */
static void put(const char *text, size_t length)
{
    if (write(STDOUT_FILENO, text, length) < 0)
        return;
}

int fcgi_screen_enter(void)
{
    struct termios raw;

    if (isatty(STDOUT_FILENO) != 1 || tcgetattr(STDIN_FILENO, &before) < 0)
        return -1;
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
        return -1;
    entered = 1;
    put(ENTER, sizeof(ENTER) - 1);
    return 0;
}

void fcgi_screen_leave(void)
{
    if (!entered)
        return;
    entered = 0;
    put(LEAVE, sizeof(LEAVE) - 1);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void fault(int signal)
{
    fcgi_screen_leave();
    raise(signal); /* SA_RESETHAND: it ends the process now */
}

void fcgi_screen_signals(sigset_t *set)
{
    static const int ends[] = {SIGHUP,  SIGUSR1,   SIGUSR2, SIGALRM, SIGXCPU,
                               SIGPROF, SIGVTALRM, SIGIO,   SIGPWR,  SIGSTKFLT,
                               SIGTSTP, SIGCONT,   SIGWINCH};
    static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE,
                                 SIGILL,  SIGABRT, SIGSYS};
    struct sigaction action = {.sa_handler = fault,
                               .sa_flags = (int)SA_RESETHAND | SA_NODEFER};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        sigaddset(set, ends[i]);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigaction(faults[i], &action, NULL);
}

void fcgi_screen_line(FILE *out, unsigned columns, const char *color,
                      const char *format, ...)
{
    char text[1024];
    size_t length;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    length = strlen(text);
    if (length > columns)
        length = columns;
    /* One byte is one column: what is not ASCII is not shown. */
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~')
            text[i] = '?';
    fprintf(out, "%s%s%s%.*s%s\033[K\n", color[0] != '\0' ? "\033[" : "", color,
            color[0] != '\0' ? "m" : "", (int)length, text,
            color[0] != '\0' ? "\033[m" : "");
}
