/* SPDX-License-Identifier: Apache-2.0
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011) as a stream.
 */
#include "synthface.h"

#include <math.h>

static void philox(uint32_t out[4], const uint32_t counter[4], const uint32_t seed[2])
{
    uint32_t x[4] = {counter[0], counter[1], counter[2], counter[3]};
    uint32_t key[2] = {seed[0], seed[1]};
    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * x[0], b = (uint64_t)0xCD9E8D57u * x[2];
        const uint32_t y0 = (uint32_t)(b >> 32) ^ x[1] ^ key[0], y2 = (uint32_t)(a >> 32) ^ x[3] ^ key[1];
        x[0] = y0;
        x[1] = (uint32_t)b;
        x[2] = y2;
        x[3] = (uint32_t)a;
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++)
        out[i] = x[i];
}

struct synthface_random synthface_random_start(uint32_t seed, uint32_t stream, uint32_t a, uint32_t b)
{
    return (struct synthface_random){.key = {seed, stream}, .counter = {0, a, b, 0x53594e54u}};
}

double synthface_random_next(struct synthface_random *random)
{
    if (random->left == 0) {
        philox(random->block, random->counter, random->key);
        random->counter[0]++;
        random->left = 4;
    }
    return random->block[--random->left] * 0x1p-32;
}

double synthface_random_between(struct synthface_random *random, double low, double high)
{
    return low + (high - low) * synthface_random_next(random);
}

double synthface_random_bell(struct synthface_random *random, double deviation)
{
    double sum = -2; /* four uniform numbers: variance 4/12 */
    for (int i = 0; i < 4; i++)
        sum += synthface_random_next(random);
    return sum * sqrt(3) * deviation;
}
