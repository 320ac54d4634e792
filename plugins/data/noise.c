/* SPDX-License-Identifier: Apache-2.0
 *
 * Pictures of noise with labels that mean nothing, for measuring speed where no pictures are at hand.
 */
#include "data.h"

#include <fer/host.h>

struct noise {
    int count, size, channels, classes;
};

static const struct fer_param *const params[] = {
    FER_PARAM_INT(struct noise, count, "1000", 1, 100000000, "pictures"),
    FER_PARAM_INT(struct noise, size, "48", 1, 16384, "side of the square pictures"),
    FER_PARAM_INT(struct noise, channels, "3", 1, 3, "3: RGB, 1: gray"),
    FER_PARAM_INT(struct noise, classes, "0", 0, 1000000, "labels, in turn; 0: those that `labels` names"), NULL
};

static enum fer_status open_noise(const void *options, const struct fer_data_env *env, void **state, size_t *count,
                                  unsigned *fields, struct fer_error *err)
{
    const struct noise *wanted = options;
    struct noise *noise;

    if (env->override_path)
        return fer_fail(
            err, FER_EINVAL,
            "noise is made and not read, so there is no path that '%.200s' could replace; write another reader "
            "into the description, such as folder",
            env->override_path);
    if (wanted->channels == 2)
        return fer_fail_argument(err, FER_EINVAL, "channels", "channels=2; it is 1 (gray) or 3 (RGB)");
    if (wanted->classes == 0 && env->nlabels == 0)
        return fer_fail(err, FER_EINVAL, "how many classes there are is not known; say classes=7, or name `labels`");
    noise = malloc(sizeof(*noise));
    if (!noise)
        return fer_fail(err, FER_ENOMEM, "out of memory");
    *noise = *wanted;
    noise->classes = wanted->classes ? wanted->classes : env->nlabels;
    *state = noise;
    *count = (size_t)noise->count;
    *fields = FER_FIELD_IMAGE | FER_FIELD_LABEL | FER_FIELD_ID;
    return FER_OK;
}

static enum fer_status sample_noise(void *state, size_t index, unsigned what, struct fer_sample *sample,
                                    struct fer_error *err)
{
    const struct noise *noise = state;
    const struct fer_random random = { index, 0 };
    uint8_t *pixels;
    size_t size;
    enum fer_status status;

    sample->has = FER_FIELD_LABEL | FER_FIELD_ID;
    sample->id = (uint32_t)index;
    sample->label = (int)(index % (size_t)noise->classes);
    if (!(what & FER_FIELD_IMAGE))
        return FER_OK;
    status = fer_image_create(&sample->image, noise->size, noise->size, noise->channels, err);
    if (status)
        return status;
    sample->has |= FER_FIELD_IMAGE;
    pixels = sample->image.pixels;
    size = (size_t)noise->size * (size_t)noise->size * (size_t)noise->channels;
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        const uint64_t bits = fer_random_bits(random, at);

        memcpy(pixels + at, &bits, size - at < sizeof(bits) ? size - at : sizeof(bits));
    }
    return FER_OK;
}

const struct fer_reader data_noise = {
    .size = sizeof(struct fer_reader),
    .name = "noise",
    .help = "pictures of noise, to measure speed without files",
    .params = params,
    .params_size = sizeof(struct noise),
    .open = open_noise,
    .sample = sample_noise,
    .close = free,
};
