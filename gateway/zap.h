/* Who may connect to the bus: ZeroMQ's authentication protocol (rfc.zeromq.org/spec/27), answered in the bus's own thread,
   so that it cannot be gone while the bus is there. A CURVE key that the list has for some service is let in, everything else is
   not. What comes from an admitted connection carries the key: see zap_user. */
#ifndef GUILD_ZAP_H
#define GUILD_ZAP_H

#include "bus_keys.h"
#include "loop.h"
#include <zmq.h>

struct zap;

/* Before the first socket of the context is bound. `keys` must outlive it. Ends the process with words if it cannot. */
struct zap *zap_open(void *context, struct loop *loop, const struct bus_keys *keys);
void zap_close(struct zap **self);

/* The key (hex) of whoever sent this part of a message; NULL: of nobody known. Not to be asked of a routing id's part, where
   libzmq 4.3.4 may leave it out. */
const char *zap_user(zmq_msg_t *part);

#endif
