/* Watches the connections that civetweb has accepted, from a thread of its own: one takes one of its threads, however
   little it says. Ten times a second it looks at each of the process's sockets on the HTTP port (by a duplicate of its
   descriptor, so that a closed and reused number is never mistaken), at what TCP_INFO tells of it, and at what the HTTP
   threads tell of themselves, and shuts those that break a rule:

     head     the request's head is not whole after 4.5 s; one that waits, whole, for a thread is not meant
     body     comes at less than 8 KiB/s over 10 s in which a thread waited for it; the thread can still answer
     address  one of the two after 1 s already, where an IPv4 address has more than 20 connections, or its /24 more than 60;
              after 250 ms, where it has more than 8 while three quarters of the threads are in use
     idle     kept alive, and silent for 200 ms, while three quarters of the threads are in use: others wait for its thread
     age      one request runs for more than 125 s, also if that is because its answer is not taken

   The address rule is off behind a trusted proxy, where everybody has the proxy's address. */
#ifndef GUILD_GUARD_H
#define GUILD_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GUARD_HEAD_MS = 4500,
    GUARD_CROWD_MS = 1000,
    GUARD_BUSY_MS = 250,
    GUARD_IDLE_MS = 200,
    GUARD_AGE_MS = 125000,
    GUARD_SLOW_MS = 10000,
    GUARD_SLOW_BYTES_PER_S = 8 * 1024,
    GUARD_PER_ADDRESS = 20,
    GUARD_PER_ADDRESS_BUSY = 8,
    GUARD_PER_NETWORK = 60,
};

struct guard;

/* `threads`: civetweb's. */
struct guard *guard_start(uint16_t port, size_t threads, bool trust_proxy);
void guard_stop(struct guard **self);

/* The calling thread begins with a request of this peer, and is done with it. `address` as civetweb writes it. */
void guard_enter(struct guard *guard, const char *address, int port);
void guard_leave(struct guard *guard);
/* It waits for some of the body from now on; no longer. */
void guard_reads(struct guard *guard, bool reads);

#endif
