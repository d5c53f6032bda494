#include "status.h"

int status_http(enum status status)
{
    static const int http[] = {
#define STATUS_HTTP(name, code) [STATUS_##name] = code,
        STATUS_LIST(STATUS_HTTP)
#undef STATUS_HTTP
    };
    return (unsigned)status < STATUS_COUNT ? http[status] : 500;
}

const char *status_name(enum status status)
{
    static const char *const names[] = {
#define STATUS_NAME(name, code) [STATUS_##name] = #name,
        STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
    };
    return (unsigned)status < STATUS_COUNT ? names[status] : "UNKNOWN";
}
