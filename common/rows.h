/* What a statement answered: text values by column name, wherever they came from (PostgreSQL, or a stored
   answer that is told again). Lives as long as the call. */
#ifndef GUILD_ROWS_H
#define GUILD_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rows {
    size_t count;
    size_t columns;
    const char *const *names;
    const char *const *values; /* count × columns; NULL where SQL says NULL */
    size_t affected;           /* rows changed by a statement without RETURNING */
};

/* One of the rows, alone. */
struct rows rows_one(const struct rows *rows, size_t row);

/* Column's index, or -1. */
int rows_column(const struct rows *rows, const char *name);

/* A value; NULL for SQL NULL and for a column that is not there. */
const char *rows_get(const struct rows *rows, size_t row, const char *name);

/* The same as a number or a truth; 0 and false for NULL. */
int64_t rows_integer(const struct rows *rows, size_t row, const char *name);
bool rows_true(const struct rows *rows, size_t row, const char *name);

#endif
