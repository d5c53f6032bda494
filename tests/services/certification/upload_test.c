/* Files that come in pieces: they go on where they were, whichever instance took the last piece, and are filed once; what
   nobody goes on with goes. Through the real guild-image. */
#define main service_program
#include "../../../services/certification/main.c"
#undef main
#include "consent.h"
#include "metrics.h"
#include "service_test.h"
#include <gd.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = FILE_PIECE_MAX, PEOPLE = 5, CROWD = 200 };

static struct arena *arena;
static const unsigned char *picture; /* of more than two pieces */
static size_t picture_size, rest_at;
static Common__Principal person;

static struct certification *opened(void)
{
    return service_state(service_test_run());
}

static unsigned char *noise(int side, int quality, size_t *ret_size)
{
    unsigned seed = 7;
    int size = 0;
    gdImagePtr image = gdImageCreateTrueColor(side, side);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            seed = seed * 1664525 + 1013904223;
            gdImageSetPixel(image, x, y, (int)(seed >> 8));
        }
    unsigned char *data = gdImageJpegPtr(image, &size, quality);
    gdImageDestroy(image);
    *ret_size = (size_t)size;
    return data;
}

/* ---- what is asked, and what is told */

static const char *send(const char *method, const char *purpose, const char *key, size_t offset,
                        size_t size)
{
    if (size > 0)
        service_test_body(picture + offset, size);
    return service_test_json(&person, method, key,
                             arena_printf(arena,
                                          "{\"purpose\":\"%s\",\"file_name\":\"照.jpg\","
                                          "\"offset\":%zu,\"size_bytes\":%zu}",
                                          purpose, offset, size));
}

static const char *piece(const char *key, size_t offset, size_t size)
{
    return send("UploadPiece", "business_license_file", key, offset, size);
}

static const char *last(const char *key, size_t offset)
{
    return send("UploadAttachment", "business_license_file", key, offset, picture_size - offset);
}

static const char *reached(const char *key)
{
    return service_test_json(&person, "GetUpload", "",
                             arena_printf(arena, "{\"key\":\"%s\"}", key));
}

static void says_received(const char *told, size_t bytes)
{
    SAYS(told, arena_printf(arena, "\"received_bytes\":%zu", bytes));
}

static const char *id_of(const char *told)
{
    const char *at = strstr(told, "\"id\":\"");
    if (at == NULL)
        fail_msg("no attachment: %s", told);
    return arena_copy(arena, at, sizeof "\"id\":\"" - 1 + 32 + 1);
}

static void put_pieces(const char *key)
{
    for (size_t at = 0; at < rest_at; at += PIECE)
        says_received(piece(key, at, PIECE), at + PIECE);
}

static int blobs(void)
{
    return service_test_blobs(opened()->files.blobs);
}

/* Each file has a thumbnail; of those begun the pieces are there, and nothing else. */
static void assert_nothing_left_over(void)
{
    const char *wanted =
        service_test_value("SELECT 2 * (SELECT count(*) FROM attachment) + (SELECT "
                           "coalesce(sum(cardinality(pieces)), 0) FROM upload)");
    assert_string_equal(arena_printf(arena, "%d", blobs()), wanted);
}

/* ---- */

static void test_a_whole_file_is_filed_once(void **state)
{
    (void)state;
    const char *first = last("whole-01", 0);
    assert_string_equal(id_of(last("whole-01", 0)), id_of(first));
    SAYS(send("UploadAttachment", "id_card_files", "whole-01", 0, picture_size), "consent_needed");
    SAYS(send("UploadAttachment", "qualification_files", "whole-01", 0, picture_size),
         "key_reused");
    assert_string_not_equal(id_of(last("whole-02", 0)), id_of(first));
    assert_string_not_equal(id_of(last("", 0)),
                            id_of(last("", 0))); /* no key: as often as it comes */
    assert_string_equal(service_test_value("SELECT count(*) FROM attachment WHERE account_id = %d",
                                           (int)person.account_id),
                        "4");
    assert_nothing_left_over();
}

