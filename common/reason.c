#include "reason.h"

const struct reason reasons_common[] = {COMMON_REASONS(REASON_ROW){0}};
