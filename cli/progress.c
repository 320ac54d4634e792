/* SPDX-License-Identifier: Apache-2.0
 *
 * What is being built, and a bar with rate and time left, on a terminal's last line; elsewhere a plain line now and
 * then.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

enum { BAR = 24, LEAST_BAR = 4 };
static const double TERMINAL_SECONDS = 0.1, PLAIN_SECONDS = 10; /* between two drawings */

static bool shown; /* a bar stands on the terminal's last line */

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void left_text(double seconds, char *text, size_t size)
{
    long s = seconds >= 0 && seconds < 1e8 ? (long)(seconds + 0.5) : -1;

    if (s < 0)
        snprintf(text, size, "--:--");
    else if (s < 3600)
        snprintf(text, size, "%02ld:%02ld", s / 60, s % 60);
    else
        snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

static void describe(const struct fer_progress *p, char *text, size_t size)
{
    char left[32], place[128], loss[64] = "";

    if (p->test)
        snprintf(place, sizeof(place), "test %.60s", p->test);
    else if (p->epochs > 0)
        snprintf(place, sizeof(place), "%.60s %ld/%ld", p->stage, p->epoch, p->epochs);
    else
        snprintf(place, sizeof(place), "%.60s", p->stage);
    if (!isnan(p->loss))
        snprintf(loss, sizeof(loss), "  loss %.4f  rate %.3g", p->loss, p->rate);
    left_text(p->seconds_left, left, sizeof(left));
    snprintf(text, size, "%s  step %ld/%ld%s  %.1f images/s  %s left", place, p->step, p->steps, loss,
             p->images_per_second, left);
}

static int columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* On one row: from a second one there is no way back.  What a narrow terminal has no room for is the bar, and then the
 * end of the text. */
static void draw_bar(const struct fer_progress *p, const char *text)
{
    char bar[BAR + 1];
    const int room = columns() - 1, left = room - (int)strlen(text) - 3;
    const int length = left < LEAST_BAR ? 0 : left < BAR ? left : BAR;
    int full = p->steps > 0 ? (int)(p->step * length / p->steps) : 0;

    memset(bar, '.', (size_t)length);
    memset(bar, '#', (size_t)(full < 0 ? 0 : full > length ? length : full));
    bar[length] = '\0';
    fprintf(stderr, length > 0 ? "\r[%s] %.*s\033[K" : "\r%s%.*s\033[K", bar, room, text);
    fflush(stderr);
    shown = true;
}

/* Names of a plugin's kernels, and options, which may hold anything. */
void show_building(const char *what)
{
    static const char *const before = "building ";
    const int room = columns() - 1;
    int length = (int)strlen(before);

    clear_progress();
    if (!*what || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "%.*s", room, before);
    for (; *what && length < room; what++, length++)
        fputc(*what >= ' ' && *what <= '~' ? *what : '?', stderr);
    fflush(stderr);
    shown = true;
}

void show_progress(void *user, const struct fer_progress *progress)
{
    static double last;
    static int terminal = -1;
    const struct common *common = user;
    double time = now();
    char text[512];

    if (common->quiet)
        return;
    if (terminal < 0) {
        terminal = isatty(STDERR_FILENO);
        last = terminal ? 0 : time;
    }
    if (time - last < (terminal ? TERMINAL_SECONDS : PLAIN_SECONDS))
        return;
    last = time;
    describe(progress, text, sizeof(text));
    if (terminal)
        draw_bar(progress, text);
    else
        fprintf(stderr, "%s\n", text);
}

void clear_progress(void)
{
    if (shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    shown = false;
}
