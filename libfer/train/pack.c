/* SPDX-License-Identifier: Apache-2.0
 *
 * fer pack: what a data set's reader has, into one file.
 */
#include <fer/pack.h>
#include <fer/train.h>
#include <math.h>
#include <string.h>

#include "data/pipeline.h"
#include "train/context.h"
#include "train/meter.h"

struct packing {
    const struct fer_pack_options *options;
    const char *data;
    struct fer_meter meter;
};

static bool tell(void *user, size_t done, size_t count)
{
    struct packing *packing = user;
    struct fer_progress progress = { .stage = packing->data, .step = (long)done, .steps = (long)count, .loss = NAN };

    fer_meter_step(&packing->meter, fer_meter_now(), 1);
    progress.images = packing->meter.total;
    progress.images_per_second = fer_meter_rate(&packing->meter);
    progress.seconds_left = fer_meter_left(&packing->meter, (long)(count - done));
    if (packing->options->progress)
        packing->options->progress(packing->options->user, &progress);
    return !packing->options->stop || !*packing->options->stop;
}

enum fer_status fer_pack_data(struct fer_context *context, const char *path, const char *data, const char *out,
                              const struct fer_pack_options *options, struct fer_error *err)
{
    static const struct fer_pack_options none;
    struct packing packing = { .options = options ? options : &none, .data = data };
    struct fer_pack_watch watch = { &packing, tell };
    struct fer_description *description = NULL;
    const struct fer_pipeline_spec *spec = NULL;
    const struct fer_settings *settings = &packing.options->settings;
    enum fer_status status;

    status = packing.options->text ? fer_context_parse(context, path, ".", packing.options->text, settings,
                                                       FER_FOR_TRAINING, &description, err)
                                   : fer_context_read(context, path, settings, FER_FOR_TRAINING, &description, err);
    for (int i = 0; status == FER_OK && i < description->ndata; i++) {
        if (strcmp(description->data[i].name, data) == 0)
            spec = description->data[i].pipeline;
    }
    if (status == FER_OK && !spec)
        status = fer_fail(err, FER_ENOTFOUND, "%s has no data '%.100s'", path, data);
    fer_meter_start(&packing.meter, fer_meter_now());
    if (status == FER_OK)
        status = fer_pack_write(out, spec->reader, spec->reader_params, &spec->env, &watch, err);
    fer_description_free(description);
    return status;
}
