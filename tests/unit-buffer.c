/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffers on a device.
 */
#include "cases.h"
#include "device-trial.h"

START_TEST(what_is_written_is_read_back)
{
    struct fer_buffer *buffer;
    uint32_t values[8], back[8];
    size_t before = device->allocated;

    for (uint32_t i = 0; i < 8; i++)
        values[i] = i * i;
    ck_assert_fer(fer_buffer_create(device, sizeof(values), &buffer, &err), err);
    ck_assert_uint_eq(device->allocated, before + sizeof(values));
    ck_assert_fer(fer_buffer_fill(buffer, 0, sizeof(values), 7, &err), err);
    ck_assert_fer(fer_buffer_write(buffer, 8, values + 2, 12, &err), err);
    ck_assert_fer(fer_buffer_read(buffer, 0, back, sizeof(back), &err), err);
    for (uint32_t i = 0; i < 8; i++)
        ck_assert_uint_eq(back[i], i >= 2 && i < 5 ? i * i : 7);
    ck_assert_fer(fer_buffer_fill(buffer, 1, 2, 0xabababab, &err), err);
    ck_assert_fer(fer_buffer_read(buffer, 0, back, 4, &err), err);
    ck_assert_uint_eq(back[0], 0x00abab07);
    fer_buffer_free(buffer);
    ck_assert_uint_eq(device->allocated, before);
    ck_assert_uint_ge(device->peak, before + sizeof(values));
}
END_TEST

START_TEST(ranges_end_with_the_buffer)
{
    struct fer_buffer *buffer;
    char bytes[32] = "";

    ck_assert_fer(fer_buffer_create(device, 16, &buffer, &err), err);
    ck_assert_int_eq(fer_buffer_write(buffer, 8, bytes, 9, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_read(buffer, 17, bytes, 0, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_read(buffer, SIZE_MAX, bytes, 2, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_fill(buffer, 0, 32, 0, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_fill(buffer, 0, 3, 0x12345678, &err), FER_EINVAL);
    ck_assert_int_eq(fer_buffer_write(buffer, 16, bytes, 0, &err), FER_OK);
    fer_buffer_free(buffer);
    ck_assert_fer(fer_buffer_create(device, 0, &buffer, &err), err);
    fer_buffer_free(buffer);
}
END_TEST

START_TEST(a_buffer_too_large_says_by_how_much)
{
    struct fer_buffer *buffer;
    cl_ulong memory = device->global_memory;

    ck_assert_int_eq(fer_buffer_create(device, device->max_allocation + (3 << 20), &buffer, &err), FER_ENOMEM);
    ck_assert_ptr_null(buffer);
    ck_assert_says(err, "3.0 MiB more than");
    device->global_memory = 1 << 20;
    ck_assert_int_eq(fer_buffer_create(device, 2 << 20, &buffer, &err), FER_ENOMEM);
    ck_assert_says(err, "2.0 MiB do not fit into the 1.0 MiB");
    device->global_memory = memory;
}
END_TEST

int main(void)
{
    TCase *tests = cases_begin("buffer", device_set_up, device_take_down);

    tcase_add_test(tests, what_is_written_is_read_back);
    tcase_add_test(tests, ranges_end_with_the_buffer);
    tcase_add_test(tests, a_buffer_too_large_says_by_how_much);
    return cases_run();
}
