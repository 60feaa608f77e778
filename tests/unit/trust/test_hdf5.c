/* tests/unit/trust/test_hdf5.c - HDF5 files as h5py writes them (tests/trust/make_hdf5.py). */
#include "base/file.h"
#include "container.h"
#include "trust/hdf5.h"

static void load(const char *name, struct buffer *data)
{
    struct mlops_error err = {0};
    _cleanup_(free_string) char *path = xprintf(TEST_DATA "/hdf5/%s.h5", name);
    assert_int_equal(0, file_read(path, 1 << 20, data, &err));
}

static void file_finds(const char *name, enum verdict verdict, const char *rules)
{
    _cleanup_(buffer_clear) struct buffer data = {0};
    load(name, &data);
    finds("m.h5", &data, verdict, rules);
}

static void groups_attributes_and_data_are_accounted_for(void **state)
{
    (void)state;
    file_finds("plain", VERDICT_SAFE, "");
}

static void the_newest_library_s_small_groups_are_followed(void **state)
{
    (void)state;
    file_finds("compact", VERDICT_SAFE, "");
}

static void what_is_not_followed_is_not_called_safe(void **state)
{
    (void)state;
    file_finds("dense", VERDICT_UNKNOWN, "hdf5/not-followed");
}

static void a_lambda_layer_in_an_attribute_is_found(void **state)
{
    (void)state;
    file_finds("lambda_layer", VERDICT_UNSAFE, "keras/lambda");
}

static void pickles_are_found_in_opaque_values_and_in_bytes(void **state)
{
    (void)state;
    file_finds("pickled", VERDICT_UNSAFE, "pickle/import-denied");
    file_finds("pickled_bytes", VERDICT_UNSAFE, "pickle/import-denied");
}

static void an_array_of_objects_is_unpickled_by_its_readers(void **state)
{
    (void)state;
    file_finds("objects", VERDICT_UNKNOWN, "hdf5/unpickles");
}

static void links_and_data_elsewhere_are_found(void **state)
{
    (void)state;
    file_finds("outside", VERDICT_UNSAFE, "hdf5/outside-file");
    file_finds("beside", VERDICT_UNKNOWN, "hdf5/external-file");
    file_finds("raw_outside", VERDICT_UNSAFE, "hdf5/outside-file");
    file_finds("virtual", VERDICT_UNKNOWN, "hdf5/external-file");
}

static void what_was_deleted_is_still_there(void **state)
{
    (void)state;
    file_finds("deleted", VERDICT_UNKNOWN, "hdf5/unexplained-bytes");
}

static void bytes_before_and_after_the_file_are_found(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    file_finds("numbers", VERDICT_UNKNOWN, "hdf5/user-block");
    load("plain", &data);
    buffer_puts(&data, "more");
    finds("m.h5", &data, VERDICT_UNSAFE, "hdf5/trailing-bytes");
}

/* Byte `at` of what follows the first `magic`; the test's author looked where that is. */
static uint8_t *after(struct buffer *data, const char *magic, size_t at)
{
    uint8_t *found = memmem(data->data, data->length, magic, strlen(magic));
    assert_non_null(found);
    return found + at;
}

/* The free space of a heap of names, where no reader of the file looks. */
static void a_file_in_free_space_is_found(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    load("pickled", &data);
    const uint8_t *heap = after(&data, "HEAP", 0);
    char *segment = data.data + get_u64(heap + 24);
    char *free_block = segment + get_u64(heap + 16);
    assert_true(get_u64((uint8_t *)free_block + 8) >= 16 + sizeof(GOOD));
    memcpy(free_block + 16, GOOD, sizeof(GOOD) - 1);
    finds("m.h5", &data, VERDICT_UNSAFE, "hdf5/hidden hdf5/unexplained-bytes");
}

static void a_group_that_two_records_list_otherwise_is_found(void **state)
{
    (void)state;
    _cleanup_(buffer_clear) struct buffer data = {0};
    load("plain", &data);
    /* the root's entry of the superblock: its tree's address, at 56 + 24 */
    uint64_t tree = get_u64((uint8_t *)data.data + 80);
    put_u64((uint8_t *)data.data + 80, tree + 8);
    finds("m.h5", &data, VERDICT_UNSAFE, "hdf5/two-readings");
}

static void structures_that_are_none_are_found(void **state)
{
    (void)state;
    static const char *const magics[] = {"TREE", "SNOD", "HEAP", "GCOL"};
    for (size_t i = 0; i < ARRAY_LENGTH(magics); i++) {
        _cleanup_(buffer_clear) struct buffer data = {0};
        load("plain", &data);
        *after(&data, magics[i], 0) = 'X';
        finds("m.h5", &data, VERDICT_UNREADABLE, "hdf5/damaged");
    }
}

static void hostile_bytes_are_survived(void **state)
{
    (void)state;
    static const char *const names[] = {"lambda_layer", "outside", "virtual", "pickled_bytes"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        _cleanup_(buffer_clear) struct buffer data = {0};
        load(names[i], &data);
        data.length = data.length < 3000 ? data.length : 3000; /* the rest is free space */
        survives("m.h5", &data, data.length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_attributes_and_data_are_accounted_for),
        cmocka_unit_test(the_newest_library_s_small_groups_are_followed),
        cmocka_unit_test(what_is_not_followed_is_not_called_safe),
        cmocka_unit_test(a_lambda_layer_in_an_attribute_is_found),
        cmocka_unit_test(pickles_are_found_in_opaque_values_and_in_bytes),
        cmocka_unit_test(an_array_of_objects_is_unpickled_by_its_readers),
        cmocka_unit_test(links_and_data_elsewhere_are_found),
        cmocka_unit_test(what_was_deleted_is_still_there),
        cmocka_unit_test(bytes_before_and_after_the_file_are_found),
        cmocka_unit_test(a_file_in_free_space_is_found),
        cmocka_unit_test(a_group_that_two_records_list_otherwise_is_found),
        cmocka_unit_test(structures_that_are_none_are_found),
        cmocka_unit_test(hostile_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
