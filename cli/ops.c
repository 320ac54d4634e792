/* SPDX-License-Identifier: Apache-2.0 */
#include "ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Convolutions of ResNet, ResNeXt and MobileNet, what stands between them, and a head. */
#define PORTS                                                                                                          \
    "(pixels: f32[3,224,224], a: f32[64,56,56], b: f32[128,28,28], c: f32[256,14,14], d: f32[512,7,7], e: "            \
    "f32[256,56,56], "                                                                                                 \
    "f: f32[144,56,56]) -> o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11 {\n"
const char typical_operations[] =
    "fer 1\nuse vision\n"
    "net typical" PORTS "  o0 = pixels | detach | conv2d 64 kernel=7 stride=2 pad=3 bias=no\n"
    "  o1 = a | conv2d 64 kernel=3 pad=1 bias=no\n"
    "  o2 = b | conv2d 128 kernel=3 pad=1 bias=no\n"
    "  o3 = c | conv2d 256 kernel=3 pad=1 bias=no\n"
    "  o4 = d | conv2d 512 kernel=3 pad=1 bias=no\n"
    "  o5 = a | conv2d 128 kernel=3 stride=2 pad=1 bias=no\n"
    "  o6 = a | conv2d 256 kernel=1 bias=no\n"
    "  o7 = e | conv2d 64 kernel=1 bias=no\n"
    "  o8 = b | conv2d 128 kernel=3 pad=1 groups=32 bias=no\n"
    "  o9 = f | conv2d 144 kernel=3 pad=1 groups=depthwise bias=no\n"
    "  o10 = a | maxpool 3 stride=2 pad=1\n"
    "  o11 = d | avgpool global | linear 1000\n"
    "}\n"
    "predict operations" PORTS
    "  o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11 = pixels, a, b, c, d, e, f | typical\n"
    "}\n";

enum { TEXT = 64, WIDTH = 72, HEIGHT = 20, LETTERS = 52 };

/* "conv2d weights" */
static const char *work_text(const json_t *row, char text[TEXT])
{
    snprintf(text, TEXT, "%s %s", text_of(row, "op"), text_of(row, "work"));
    return text;
}

/* a … z, A … Z, then dots. */
static char letter_of(size_t row)
{
    return row < 26 ? (char)('a' + row) : row < LETTERS ? (char)('A' + row - 26) : '.';
}

static void print_head(const json_t *report)
{
    const json_t *peak = json_object_get(report, "peak");

    printf("%s, %s, batch %.0f on %s: %.2f ms a step, all launches together\n", text_of(report, "model"),
           strcmp(text_of(report, "mode"), "train") == 0 ? "training" : "inference", number_of(report, "batch"),
           text_of(report, "device"), 1e3 * number_of(report, "seconds_per_step"));
    printf("peaks measured: %.1f GFLOP/s (multiply-adds on vectors of %.0f), %.1f GB/s (a triad over buffers of %s); "
           "the roof bends at %.1f operations a byte\n\n",
           number_of(peak, "gflops"), number_of(peak, "lanes"), number_of(peak, "gbytes"),
           bytes_text(number_of(peak, "buffer")), number_of(peak, "gflops") / number_of(peak, "gbytes"));
}

/* ", 1.40 MiB of workspace", where there is any. */
static const char *workspace_text(const json_t *solver, char text[TEXT])
{
    const double bytes = number_of(solver, "workspace");

    text[0] = '\0';
    if (bytes > 0)
        snprintf(text, TEXT, ", %.2f MiB of workspace", bytes / (1 << 20));
    return text;
}

/* "      winograd: 3.081 ms a call, 300.2 GFLOP/s, 4e-06 from the plainest, 1.40 MiB of workspace" */
static void print_solvers(const json_t *row)
{
    const json_t *solver;
    char workspace[TEXT];
    size_t i;

    json_array_foreach(json_object_get(row, "solvers"), i, solver)
    {
        if (text_of(solver, "refusal")[0])
            printf("%24s%s: %s\n", "", text_of(solver, "solver"), text_of(solver, "refusal"));
        else
            printf("%24s%s: %.3f ms a call, %.1f GFLOP/s, %.1g from the plainest%s\n", "", text_of(solver, "solver"),
                   1e3 * number_of(solver, "seconds"), number_of(solver, "gflops"), number_of(solver, "error"),
                   workspace_text(solver, workspace));
    }
}

