/* The photographs of a PDF that was checked: JPEGs, as scanners and phones put one on a page. */
#ifndef GUILD_IMAGE_PHOTOGRAPH_H
#define GUILD_IMAGE_PHOTOGRAPH_H

#include <gd.h>
#include <stddef.h>

enum { PHOTOGRAPHS_READ = 3 }; /* of one PDF */

/* The first one from `at` on, and its size; NULL: there is none. */
const unsigned char *photograph_next(const unsigned char *at, const unsigned char *end,
                                     size_t *ret_size);
/* NULL: no JPEG, or more than 40 megapixels. */
gdImagePtr photograph_open(const unsigned char *data, size_t size);

#endif