/* Nothing of it is in an instance: the store is closed and opened between the pieces. */
static void test_pieces_become_the_same_file(void **state)
{
    (void)state;
    SAYS(reached("pieces-1"), "upload_gone");
    for (size_t at = 0; at < rest_at; at += PIECE) {
        says_received(piece("pieces-1", at, PIECE), at + PIECE);
        file_store_close(&opened()->files);
        file_store_open(&opened()->files, service_test_run(), &uploads);
        opened()->files.image_program = IMAGE_PROGRAM;
        says_received(reached("pieces-1"), at + PIECE);
    }
    assert_nothing_left_over();
    const char *filed = last("pieces-1", rest_at);
    assert_string_equal(id_of(reached("pieces-1")), id_of(filed));
    assert_string_equal(id_of(last("pieces-1", rest_at)), id_of(filed)); /* the answer was lost */
    (void)last("whole-03", 0);
    assert_string_equal(
        service_test_value("SELECT count(*) || ' ' || count(DISTINCT content_hash) FROM "
                           "attachment WHERE account_id = %d",
                           (int)person.account_id),
        "2 1");
    assert_string_equal(service_test_value("SELECT count(*) FROM upload"), "0");
    assert_nothing_left_over();
}

static void test_only_the_next_piece_is_taken(void **state)
{
    (void)state;
    SAYS(piece("order-01", PIECE, PIECE), "upload_offset"); /* nothing is before it */
    says_received(piece("order-01", 0, PIECE), PIECE);
    SAYS(piece("order-01", 0, PIECE), "upload_offset");             /* again */
    SAYS(piece("order-01", PIECE - 1, PIECE), "upload_offset");     /* over what is there */
    SAYS(piece("order-01", (size_t)2 * PIECE, 1), "upload_offset"); /* a hole */
    SAYS(last("order-01", (size_t)2 * PIECE), "upload_offset");
    says_received(reached("order-01"), PIECE);
    SAYS(piece("", 0, PIECE), "upload_key");
    SAYS(piece("order-02", 0, 0), "attachment_none");
    SAYS(piece("order-02", 0, PIECE + 1), "\"field\":\"size_bytes\"");
    SAYS(piece("order-02", 0, PIECE + 1), "每段不超过512KB");
    SAYS(service_test_json(&person, "UploadPiece", "order-02",
                           "{\"purpose\":\"business_license_file\",\"offset\":10485760,"
                           "\"size_bytes\":1}"),
         "file_too_large");
    SAYS(send("UploadPiece", "holiday_files", "order-02", 0, 10), "\"field\":\"purpose\"");
    SAYS(reached("order-02"), "upload_gone");
    assert_nothing_left_over();
}

static void test_of_somebody_else_nobody_knows(void **state)
{
    (void)state;
    put_pieces("others-1");
    person.account_id++;
    SAYS(reached("others-1"), "upload_gone");
    SAYS(piece("others-1", rest_at, 10), "upload_offset");
    SAYS(last("others-1", rest_at), "upload_offset");
    person.account_id--;
    says_received(reached("others-1"), rest_at);
    const char *filed = id_of(last("others-1", rest_at));
    person.account_id++;
    SAYS(reached("others-1"), "upload_gone");
    assert_string_not_equal(id_of(last("others-1", 0)), filed); /* an upload of one's own */
    person.account_id--;
    assert_nothing_left_over();
}

/* It is of no use, and says so, where its pieces do not make a file or are lost. */
static void test_what_does_not_become_a_file(void **state)
{
    (void)state;
    says_received(piece("broken-1", 0, PIECE), PIECE);
    service_test_body(picture, 100);
    SAYS(service_test_json(&person, "UploadAttachment", "broken-1",
                           arena_printf(arena,
                                        "{\"purpose\":\"business_license_file\",\"offset\":%d,"
                                        "\"size_bytes\":100}",
                                        PIECE)),
         "file_broken");
    put_pieces("lost-001");
    const char *blob = service_test_value("SELECT pieces[1] FROM upload WHERE key = 'lost-001'");
    assert_int_equal(blob_delete(opened()->files.blobs, blob), STATUS_OK);
    SAYS(last("lost-001", rest_at), "upload_gone");
    SAYS(last("lost-001", 0), "\"id\":"); /* sent anew */
    assert_nothing_left_over();
}

static void test_no_piece_of_an_identity_card_without_consent(void **state)
{
    (void)state;
    SAYS(send("UploadPiece", "id_card_files", "card-001", 0, PIECE), "consent_needed");
    consents(person.account_id);
    says_received(send("UploadPiece", "id_card_files", "card-001", 0, PIECE), PIECE);
    assert_nothing_left_over();
}

