/* tesseract's library, as it is installed: nothing is linked with it, so that a platform that reads no licences needs none of it. */
#ifndef GUILD_OCR_TESSERACT_H
#define GUILD_OCR_TESSERACT_H

#include <stdbool.h>

/* Loads it, and what it knows of English letters. false: libtesseract5 or tesseract-ocr-eng is not there. */
bool tesseract_open(void);

/* What stands on a picture, three bytes a pixel; lives until the end. NULL: nothing could be read. */
const char *tesseract_read(const unsigned char *colours, int width, int height);

#endif
