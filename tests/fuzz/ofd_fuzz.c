/* Whatever a ZIP holds, ofd_check ends well; and one without its end, or without OFD.xml, is never good. */
#include "image/ofd.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (ofd_check(data, size) == OFD_GOOD && memmem(data, size, "OFD.xml", 7) == NULL)
        abort();
    if (memmem(data, size, "PK\5\6", 4) == NULL && ofd_check(data, size) == OFD_GOOD)
        abort();
    return 0;
}
