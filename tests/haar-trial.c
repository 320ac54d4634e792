/* SPDX-License-Identifier: Apache-2.0 */
#include "haar-trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"

char path[64];
struct fer_error err;
struct fer_context *context;

void haar_open(const char *profile)
{
    setenv("FER_PROFILE", profile, 1);
    ck_assert_msg(fer_context_create(NULL, &context, &err) == FER_OK, "%s", err.text);
}

void haar_set_up(void)
{
    static const char *const names[] = { "FER_PROFILE", NULL };
    int file;

    environment_keep(names);
    err = (struct fer_error)FER_ERROR_INIT;
    strcpy(path, "/tmp/fer-haar-XXXXXX");
    file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    context = NULL;
}

void haar_take_down(void)
{
    fer_context_free(context);
    unlink(path);
    environment_restore();
}

void write_cascade(const char *text, size_t size)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    fclose(file);
}

enum fer_status open_finder(const char *const *arguments, struct fer_finder **finder)
{
    char cascade[80];
    const char *all[8] = { cascade };

    snprintf(cascade, sizeof(cascade), "cascade=%s", path);
    for (int i = 0; arguments && arguments[i]; i++)
        all[i + 1] = arguments[i];
    return fer_finder_open(context, "haar", all, finder, &err);
}

struct fer_image make_picture(int width, int height, uint32_t seed)
{
    struct fer_image image;
    ck_assert_int_eq(fer_image_create(&image, width, height, 1, &err), FER_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const uint32_t block = (uint32_t)(y / 5 * 131 + x / 5) * 2654435761u + seed,
                           fine = block + (uint32_t)(x * 7 + y * 13);
            const uint32_t value = (block >> 24) * 3 / 4 + (fine * 2246822519u >> 26);
            image.pixels[y * width + x] = x < width / 4 && y < height / 4 ? 90 : (uint8_t)value;
        }
    return image;
}
