/* From verb and path to a route, its values, and what the escapes of a path may say. */
#include "http.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static struct arena *arena;

static const struct route *match(const char *verb, const char *path)
{
    const char *allow;
    return match_route(verb, path, &allow, arena);
}

static const char *method_of(const char *verb, const char *path)
{
    const struct route *route = match(verb, path);
    return route == NULL ? "" : route->method;
}

static const char *allow_of(const char *path)
{
    const char *allow;
    assert_null(match_route("BREW", path, &allow, arena));
    return allow == NULL ? "" : allow;
}

static void test_every_route_is_found(void **state)
{
    (void)state;
    static const char *const verbs[] = {"GET", "POST", "PUT", "DELETE"};
    for (size_t i = 0; i < routes_count; i++) {
        assert_ptr_equal(match(verbs[routes[i].verb], routes[i].path), &routes[i]);
        assert_non_null(route_method(&routes[i]));
        assert_int_equal(strncmp(routes[i].path, "/api/v1/", 8), 0);
    }
}

static void test_literal_parts_go_first(void **state)
{
    (void)state;
    assert_string_equal(method_of("GET", "/api/v1/staff/reviews/counts"), "CountReviews");
    assert_string_equal(method_of("GET", "/api/v1/staff/reviews/7"), "GetReview");
    assert_string_equal(method_of("POST", "/api/v1/messages/read"), "MarkAllRead");
    assert_string_equal(method_of("POST", "/api/v1/messages/7/read"), "MarkRead");
}

static void test_what_is_near_is_not_there(void **state)
{
    static const char *const paths[] = {"",
                                        "/",
                                        "/api/v1",
                                        "/api/v1/",
                                        "/api/v1/account/",
                                        "/api/v1//account",
                                        "/api/v1/accoun",
                                        "/api/v1/accounts/7",
                                        "/api/v1/messages//read",
                                        "/api/v1/messages/7/read/",
                                        "/api/v1/messages/7/8/read",
                                        "/API/V1/account",
                                        "/api/v1/../v1/account",
                                        "api/v1/account"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_null(match("GET", paths[i]));
        assert_null(match("POST", paths[i]));
    }
}

/* Each verb of a path once. */
static void test_the_other_verbs_are_named(void **state)
{
    (void)state;
    assert_string_equal(allow_of("/api/v1/account"), "GET");
    assert_string_equal(allow_of("/api/v1/staff/reviews/counts"), "GET");
    assert_string_equal(allow_of("/api/v1/nothing"), "");
    assert_null(match("get", "/api/v1/account"));
    assert_null(match("HEAD", "/api/v1/account"));
}

static void test_values_of_a_path(void **state)
{
    const char *path = "/api/v1/identities/OWNER_UNIT/draft", *name, *value;
    const struct route *route = match("PUT", path);
    (void)state;
    assert_true(match_value(route, path, 0, &name, &value, arena));
    assert_string_equal(name, "kind");
    assert_string_equal(value, "OWNER_UNIT");
    assert_false(match_value(route, path, 1, &name, &value, arena));
    assert_false(
        match_value(match("GET", "/api/v1/account"), "/api/v1/account", 0, &name, &value, arena));
}

static void test_what_gives_way_to_what(void **state)
{
    (void)state;
    assert_int_equal(route_class(match("POST", "/api/v1/sessions")), ROUTER_VITAL);
    assert_int_equal(route_class(match("POST", "/api/v1/codes")), ROUTER_VITAL);
    assert_int_equal(route_class(match("DELETE", "/api/v1/sessions/current")), ROUTER_VITAL);
    assert_int_equal(route_class(match("POST", "/api/v1/staff/reviews/1/decision")), ROUTER_WRITE);
    assert_int_equal(route_class(match("POST", "/api/v1/attachments")), ROUTER_WRITE);
    assert_int_equal(route_class(match("GET", "/api/v1/identities")), ROUTER_READ);
    assert_int_equal(route_class(match("GET", "/api/v1/attachments/1/content")), ROUTER_BULK);
    assert_int_equal(route_class(match("GET", "/api/v1/staff/dues-figures")), ROUTER_BULK);
}

static int open_arena(void **state)
{
    (void)state;
    arena = arena_new(0);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_route_is_found),
        cmocka_unit_test(test_literal_parts_go_first),
        cmocka_unit_test(test_what_is_near_is_not_there),
        cmocka_unit_test(test_the_other_verbs_are_named),
        cmocka_unit_test(test_values_of_a_path),
        cmocka_unit_test(test_what_gives_way_to_what),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
