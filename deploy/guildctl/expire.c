/* Ends at once the identities whose papers have ended, where staff set that they do; certification does it every ten minutes. */
#include "guildctl.h"

#include <argp.h>
#include <stdio.h>

enum { MOST = 10000 };

int expire_main(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        NULL,
        NULL,
        "Ends at once the identities whose papers have ended, of the kinds that staff let end with "
        "their papers (证照到期), as certification does every ten minutes.",
        NULL,
        NULL,
        NULL};
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    PGconn *pg = database_open();
    database_do(pg, "SET search_path = certification; SET timezone = 'Asia/Shanghai'");
    PGresult *ended = database_run(pg, "SELECT identities_expire(%d)", MOST);
    printf("%s ended\n", PQgetvalue(ended, 0, 0));
    PQclear(ended);
    PQfinish(pg);
    return 0;
}
