/* A socket before PostgreSQL's that can lose what the server answers: the statement was carried out, and nobody hears of
   it. A process of its own. */
#ifndef GUILD_LOSSY_H
#define GUILD_LOSSY_H

/* Makes `folder`/.s.PGSQL.`port`, which leads to the socket of that name in the folder `server`. */
void lossy_open(const char *server, const char *port, const char *folder);
void lossy_close(void);

/* The next `count` (at most 255) times that the server says anything, it is dropped and the connection ended. */
void lossy_lose(unsigned count);

#endif
