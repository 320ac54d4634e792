/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/initial.h"

#include <math.h>
#include <pthread.h>
#include <unistd.h>

#include "philox.h"

enum { THREADS = 8, SLICE = 1 << 16 }; /* numbers that are worth a thread */

static uint64_t hash_path(const char *path)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * 1099511628211u;
    return hash;
}

/* Elements first … end - 1; first is even. */
struct slice {
    const struct fer_weight *weight;
    uint64_t seed;
    size_t first, end;
    float *out;
};

static double uniform(uint32_t word)
{
    return ((double)word + 0.5) * 0x1p-32;
}

static void draw_pair(const struct fer_init *init, uint32_t first, uint32_t second, double value[2])
{
    if (init->kind == FER_INIT_UNIFORM) {
        value[0] = init->a + (init->b - init->a) * uniform(first);
        value[1] = init->a + (init->b - init->a) * uniform(second);
    } else if (init->kind == FER_INIT_NORMAL) { /* Box and Muller */
        const double radius = sqrt(-2 * log(uniform(first))), angle = 2 * 3.14159265358979323846 * uniform(second);
        value[0] = init->a + init->b * radius * cos(angle);
        value[1] = init->a + init->b * radius * sin(angle);
    } else {
        value[0] = value[1] = init->a;
    }
}

static void *fill(void *user)
{
    const struct slice *slice = user;
    const uint64_t path = hash_path(slice->weight->path);
    const uint32_t key[2] = { (uint32_t)slice->seed, (uint32_t)(slice->seed >> 32) };
    for (size_t i = slice->first; i < slice->end;) {
        const uint32_t counter[4] = { (uint32_t)(i / 2), 0x80000000u | (uint32_t)((uint64_t)i / 2 >> 32),
                                      (uint32_t)path, (uint32_t)(path >> 32) };
        uint32_t words[2][FER_PHILOX_LANES];
        fer_philox_lanes(counter, key, words);
        for (int lane = 0; lane < FER_PHILOX_LANES && i < slice->end; lane++, i += 2) {
            double value[2];
            draw_pair(&slice->weight->init, words[0][lane], words[1][lane], value);
            slice->out[i] = (float)value[0];
            if (i + 1 < slice->end)
                slice->out[i + 1] = (float)value[1];
        }
    }
    return NULL;
}

static size_t threads_for(size_t count)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t most = cores < 1 ? 1 : cores > THREADS ? THREADS : (size_t)cores;
    return count / SLICE + 1 < most ? count / SLICE + 1 : most;
}

void fer_weight_initialise(const struct fer_weight *weight, uint64_t seed, float *out)
{
    const size_t count = fer_shape_count(&weight->shape), threads = threads_for(count);
    const size_t each = (count / threads + 2) & ~(size_t)1;
    struct slice slices[THREADS];
    pthread_t started[THREADS];
    bool joins[THREADS] = { false };
    for (size_t i = 0; i < threads; i++) {
        const size_t first = i * each < count ? i * each : count, end = first + each < count ? first + each : count;
        slices[i] = (struct slice){ weight, seed, first, end, out };
        joins[i] = i > 0 && pthread_create(&started[i], NULL, fill, &slices[i]) == 0;
    }
    for (size_t i = 0; i < threads; i++) {
        if (joins[i])
            pthread_join(started[i], NULL);
        else
            fill(&slices[i]);
    }
}
