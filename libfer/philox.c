/* SPDX-License-Identifier: Apache-2.0 */
#include "philox.h"

#include <fer/host.h>

#include <string.h>

static inline void turn(uint32_t *c0, uint32_t *c1, uint32_t *c2, uint32_t *c3, uint32_t k0, uint32_t k1)
{
    uint64_t a = (uint64_t)0xD2511F53u * *c0, b = (uint64_t)0xCD9E8D57u * *c2;

    *c0 = (uint32_t)(b >> 32) ^ *c1 ^ k0;
    *c1 = (uint32_t)b;
    *c2 = (uint32_t)(a >> 32) ^ *c3 ^ k1;
    *c3 = (uint32_t)a;
}

void fer_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];

    for (int i = 0; i < 10; i++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u)
        turn(&c0, &c1, &c2, &c3, k0, k1);
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Lanes go through the rounds together: a word waits for the one before it, and processors do many at once. */
void fer_philox_lanes(const uint32_t counter[4], const uint32_t key[2], uint32_t out[2][FER_PHILOX_LANES])
{
    uint32_t c0[FER_PHILOX_LANES], c1[FER_PHILOX_LANES], c2[FER_PHILOX_LANES], c3[FER_PHILOX_LANES];
    uint32_t k0 = key[0], k1 = key[1];

    for (int i = 0; i < FER_PHILOX_LANES; i++) {
        c0[i] = counter[0] + (uint32_t)i;
        c1[i] = counter[1] + (c0[i] < counter[0]);
        c2[i] = counter[2];
        c3[i] = counter[3];
    }
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u)
        for (int i = 0; i < FER_PHILOX_LANES; i++)
            turn(&c0[i], &c1[i], &c2[i], &c3[i], k0, k1);
    memcpy(out[0], c0, sizeof(c0));
    memcpy(out[1], c1, sizeof(c1));
}

uint64_t fer_random_bits(struct fer_random random, uint64_t element)
{
    const uint32_t key[2] = { (uint32_t)random.key, (uint32_t)(random.key >> 32) };
    const uint32_t counter[4] = { (uint32_t)element, random.stream | 0x80000000u, (uint32_t)(element >> 32), 0 };
    uint32_t out[4];

    fer_philox(counter, key, out);
    return (uint64_t)out[1] << 32 | out[0];
}

double fer_random_uniform(struct fer_random random, uint64_t element)
{
    return (double)(fer_random_bits(random, element) >> 11) * 0x1p-53;
}

/* The high word of a 64 × 64 bit product, from 32-bit halves: C11 has no wider integer. */
static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), cross = a0 * b1 + (uint32_t)middle;

    return a1 * b1 + (middle >> 32) + (cross >> 32);
}

size_t fer_random_below(struct fer_random random, uint64_t element, size_t n)
{
    return (size_t)multiply_high(fer_random_bits(random, element), n);
}

void fer_random_permute(struct fer_random random, size_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = fer_random_below(random, i - 1, i), item = items[i - 1];

        items[i - 1] = items[j];
        items[j] = item;
    }
}
