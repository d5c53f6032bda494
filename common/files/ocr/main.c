/* guild-ocr: reads the 统一社会信用代码 that is printed on a licence, and ends. Certification starts one for a licence whose QR code
   told none, if it was set so (ocr.c).

   Descriptors  0: what guild-image made of the upload, seekable, at its start: a JPEG or a PDF. 1: the code and a line's end, or
                nothing. 2: /dev/null.
   What it does tesseract's library reads English letters wherever they stand; of what it reads the first words in a line
                that are a credit code with its check character (find.h). Of a PDF the first photographs are read, until one tells a code.
   What it may  what guild-image may, and no more (image/confine.c): 512 MiB of memory, 5 s of processor, no file, network,
                process or thread. The library and what it knows of letters are loaded before that, and not one byte of the
                upload.
   How it ends  0: it was looked at. 1: it could not be confined, or not read; a signal: it came against a limit. 3: there is no
                tesseract (libtesseract5, tesseract-ocr-eng). With --check it ends with 0 or 3 before it reads. */
#include "../image/confine.h"
#include "../image/photograph.h"
#include "../image/probe.h"
#include "../image/report.h"
#include "find.h"
#include "tesseract.h"

#include <gd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Letters of a code are then some 20 pixels high; more only takes longer. */
enum { SIDE = 2000, NO_TESSERACT = 3 };

static void say_nothing(int priority, const char *format, va_list values)
{
    (void)priority;
    (void)format;
    (void)values;
}

static bool read_all(unsigned char *data, size_t size)
{
    while (size > 0) {
        ssize_t some = read(IMAGE_IN, data, size);
        if (some <= 0)
            return false;
        data += some;
        size -= (size_t)some;
    }
    return true;
}

/* The picture, or a smaller one in its place. */
static gdImagePtr bounded(gdImagePtr image)
{
    int width = gdImageSX(image), height = gdImageSY(image);
    int longest = width > height ? width : height;
    if (longest <= SIDE)
        return image;
    int to_width = 1 + (int)((long)(width - 1) * SIDE / longest),
        to_height = 1 + (int)((long)(height - 1) * SIDE / longest);
    gdImagePtr copy = gdImageCreateTrueColor(to_width, to_height);
    if (copy != NULL)
        gdImageCopyResampled(copy, image, 0, 0, 0, 0, to_width, to_height, width, height);
    gdImageDestroy(image);
    return copy;
}

static unsigned char *colours_of(gdImagePtr image)
{
    int width = gdImageSX(image), height = gdImageSY(image);
    unsigned char *colours = malloc(3 * (size_t)width * (size_t)height), *to = colours;
    for (int y = 0; colours != NULL && y < height; y++)
        for (int x = 0; x < width; x++) {
            int colour = gdImageTrueColorPixel(image, x, y);
            *to++ = (unsigned char)gdTrueColorGetRed(colour);
            *to++ = (unsigned char)gdTrueColorGetGreen(colour);
            *to++ = (unsigned char)gdTrueColorGetBlue(colour);
        }
    return colours;
}

static bool read_photograph(const unsigned char *data, size_t size, char code[static USCC_LENGTH])
{
    gdImagePtr image = photograph_open(data, size);
    image = image == NULL ? NULL : bounded(image);
    if (image == NULL)
        return false;
    unsigned char *colours = colours_of(image);
    const char *text =
        colours == NULL ? NULL : tesseract_read(colours, gdImageSX(image), gdImageSY(image));
    free(colours);
    gdImageDestroy(image);
    return text != NULL && find_uscc(text, code);
}

static bool read_file(const unsigned char *data, size_t size, char code[static USCC_LENGTH])
{
    const unsigned char *at = data, *end = data + size;
    if (probe_file(data, size).kind != PROBE_PDF)
        return read_photograph(data, size, code);
    for (int i = 0; i < PHOTOGRAPHS_READ && (at = photograph_next(at, end, &size)) != NULL; i++) {
        if (read_photograph(at, size, code))
            return true;
        at += size;
    }
    return false;
}

int main(int argc, char **argv)
{
    char line[USCC_LENGTH + 1] = {0};
    struct stat file;
    if (!tesseract_open())
        return NO_TESSERACT;
    if (argc > 1 && strcmp(argv[1], "--check") == 0)
        _exit(0); /* what the library would put in order at its end is no matter */
    gdSetErrorMethod(say_nothing);
    if (fstat(IMAGE_IN, &file) != 0 || file.st_size <= 0 || !confine())
        return 1;

    size_t size = (size_t)file.st_size;
    unsigned char *data = malloc(size);
    if (data == NULL || !read_all(data, size))
        return 1;
    bool found = read_file(data, size, line);
    line[USCC_LENGTH] = '\n';
    bool told = !found || write(IMAGE_REPORT, line, sizeof line) == sizeof line;
    _exit(told ? 0 : 1);
}
