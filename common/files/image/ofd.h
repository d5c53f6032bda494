/* Is a file an OFD (GB/T 33190-2016), and one that can be kept as it is? An OFD is a ZIP with OFD.xml at its root. The
   province's receipts come so, and are signed: not a byte may change, so nothing of it is decoded but OFD.xml. It is never
   shown here, only given back whole. */
#ifndef GUILD_IMAGE_OFD_H
#define GUILD_IMAGE_OFD_H

#include <stddef.h>

enum ofd_verdict {
    OFD_GOOD,
    OFD_OTHER,  /* a ZIP of another kind, whole or not */
    OFD_BROKEN, /* no whole ZIP, one that hides something (encryption, names that lead elsewhere), or too much of it */
};

/* Any bytes will do. Takes at most 64 KiB of memory, and time that grows with the size. */
enum ofd_verdict ofd_check(const unsigned char *data, size_t size);

#endif