static void test_what_is_abandoned_is_swept(void **state)
{
    (void)state;
    int before = blobs();
    says_received(piece("swept-01", 0, PIECE), PIECE);
    says_received(piece("swept-01", PIECE, PIECE), (size_t)2 * PIECE);
    says_received(piece("fresh-01", 0, PIECE), PIECE);
    service_test_sql("UPDATE upload SET changed_at = now() - interval '25 hours' WHERE key = "
                     "'swept-01'; UPDATE upload SET changed_at = now() - interval '23 hours' "
                     "WHERE key = 'fresh-01'");
    file_sweep_run(&opened()->files);
    service_test_until("SELECT NOT EXISTS (SELECT FROM upload WHERE key = 'swept-01')");
    for (int i = 0; i < 1000 && blobs() > before + 1; i++)
        service_test_until("SELECT pg_sleep(0.01) IS NOT NULL");
    assert_int_equal(blobs(), before + 1);
    SAYS(reached("swept-01"), "upload_gone");
    says_received(reached("fresh-01"), PIECE);
}

static void test_so_much_may_be_begun(void **state)
{
    (void)state;
    service_test_sql(arena_printf(arena,
                                  "INSERT INTO upload (owner, key, received_bytes, pieces, sizes) "
                                  "VALUES ('MEMBER:%d', 'much-001', %d, '{x}', '{1}')",
                                  (int)person.account_id, 64 * 1024 * 1024 - PIECE));
    says_received(piece("quota-01", 0, PIECE), PIECE);
    SAYS(piece("quota-01", PIECE, 1), "upload_quota");
    SAYS(last("quota-02", 0), "\"id\":"); /* whole it still goes */
    service_test_sql("UPDATE upload SET received_bytes = 1, pieces = array_fill('x'::text, "
                     "ARRAY[255]), sizes = array_fill(1, ARRAY[255]) WHERE key = 'much-001'");
    SAYS(piece("quota-01", PIECE, 1), "upload_quota");
    service_test_sql("DELETE FROM upload WHERE key = 'much-001'");
    assert_nothing_left_over();
}

static void store(int files, int bytes)
{
    service_test_sql(arena_printf(
        arena,
        "INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, "
        "content_hash) SELECT 'full' || n, %d, 'business_license_file', '', 'image/jpeg', %d, '' "
        "FROM generate_series(1, %d) AS n",
        (int)person.account_id, bytes, files));
}

/* A piece is refused as the last one would be: nobody sends a file in vain. */
static void is_full(const char *key)
{
    static const char words[] =
        "{\"reason\":\"attachment_quota\",\"detail\":\"您存放的文件已达上限（200个，或合计400MB）。"
        "没有用到的文件两天后自动清除，请到时再试，或致电0355-3069919。\"";
    SAYS(last(key, 0), words);
    SAYS(piece(key, 0, PIECE), words);
    service_test_sql("DELETE FROM attachment WHERE id LIKE 'full%'");
    assert_nothing_left_over();
}

static void test_so_many_files_may_be_stored(void **state)
{
    (void)state;
    store(199, 1);
    SAYS(last("count-01", 0), "\"id\":"); /* the two hundredth */
    is_full("count-02");
    SAYS(last("count-02", 0), "\"id\":");
}

static void test_so_many_bytes_may_be_stored(void **state)
{
    (void)state;
    store(40, 10 * 1024 * 1024 - 1); /* 40 bytes less than there may be */
    SAYS(last("bytes-01", 0), "\"id\":");
    is_full("bytes-02");
    SAYS(last("bytes-02", 0), "\"id\":");
}

static void test_what_others_store_takes_no_room(void **state)
{
    (void)state;
    store(200, 1);
    person.account_id++;
    SAYS(last("room-001", 0), "\"id\":");
    person.account_id--;
    is_full("room-002");
}

/* A figure as it is scraped; 0: not there yet. */
static long figure(const char *series)
{
    size_t size;
    char *text = metrics_text(&size);
    const char *at = strstr(text, arena_printf(arena, "\n%s ", series));
    long value = at == NULL ? 0 : strtol(at + 1 + strlen(series), NULL, 10);
    free(text);
    return value;
}

