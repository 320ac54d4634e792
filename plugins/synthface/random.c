/* SPDX-License-Identifier: Apache-2.0 */
#include "synthface.h"

#include <math.h>

/* Numbers that one stream can hold; a face takes fewer than 256. */
#define STREAM_LENGTH 65536

struct synthface_random synthface_random_start(uint32_t seed, uint32_t stream, uint32_t split, uint32_t index)
{
    return (struct synthface_random){ .source = { .key = (uint64_t)split << 32 | seed, .stream = stream },
                                      .element = (uint64_t)index * STREAM_LENGTH };
}

double synthface_random_next(struct synthface_random *random)
{
    return fer_random_uniform(random->source, random->element++);
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
