/* What the page asks before an expert's form, given. */
#ifndef GUILD_TEST_CONSENT_H
#define GUILD_TEST_CONSENT_H

#include "service_test.h"
#include <stdio.h>

static inline void consents(int64_t account_id)
{
    char text[300];
    snprintf(text, sizeof text,
             "INSERT INTO consent (account_id, scope, version, text_hash) SELECT %lld, scope, "
             "version, text_hash FROM consent_current('ID_CARD') ON CONFLICT DO NOTHING",
             (long long)account_id);
    service_test_sql(text);
}

#endif