void print_ops(const json_t *report)
{
    const json_t *row;
    char text[TEXT];
    size_t i;

    print_head(report);
    printf("  %-22s %5s %9s %6s %9s %9s %8s %8s %7s %6s  %s\n", "work", "calls", "ms a step", "share", "MMAC", "MB",
           "GFLOP/s", "GB/s", "op/byte", "roof", "solver, shape");
    json_array_foreach(json_object_get(report, "operations"), i, row)
    {
        printf("%c %-22s %5.0f %9.3f %5.1f%% %9.2f %9.3f %8.1f %8.1f %7.1f %5.0f%%  %s%s%s\n", letter_of(i),
               work_text(row, text), number_of(row, "calls"), 1e3 * number_of(row, "seconds"),
               100 * number_of(row, "share"), number_of(row, "macs") / 1e6, number_of(row, "bytes") / 1e6,
               number_of(row, "gflops"), number_of(row, "gbytes"), number_of(row, "intensity"),
               100 * number_of(row, "roof"), text_of(row, "solver"),
               strcmp(text_of(row, "chosen"), "tuned") == 0 ? " (tuned), "
               : text_of(row, "solver")[0]                  ? ", "
                                                            : "",
               text_of(row, "shape"));
        print_solvers(row);
    }
    printf("\nMMAC and MB are a call's.  The roof is the least of both peaks at that many operations a byte; work "
           "without\n"
           "multiply-adds is held against GB/s.  Above 100%%: caches, or Winograd, which is credited with the plain\n"
           "convolution's multiply-adds.\n");
}

/* ---- the roofline ---- */

struct plot {
    char at[HEIGHT][WIDTH + 1];
    double left, right, bottom, top; /* logarithms to base 2 */
};

static int column_of(const struct plot *plot, double intensity)
{
    return (int)lround((log2(intensity) - plot->left) / (plot->right - plot->left) * (WIDTH - 1));
}

static int line_of(const struct plot *plot, double gflops)
{
    return HEIGHT - 1 - (int)lround((log2(gflops) - plot->bottom) / (plot->top - plot->bottom) * (HEIGHT - 1));
}

static void put(struct plot *plot, int column, int line, char c)
{
    if (column >= 0 && column < WIDTH && line >= 0 && line < HEIGHT)
        plot->at[line][column] = c;
}

/* Room for all points and for the bend of the roof. */
static void frame(struct plot *plot, const json_t *report)
{
    const json_t *peak = json_object_get(report, "peak"), *row;
    double bend = number_of(peak, "gflops") / number_of(peak, "gbytes");
    size_t i;

    plot->left = log2(bend) - 2;
    plot->right = log2(bend) + 3;
    plot->top = log2(number_of(peak, "gflops")) + 1;
    plot->bottom = plot->top - 5;
    json_array_foreach(json_object_get(report, "operations"), i, row)
    {
        if (number_of(row, "macs") <= 0)
            continue;
        plot->left = fmin(plot->left, log2(number_of(row, "intensity")));
        plot->right = fmax(plot->right, log2(number_of(row, "intensity")));
        plot->bottom = fmin(plot->bottom, log2(number_of(row, "gflops")));
        plot->top = fmax(plot->top, log2(number_of(row, "gflops")));
    }
    for (int line = 0; line < HEIGHT; line++) {
        memset(plot->at[line], ' ', WIDTH);
        plot->at[line][WIDTH] = '\0';
    }
}

void print_roofline(const json_t *report)
{
    const json_t *peak = json_object_get(report, "peak"), *row;
    struct plot plot;
    size_t i;

    frame(&plot, report);
    for (int c = 0; c < WIDTH; c++) {
        double intensity = exp2(plot.left + (plot.right - plot.left) * c / (WIDTH - 1));

        put(&plot, c, line_of(&plot, fmin(number_of(peak, "gflops"), intensity * number_of(peak, "gbytes"))), '-');
    }
    for (i = json_array_size(json_object_get(report, "operations")); i-- > 0;) { /* the dearest stay visible */
        row = json_array_get(json_object_get(report, "operations"), i);
        if (number_of(row, "macs") > 0)
            put(&plot, column_of(&plot, number_of(row, "intensity")), line_of(&plot, number_of(row, "gflops")),
                letter_of(i));
    }
    printf("\nGFLOP/s (logarithmic); - is the roof, letters are the rows above that have multiply-adds\n");
    for (int line = 0; line < HEIGHT; line++) {
        double gflops = exp2(plot.bottom + (plot.top - plot.bottom) * (HEIGHT - 1 - line) / (HEIGHT - 1));

        printf("%9.1f |%s\n", gflops, plot.at[line]);
    }
    printf("%9s +", "");
    for (int c = 0; c < WIDTH; c++)
        putchar('-');
    printf("\n%9s  %-*.2f%.1f\n%9s  operations a byte (logarithmic)\n", "", WIDTH - 6, exp2(plot.left),
           exp2(plot.right), "");
}
