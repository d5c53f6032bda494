#include "rows.h"

#include <stdlib.h>
#include <string.h>

struct rows rows_one(const struct rows *rows, size_t row)
{
    struct rows one = *rows;
    one.count = 1;
    one.values += row * rows->columns;
    return one;
}

int rows_column(const struct rows *rows, const char *name)
{
    for (size_t i = 0; i < rows->columns; i++)
        if (strcmp(rows->names[i], name) == 0)
            return (int)i;
    return -1;
}

const char *rows_get(const struct rows *rows, size_t row, const char *name)
{
    int column = rows_column(rows, name);
    if (column < 0 || row >= rows->count)
        return NULL;
    return rows->values[row * rows->columns + (size_t)column];
}

int64_t rows_integer(const struct rows *rows, size_t row, const char *name)
{
    const char *value = rows_get(rows, row, name);
    return value == NULL ? 0 : strtoll(value, NULL, 10);
}

bool rows_true(const struct rows *rows, size_t row, const char *name)
{
    const char *value = rows_get(rows, row, name);
    return value != NULL && value[0] == 't';
}
