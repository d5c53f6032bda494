/* Keys, sealed fields and files, codes: what opens, and above all what does not. */
#include "secret.h"
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define PLACE "application|id_number|7"

static const char *file_with(const char *text, mode_t mode)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/secret_test_XXXXXX");
    int fd = mkstemp(path);
    dprintf(fd, "%s", text);
    fchmod(fd, mode);
    close(fd);
    return path;
}

static struct keyring *ring(const char *text)
{
    const char *why = NULL, *path = file_with(text, 0600);
    struct keyring *keys = keyring_load(path, &why);
    unlink(path);
    return keys;
}

static int arena_open(void **state)
{
    *state = arena_new(0);
    return 0;
}

static int arena_close(void **state)
{
    struct arena *arena = *state;
    arena_destroy(&arena);
    return 0;
}

static void a_keyring_is_private_and_strict(void **state)
{
    static const char *const broken[] = {
        "",
        "# only words\n",
        "1:" KEY_A "00\n",
        "1:0011\n",
        "1:" KEY_A "\nno key\n",
        ":" KEY_A "\n",
        "an-id-of-17-bytes:" KEY_A "\n",
        "1:" KEY_A "\n1:" KEY_B "\n",
        "1:" KEY_A "\n2:" KEY_A "\n3:" KEY_A "\n4:" KEY_A "\n5:" KEY_A "\n6:" KEY_A "\n7:" KEY_A
        "\n8:" KEY_A "\n9:" KEY_A "\n",
    };
    const char *why = NULL, *path;
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_null(ring(broken[i]));

    path = file_with("1:" KEY_A "\n", 0640);
    assert_null(keyring_load(path, &why));
    assert_string_equal(why, "is open to others: chmod 600");
    unlink(path);
    assert_null(keyring_load("/nowhere/field.key", &why));
    assert_string_equal(why, "cannot be read");

    struct keyring *keys = ring("# the second is of last year\r\nb:" KEY_B "\r\n\na:" KEY_A);
    assert_non_null(keys);
    keyring_destroy(&keys);
    assert_null(keys);
    keyring_destroy(&keys);
}

static void a_key_of_one_line_is_exact(void **state)
{
    unsigned char key[SECRET_KEY_BYTES];
    const char *path = file_with(KEY_A "\n", 0600);
    (void)state;
    assert_true(secret_load_hex(path, key, sizeof key));
    assert_int_equal(key[31], 31);
    assert_false(secret_load_hex(path, key, sizeof key - 1));
    chmod(path, 0644);
    assert_false(secret_load_hex(path, key, sizeof key));
    assert_true(secret_load_public_hex(path, key, sizeof key));
    chmod(path, 0664);
    assert_false(secret_load_public_hex(path, key, sizeof key));
    unlink(path);
    assert_false(secret_load_hex(path, key, sizeof key));
}

