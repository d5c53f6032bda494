/* A picture's print, by which another copy of it is known: compressed again, scaled, darker, or cut at its borders.

   Slips of one bank differ in a few figures only, which no hash of the whole picture sees (README.md, "Forensics"). So the
   picture is laid on a grid whose borders are those of what is printed on it, and each cell says whether it is clearly
   brighter or clearly darker than its left neighbour. Copies have no cell where one says brighter and the other darker;
   other figures make some. A cut may take a line of the top or of the bottom with it, therefore there are prints without them. */
#ifndef GUILD_IMAGE_PRINT_H
#define GUILD_IMAGE_PRINT_H

#include "report.h"
#include <gd.h>

/* Fills `print`; a picture with too little on it has none. Takes memory of four bytes a pixel. */
void print_make(gdImagePtr picture, struct image_print *print);

#endif
