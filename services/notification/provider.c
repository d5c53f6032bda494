#include "provider.h"

#include <stdio.h>
#include <string.h>

static char folder_path[512];

void provider_development_folder(const char *folder)
{
    snprintf(folder_path, sizeof folder_path, "%s", folder);
}

const char *provider_folder(void)
{
    return folder_path;
}

const struct provider *provider_find(const struct provider *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}
