/* Who may speak on the bus under which name: the file GUILD_BUS_KEYS_FILE, in it lines `NAME 64 hex digits`. NAME is a
   service's or `gateway`, the digits are a CURVE public key (X25519; rfc.zeromq.org/spec/26). A name may have several
   keys, so that one can be changed while both are in use; the newest stands first. Lines that begin with # say nothing.
   `guildctl keys` writes the file. sodium_init comes first. */
#ifndef GUILD_BUS_KEYS_H
#define GUILD_BUS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum { BUS_KEY_BYTES = 32, BUS_KEY_HEX = 2 * BUS_KEY_BYTES, BUS_KEYS_MAX = 128 };

#define BUS_GATEWAY "gateway" /* the name of those that are dialled */

struct bus_keys;

/* NULL: the file cannot be read, may be written by others, or has a line that is none; `ret_why` then says so. */
struct bus_keys *bus_keys_open(const char *path, const char **ret_why);
void bus_keys_close(struct bus_keys **self);

/* Reads the file again if it is another one by now. True: the list has changed. A file that is no list changes nothing, and
   is told in the log. */
bool bus_keys_refresh(struct bus_keys *keys);

/* Is the key (hex) on the list under the name; NULL: under any but the gateway's? */
bool bus_keys_has(const struct bus_keys *keys, const char *name, const char *hex);
/* The name's nth key, from the newest (0) on. false: it has not so many. */
bool bus_keys_nth(const struct bus_keys *keys, const char *name, size_t nth,
                  unsigned char out[static BUS_KEY_BYTES]);

/* A pair: the secret half from its file (0600, hex), the public one computed. false: the file holds no key. */
struct bus_pair {
    unsigned char secret[BUS_KEY_BYTES], public[BUS_KEY_BYTES];
    char public_hex[BUS_KEY_HEX + 1];
};
bool bus_pair_load(const char *path, struct bus_pair *ret_pair);

/* What a process of the bus needs: its pair and the list, in which its name must have that key. Ends the process with
   words when it is not so. */
struct bus_keys *bus_keys_of_process(const char *name, const char *secret_path,
                                     const char *list_path, struct bus_pair *ret_pair);

#endif
