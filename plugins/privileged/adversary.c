/* SPDX-License-Identifier: Apache-2.0
 *
 * gan_discriminator, gan_generator: eq. 5 and 6 on logits.
 */
#include "privileged.h"

#include "adversary_cl.h"

static enum fer_status shape(struct fer_op *op, struct fer_error *err)
{
    char text[64];
    for (int i = 0; i < fer_op_inputs(op); i++) {
        const struct fer_shape *in = fer_op_input(op, i), *first = fer_op_input(op, 0);
        if (in->dtype != FER_F32 || in->rank < 1 || in->rank > 4 || in->batch < 1 || in->batch != first->batch ||
            in->dim[0] != first->dim[0])
            return fer_fail(err, FER_ESHAPE, "reads logits of each sample, but input %d is %s", i + 1,
                            fer_shape_text(in, text, sizeof text));
    }
    fer_privileged_outputs(op);
    return FER_OK;
}

/* Of the discriminator's inputs the first is real; the generator has one, which is to pass for real. */
static double sign_of(int input)
{
    return input == 0 ? -1 : 1;
}

static enum fer_status forward(struct fer_emit *em, struct fer_error *err)
{
    struct fer_tensor *sample = fer_emit_output(em, 1);
    (void)err;
    for (int i = 0; i < fer_op_inputs(fer_emit_op(em)); i++) {
        struct fer_launch *launch = fer_emit_kernel(em, fer_adversary_cl, "adversary", "%s", "");
        fer_launch_in(launch, "t", fer_emit_input(em, i));
        (i ? fer_launch_inout : fer_launch_out)(launch, "sample", sample);
        fer_launch_float(launch, sign_of(i));
        fer_launch_int(launch, i);
        fer_privileged_range(launch, fer_emit_input(em, i));
    }
    fer_privileged_mean(em);
    return FER_OK;
}

static enum fer_status backward(struct fer_emit *em, struct fer_error *err)
{
    (void)err;
    for (int i = 0; i < fer_op_inputs(fer_emit_op(em)); i++) {
        struct fer_tensor *dt = fer_emit_grad_input(em, i);
        if (!dt)
            continue;
        struct fer_launch *launch = fer_emit_kernel(em, fer_adversary_cl, "adversary_grad", "%s", "");
        fer_launch_in(launch, "t", fer_emit_input(em, i));
        fer_privileged_gradients(em, launch);
        fer_launch_out(launch, "out", dt);
        fer_launch_float(launch, sign_of(i));
        fer_launch_cells(em, launch, dt, fer_shape_row(fer_tensor_shape(dt)), 64);
    }
    return FER_OK;
}

const struct fer_layer fer_gan_discriminator = { .size = sizeof(struct fer_layer),
                                                 .name = "gan_discriminator",
                                                 .help = "-log D(real) - log (1 - D(fake)) of logits",
                                                 .inputs_min = 2,
                                                 .inputs_max = 2,
                                                 .outputs_min = 1,
                                                 .outputs = 2,
                                                 .flags = FER_LAYER_LOSS,
                                                 .shape = shape,
                                                 .forward = forward,
                                                 .backward = backward };
const struct fer_layer fer_gan_generator = { .size = sizeof(struct fer_layer),
                                             .name = "gan_generator",
                                             .help = "-log D(fake) of logits",
                                             .inputs_min = 1,
                                             .inputs_max = 1,
                                             .outputs_min = 1,
                                             .outputs = 2,
                                             .flags = FER_LAYER_LOSS,
                                             .shape = shape,
                                             .forward = forward,
                                             .backward = backward };