static void a_field_opens_in_its_place_only(void **state)
{
    struct arena *arena = *state;
    struct keyring *keys = ring("1:" KEY_A), *others = ring("1:" KEY_B), *named = ring("2:" KEY_A);
    size_t size, again, opened;
    unsigned char *sealed = secret_seal(keys, PLACE, "140402199001011234", 18, arena, &size);
    const unsigned char *twice = secret_seal(keys, PLACE, "140402199001011234", 18, arena, &again);
    assert_int_equal(size, again);
    assert_memory_not_equal(sealed, twice, size);

    assert_string_equal(secret_open(keys, PLACE, sealed, size, arena, &opened),
                        "140402199001011234");
    assert_int_equal(opened, 18);
    assert_null(secret_open(keys, "application|id_number|8", sealed, size, arena, &opened));
    assert_null(secret_open(others, PLACE, sealed, size, arena, &opened));
    assert_null(secret_open(named, PLACE, sealed, size, arena, &opened));
    for (size_t cut = 0; cut < size; cut++)
        assert_null(secret_open(keys, PLACE, sealed, cut, arena, &opened));
    for (size_t bit = 0; bit < 8 * size; bit++) {
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_null(secret_open(keys, PLACE, sealed, size, arena, &opened));
        sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    keyring_destroy(&keys);
    keyring_destroy(&others);
    keyring_destroy(&named);
}

static void a_text_may_stand_in_json(void **state)
{
    struct arena *arena = *state;
    struct keyring *keys = ring("1:" KEY_A);
    char *sealed = secret_seal_text(keys, "event|code", "验证码 381204", arena);
    assert_string_equal(secret_open_text(keys, "event|code", sealed, arena), "验证码 381204");
    assert_null(secret_open_text(keys, "event|other", sealed, arena));
    assert_null(secret_open_text(keys, "event|code", "no base64!", arena));
    assert_null(secret_open_text(keys, "event|code", "", arena));
    assert_string_equal(
        secret_open_text(keys, PLACE, secret_seal_text(keys, PLACE, "", arena), arena), "");
    keyring_destroy(&keys);
}

static void old_keys_open_and_the_first_seals(void **state)
{
    struct arena *arena = *state;
    struct keyring *before = ring("2025:" KEY_A), *after = ring("2026:" KEY_B "\n2025:" KEY_A "\n"),
                   *later = ring("2026:" KEY_B);
    unsigned char old[32], made[32];
    char *sealed = secret_seal_text(before, PLACE, "old", arena),
         *fresh = secret_seal_text(after, PLACE, "new", arena);
    assert_string_equal(secret_open_text(after, PLACE, sealed, arena), "old");
    assert_null(secret_open_text(later, PLACE, sealed, arena));
    assert_string_equal(secret_open_text(later, PLACE, fresh, arena), "new");
    assert_null(secret_open_text(before, PLACE, fresh, arena));

    secret_mac(before, "phone", "18003551778", 11, old);
    assert_true(secret_mac_nth(after, 1, "phone", "18003551778", 11, made));
    assert_memory_equal(old, made, 32);
    secret_mac(after, "phone", "18003551778", 11, made);
    assert_memory_not_equal(old, made, 32);
    assert_false(secret_mac_nth(after, 2, "phone", "18003551778", 11, made));
    keyring_destroy(&before);
    keyring_destroy(&after);
    keyring_destroy(&later);
}

/* BLAKE2b-256 keyed with 00…1f over "code", NUL, "381204", as Python's hashlib makes it. */
static void a_mac_is_keyed_blake2b_of_domain_and_data(void **state)
{
    static const char expected[] =
        "371e77b28d5047a68a0850c872dcdc8ac36d2cd73b74ce694f88b162dafc7f82";
    struct keyring *keys = ring("1:" KEY_A);
    unsigned char mac[32], other[32];
    char text[65];
    (void)state;
    secret_mac(keys, "code", "381204", 6, mac);
    assert_string_equal(sodium_bin2hex(text, sizeof text, mac, sizeof mac), expected);
    secret_mac(keys, "code3", "81204", 5, other);
    assert_memory_not_equal(mac, other, 32);
    keyring_destroy(&keys);
}

/* ---- files */

struct sealed {
    unsigned char *data;
    size_t size;
    enum status fault;
};

static enum status read_sealed(void *source, uint64_t offset, void *out, size_t size)
{
    struct sealed *sealed = source;
    if (sealed->fault != STATUS_OK)
        return sealed->fault;
    if (offset + size > sealed->size)
        return STATUS_NOT_FOUND;
    memcpy(out, sealed->data + offset, size);
    return STATUS_OK;
}

static unsigned char *content_new(size_t size)
{
    unsigned char *data = malloc(size + 1);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(i * 31 + (i >> 12));
    return data;
}

static void a_file_opens_part_by_part(void **state)
{
    static const size_t sizes[] = {
        0, 1, SECRET_PART_BYTES - 1, SECRET_PART_BYTES, SECRET_PART_BYTES + 1, 700000};
    struct keyring *keys = ring("1:" KEY_A);
    static unsigned char out[SECRET_PART_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unsigned char *data = content_new(sizes[i]);
        struct sealed sealed = {0};
        size_t done = 0, some = 0;
        uint32_t part = 0;
        sealed.data = secret_seal_file(keys, "file|owner", data, sizes[i], &sealed.size);
        while (done < sizes[i]) {
            assert_int_equal(secret_open_part(keys, "file|owner", read_sealed, &sealed, sizes[i],
                                              part++, out, &some),
                             STATUS_OK);
            assert_memory_equal(out, data + done, some);
            done += some;
        }
        assert_int_equal(
            secret_open_part(keys, "file|owner", read_sealed, &sealed, sizes[i], part, out, &some),
            STATUS_NOT_FOUND);
        free(sealed.data);
        free(data);
    }
    keyring_destroy(&keys);
}

static void a_file_opens_for_its_owner_and_whole_only(void **state)
{
    enum { SIZE = 600000 };
    struct keyring *keys = ring("1:" KEY_A), *others = ring("1:" KEY_B);
    static unsigned char out[SECRET_PART_BYTES], kept[SECRET_PART_BYTES];
    unsigned char *data = content_new(SIZE);
    struct sealed sealed = {0};
    size_t some, head, part = SECRET_PART_BYTES + 16;
    (void)state;
    sealed.data = secret_seal_file(keys, "file|owner", data, SIZE, &sealed.size);
    head = sealed.size - SIZE - 3 * 16;
#define OPEN(ring, aad, size, part)                                                                \
    secret_open_part(ring, aad, read_sealed, &sealed, size, part, out, &some)
    assert_int_equal(OPEN(keys, "file|other", SIZE, 0), STATUS_INTERNAL);
    assert_int_equal(OPEN(others, "file|owner", SIZE, 0), STATUS_INTERNAL);

    sealed.data[head + part + 5] ^= 1; /* one bit of the second part */
    assert_int_equal(OPEN(keys, "file|owner", SIZE, 0), STATUS_OK);
    assert_int_equal(OPEN(keys, "file|owner", SIZE, 1), STATUS_INTERNAL);
    sealed.data[head + part + 5] ^= 1;

    memcpy(kept, sealed.data + head, sizeof kept); /* the first two parts change places */
    memmove(sealed.data + head, sealed.data + head + part, sizeof kept);
    assert_int_equal(OPEN(keys, "file|owner", SIZE, 0), STATUS_INTERNAL);
    memcpy(sealed.data + head, kept, sizeof kept);

    /* cut at a part's end, and the row changed to fit */
    sealed.size = head + 2 * part;
    assert_int_equal(OPEN(keys, "file|owner", 2 * SECRET_PART_BYTES, 0), STATUS_INTERNAL);
    assert_int_equal(OPEN(keys, "file|owner", SIZE, 2), STATUS_NOT_FOUND);
    sealed.fault = STATUS_UNAVAILABLE;
    assert_int_equal(OPEN(keys, "file|owner", SIZE, 0), STATUS_UNAVAILABLE);
    free(sealed.data);
    free(data);
    keyring_destroy(&keys);
    keyring_destroy(&others);
}

static void a_broken_head_is_refused(void **state)
{
    struct keyring *keys = ring("1:" KEY_A);
    static unsigned char out[SECRET_PART_BYTES];
    struct sealed sealed = {0};
    size_t some, whole;
    (void)state;
    sealed.data = secret_seal_file(keys, "f", "content", 7, &whole);
    for (sealed.size = 0; sealed.size < whole; sealed.size++)
        assert_int_equal(secret_open_part(keys, "f", read_sealed, &sealed, 7, 0, out, &some),
                         STATUS_NOT_FOUND);
    for (int i = 0; i < 256 * 256; i += 7) {
        sealed.data[0] = (unsigned char)i;
        sealed.data[1] = (unsigned char)(i >> 8);
        if (i == (int)(whole - 2 - 7 - 16))
            continue;
        assert_int_not_equal(secret_open_part(keys, "f", read_sealed, &sealed, 7, 0, out, &some),
                             STATUS_OK);
    }
    free(sealed.data);
    keyring_destroy(&keys);
}

static void random_ids_differ(void **state)
{
    char one[33], other[33];
    (void)state;
    secret_random_hex(one, 16);
    secret_random_hex(other, 16);
    assert_int_equal(strspn(one, "0123456789abcdef"), 32);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyring_is_private_and_strict),
        cmocka_unit_test(a_key_of_one_line_is_exact),
        cmocka_unit_test(a_field_opens_in_its_place_only),
        cmocka_unit_test(a_text_may_stand_in_json),
        cmocka_unit_test(old_keys_open_and_the_first_seals),
        cmocka_unit_test(a_mac_is_keyed_blake2b_of_domain_and_data),
        cmocka_unit_test(a_file_opens_part_by_part),
        cmocka_unit_test(a_file_opens_for_its_owner_and_whole_only),
        cmocka_unit_test(a_broken_head_is_refused),
        cmocka_unit_test(random_ids_differ),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, arena_open, arena_close);
}
