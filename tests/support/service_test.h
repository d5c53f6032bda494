/* A service in this process: its methods run through the whole skeleton, on a real database of their own, without
   sockets. Needs GUILD_TEST_DATABASE (conninfo of a superuser), and GUILD_TEST_REDIS for auth. */
#ifndef GUILD_SERVICE_TEST_H
#define GUILD_SERVICE_TEST_H

#include "arena.h"
#include "blob.h"
#include "common.pb-c.h"
#include "dispatch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

/* A new database with the service's schema, keys in a folder of its own, and the service opened on them. A GUILD_BLOB_FOLDER
   that is set already stays. */
void service_test_open(const struct service *service);
void service_test_close(void);
/* Before service_test_open: its answers from PostgreSQL can get lost (lossy.h). */
void service_test_be_lossy(void);
struct service_run *service_test_run(void);

/* Who calls. */
Common__Principal service_test_member(int64_t account_id);
/* One permission, or NULL for none. */
Common__Principal service_test_staff(int64_t account_id, const char *permissions);

/* Runs a method to its answer. `caller` may be NULL, `key` "". The reply (or the common.Problem) is in `ret_message`,
   in memory that lives until service_test_close. */
enum status service_test_call(const Common__Principal *caller, const char *from, const char *method,
                              const ProtobufCMessage *request, const char *key,
                              ProtobufCMessage **ret_message);
/* The same with a deadline of its own; else it is 10 s. */
enum status service_test_call_for(uint64_t timeout_ms, const Common__Principal *caller,
                                  const char *from, const char *method,
                                  const ProtobufCMessage *request, const char *key,
                                  ProtobufCMessage **ret_message);
/* Begins a call through the gateway, with a minute's time; the loop tells `reply` the answer. What it is given lives until then. */
void service_test_begin(const Common__Principal *caller, const char *method,
                        const ProtobufCMessage *request, const char *key, reply_fn *reply,
                        void *reply_to);
/* A call by a member of staff or a member through the gateway; returns the reason's name, "" when it was OK. */
const char *service_test_reason(const Common__Principal *caller, const char *method,
                                const ProtobufCMessage *request);

/* A method's request, from JSON that it must take; lives until service_test_close. */
const ProtobufCMessage *service_test_request(const char *method, const char *json);

/* A call with the request and the answer (a common.Problem when it is refused) as JSON. `key` may be "". */
const char *service_test_json(const Common__Principal *caller, const char *method, const char *key,
                              const char *request);

/* The test fails, at the caller's line, unless the answer says so, or does not. */
#define SAYS(told, part) service_test_says(told, part, true, __FILE__, __LINE__)
#define SAYS_NOT(told, part) service_test_says(told, part, false, __FILE__, __LINE__)
void service_test_says(const char *told, const char *part, bool wanted, const char *file, int line);

/* The file behind the next call. */
void service_test_body(const void *data, size_t size);

/* What its admin door answers, the head first; a GUILD_ADMIN that is a path was set before service_test_open. Lives until the
   next time. */
const char *service_test_ask(const char *target);

/* How many files are stored, those just now among them. */
int service_test_blobs(struct blob_store *store);

/* One value of a query in the service's schema, as text that lives until service_test_close. The query is a printf
   format. */
const char *service_test_value(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Lets the service go on until it has its connections. */
void service_test_until_ready(void);

/* Lets the service go on until the query gives "t"; fails after 10 s. */
void service_test_until(const char *query);

/* Any statements in the service's schema, as the superuser. */
void service_test_sql(const char *text);

#endif