static void test_what_began_and_what_was_refused_is_counted(void **state)
{
    static const char began[] = "guild_uploads_begun_total",
                      offset[] = "guild_uploads_refused_total{reason=\"upload_offset\"}",
                      broken[] = "guild_uploads_refused_total{reason=\"file_broken\"}",
                      busy[] = "guild_work_refused_total{queue=\"files\"}";
    long began_before = figure(began), offset_before = figure(offset),
         broken_before = figure(broken);
    (void)state;
    SAYS(last("count-01", 0), "\"id\":");
    put_pieces("count-02"); /* several pieces, one file */
    SAYS(last("count-02", rest_at), "\"id\":");
    SAYS(piece("count-03", 1, PIECE), "upload_offset");
    says_received(piece("count-04", 0, PIECE), PIECE);
    assert_int_equal(figure(began), began_before + 3);
    assert_int_equal(figure(offset), offset_before + 1);
    assert_int_equal(figure(broken), broken_before);
    assert_int_equal(figure(busy), 0);
    size_t size;
    char *text = metrics_text(&size);
    SAYS(text, "# TYPE guild_uploads_begun_total counter\n");
    SAYS(text, "\nguild_work_refused_total{queue=\"files\"} 0\n"); /* before the first one */
    free(text);
}

/* ---- many at once */

static struct {
    size_t answered, done, named;
} crowd;

static void on_answer(void *to, enum status status, const void *payload, size_t size)
{
    (void)to;
    if (status == STATUS_OK) {
        crowd.done++;
    } else {
        const Common__Problem *problem = (const Common__Problem *)message_unpack(
            &common__problem__descriptor, payload, size, arena);
        crowd.named += strcmp(problem->reason, "busy") == 0;
    }
    if (++crowd.answered == CROWD)
        loop_stop(service_test_run()->loop);
}

static void ask(const char *method, int64_t account, const char *key, const unsigned char *data,
                size_t size)
{
    Common__UploadAttachmentRequest request = COMMON__UPLOAD_ATTACHMENT_REQUEST__INIT;
    Common__Principal *who = arena_alloc(arena, sizeof *who);
    *who = service_test_member(account);
    request.purpose = (char *)(uintptr_t) "business_license_file";
    request.size_bytes = (uint32_t)size;
    service_test_body(data, size);
    service_test_begin(who, method, &request.base, key, on_answer, NULL);
}

/* Whole files and first pieces, some of them twice at the same time. */
static void test_two_hundred_at_once_are_answered(void **state)
{
    size_t size;
    unsigned char *small = noise(100, 80, &size);
    (void)state;
    for (int i = 0; i < CROWD; i++)
        ask(i % 3 == 0 ? "UploadPiece" : "UploadAttachment", 1000 + i % PEOPLE,
            arena_printf(arena, "crowd-%03d", i / 20 * 10 + i % 10), small, size);
    loop_run(service_test_run()->loop);
    gdFree(small);
    assert_int_equal(crowd.done + crowd.named, CROWD);
    assert_in_range(crowd.done, 2, CROWD);
    assert_string_equal(service_test_value("SELECT count(*) FROM (SELECT FROM attachment a JOIN "
                                           "idempotency i ON i.answer -> 0 ->> 'id' = a.id GROUP "
                                           "BY i.principal, i.key HAVING count(*) > 1) AS twice"),
                        "0");
    assert_nothing_left_over();
}

static int open_service(void **state)
{
    (void)state;
    arena = arena_new(0);
    picture = noise(1000, 95, &picture_size);
    rest_at = (picture_size - 1) / PIECE * PIECE;
    assert_in_range(rest_at, 2 * PIECE, FILE_UPLOAD_MAX);
    service_test_open(&certification);
    opened()->files.image_program = IMAGE_PROGRAM;
    return 0;
}

/* Each test has an account of its own. */
static int open_account(void **state)
{
    static int64_t account;
    (void)state;
    person = service_test_member(account += 10);
    return 0;
}

static int close_service(void **state)
{
    (void)state;
    service_test_close();
    gdFree((void *)(uintptr_t)picture);
    arena_destroy(&arena);
    return 0;
}

int main(void)
{
#define TEST(it) cmocka_unit_test_setup(it, open_account)
    const struct CMUnitTest tests[] = {
        TEST(test_a_whole_file_is_filed_once),
        TEST(test_pieces_become_the_same_file),
        TEST(test_only_the_next_piece_is_taken),
        TEST(test_of_somebody_else_nobody_knows),
        TEST(test_what_does_not_become_a_file),
        TEST(test_no_piece_of_an_identity_card_without_consent),
        TEST(test_what_is_abandoned_is_swept),
        TEST(test_so_much_may_be_begun),
        TEST(test_so_many_files_may_be_stored),
        TEST(test_so_many_bytes_may_be_stored),
        TEST(test_what_others_store_takes_no_room),
        TEST(test_what_began_and_what_was_refused_is_counted),
        TEST(test_two_hundred_at_once_are_answered),
    };
    return cmocka_run_group_tests(tests, open_service, close_service);
}
