/* SPDX-License-Identifier: Apache-2.0
 *
 * feature_decoder, feature_critic: the two small networks of Pan, Wang, Xia (2019) as text.
 */
#include "privileged.h"

struct stack {
    struct fer_ints channels;
    int kernel;
    double slope;
};

static const struct fer_param *const decoder_params[] = {
    FER_PARAM_INTS(struct stack, channels, "[256, 128, 3]", 1, 65536,
                   "channels of the deconvolutions, the last the picture's"),
    FER_PARAM_INT(struct stack, kernel, "4", 2, 16, "side of the kernels; even, so that each doubles its map"), NULL
};

#define MOST 16

static enum fer_status count_check(const struct stack *params, struct fer_error *err)
{
    if (params->channels.count >= 1 && params->channels.count <= MOST)
        return FER_OK;
    return fer_fail_argument(err, FER_EINVAL, "channels", "takes 1 to %d layers", MOST);
}

static enum fer_status decoder_write(const void *data, struct fer_text *text, struct fer_error *err)
{
    const struct stack *params = data;
    enum fer_status status = count_check(params, err);
    if (status)
        return status;
    if (params->kernel % 2)
        return fer_fail_argument(err, FER_EINVAL, "kernel", "kernel=%d must be even", params->kernel);
    fer_text_add(
        text, "fer 1\n# From features to the picture.\nuse vision\nnet feature_decoder(h, like) -> picture {\n  d = h");
    for (int i = 0; i < params->channels.count; i++) {
        fer_text_add(text, "\n    | deconv%d: deconv2d %d kernel=%d stride=2 pad=%d", i + 1, params->channels.items[i],
                     params->kernel, params->kernel / 2 - 1);
        if (i < params->channels.count - 1)
            fer_text_add(text, " bias=no | bn%d: batchnorm | relu", i + 1);
    }
    fer_text_add(text, " | sigmoid\n  picture = d, like | resize_like mode=bilinear\n}\n");
    return FER_OK;
}

static const struct fer_param *const critic_params[] = {
    FER_PARAM_INTS(struct stack, channels, "[128, 256, 512, 1024, 1]", 1, 65536,
                   "channels of the convolutions, the last 1: logits"),
    FER_PARAM_INT(struct stack, kernel, "3", 1, 15, "side of the kernels; odd, so that maps of any size fit"),
    FER_PARAM_FLOAT(struct stack, slope, "0.2", 0, 1, "of the leaky ReLU"), NULL
};

/* Batch norm inside: neither after the first convolution nor after the last. */
static enum fer_status critic_write(const void *data, struct fer_text *text, struct fer_error *err)
{
    const struct stack *params = data;
    const int last = params->channels.count - 1;
    enum fer_status status = count_check(params, err);
    if (status)
        return status;
    if (params->kernel % 2 == 0)
        return fer_fail_argument(err, FER_EINVAL, "kernel", "kernel=%d must be odd", params->kernel);
    fer_text_add(
        text,
        "fer 1\n# Which network do features come from?\nuse vision\nnet feature_critic(h) -> logits {\n  logits = h");
    for (int i = 0; i <= last; i++) {
        const bool normal = i > 0 && i < last;
        fer_text_add(text, "\n    | conv%d: conv2d %d kernel=%d stride=2 pad=%d%s", i + 1, params->channels.items[i],
                     params->kernel, params->kernel / 2, normal ? " bias=no" : "");
        if (normal)
            fer_text_add(text, " | bn%d: batchnorm", i + 1);
        if (i < last)
            fer_text_add(text, " | leaky_relu %.9g", params->slope);
    }
    fer_text_add(text, "\n}\n");
    return FER_OK;
}

static const struct fer_model decoder = { .size = sizeof(struct fer_model),
                                          .name = "feature_decoder",
                                          .help =
                                              "deconvolutions from features to a picture as large as the second input",
                                          .params = decoder_params,
                                          .params_size = sizeof(struct stack),
                                          .write = decoder_write };
static const struct fer_model critic = { .size = sizeof(struct fer_model),
                                         .name = "feature_critic",
                                         .help = "convolutions from features to logits of where they come from",
                                         .params = critic_params,
                                         .params_size = sizeof(struct stack),
                                         .write = critic_write };
static const struct fer_model *const models[] = { &decoder, &critic, NULL };
static const struct fer_layer *const layers[] = { &fer_softmax_mse, &fer_loss_inequality, &fer_gan_discriminator,
                                                  &fer_gan_generator, NULL };

FER_PLUGIN(privileged){ FER_PLUGIN_HEAD(privileged),
                        .version = "1.0.0",
                        .license = "Apache-2.0",
                        .help = "losses and networks of learning with privileged information (Pan, Wang, Xia 2019)",
                        .layers = layers,
                        .models = models };
