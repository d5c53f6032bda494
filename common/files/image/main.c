/* guild-image: cleans one uploaded file and ends. Certification starts one for each upload (clean.c).

   Descriptors  0: the file, seekable, at its start. 1: the report. 2: /dev/null. 3: the cleaned file. 4: its
                thumbnail (report.h).
   What it does tells the kind by the content, never by a name. JPEG, PNG, WebP and HEIC of at most 40 megapixels and 12 000
                pixels a side are decoded, laid on white, turned upright by their EXIF orientation, bounded to 3508
                pixels a side and written as JPEG, quality 85; a thumbnail of 480 pixels beside it. No metadata is
                left. A PDF of at most 30 pages is looked through for active content and passed on unchanged, so
                that its signature stays valid (pdf.h says what is looked for); so is an OFD (ofd.h), which nobody shows. Last, QR codes are read: of the
                picture, or of the first photographs in a PDF (scan.h); their texts follow the report, then what the
                picture, or the first of the photographs, is known by when it comes again (print.h).
   What it may  512 MiB of memory, 5 s of processor, 24 MiB of output; read 0, write 1 to 4, take memory, end.
                No file, network, process or thread: a filter of system calls kills it (confine.c). The filter is on
                before the first byte is read. The starter bounds the time on the wall.
   How it ends  0 with a report; without one nothing was cleaned: 1, it could not be confined or not read; a signal, the
                file drove it against a limit. After the report nothing but codes and the print can get lost. */
#include "code.h"
#include "confine.h"
#include "heic.h"
#include "ofd.h"
#include "output.h"
#include "pdf.h"
#include "picture.h"
#include "probe.h"
#include "report.h"
#include "scan.h"

#include <gd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void say_nothing(int priority, const char *format, va_list values)
{
    (void)priority;
    (void)format;
    (void)values;
}

static bool read_all(int fd, unsigned char *data, size_t size)
{
    while (size > 0) {
        ssize_t some = read(fd, data, size);
        if (some <= 0)
            return false;
        data += some;
        size -= (size_t)some;
    }
    return true;
}

static enum clean_result clean_pdf(const unsigned char *data, size_t size)
{
    switch (pdf_check(data, size)) {
    case PDF_GOOD:
        return output_write(IMAGE_CONTENT, data, size) ? CLEAN_DONE : CLEAN_BROKEN;
    case PDF_ACTIVE:
        return CLEAN_ACTIVE;
    case PDF_TOO_LONG:
        return CLEAN_TOO_LONG;
    case PDF_BROKEN:
        break;
    }
    return CLEAN_BROKEN;
}

static enum clean_result clean_ofd(const unsigned char *data, size_t size)
{
    switch (ofd_check(data, size)) {
    case OFD_GOOD:
        return output_write(IMAGE_CONTENT, data, size) ? CLEAN_DONE : CLEAN_BROKEN;
    case OFD_OTHER:
        return CLEAN_TYPE;
    case OFD_BROKEN:
        break;
    }
    return CLEAN_BROKEN;
}

/* Gives what codes and the print are read of. */
static struct scan clean(unsigned char *data, size_t size, struct image_report *report)
{
    struct scan scan = {.pdf = NULL};
    struct probe probe = probe_file(data, size);
    *report = (struct image_report){.result = CLEAN_TYPE};
    if (probe.kind == PROBE_PDF) {
        report->kind = IMAGE_PDF;
        report->result = (int32_t)clean_pdf(data, size);
        if (report->result == CLEAN_DONE)
            scan = (struct scan){.pdf = data, .size = size};
    } else if (probe.kind == PROBE_ZIP) {
        report->kind = IMAGE_OFD;
        report->result = (int32_t)clean_ofd(data, size);
    } else if (probe.kind != PROBE_UNKNOWN) {
        scan.picture = picture_clean(&probe, data, size, report);
    }
    return scan;
}

int main(void)
{
    struct stat file;
    struct image_report report;
    struct image_codes codes = {.count = 0};
    struct image_print print = {.count = 0};
    if (fstat(IMAGE_IN, &file) != 0 || file.st_size <= 0)
        return 1;
    size_t size = (size_t)file.st_size;
    gdSetErrorMethod(say_nothing);
    if (!heic_prepare() || !confine())
        return 1;

    unsigned char *data = malloc(size);
    if (data == NULL || !read_all(IMAGE_IN, data, size))
        return 1;
    struct scan scan = clean(data, size, &report);
    if (!output_write(IMAGE_REPORT, &report, sizeof report))
        return 1;
    scan_read(&scan, &codes, &print);
    return output_write(IMAGE_REPORT, &codes, sizeof codes) &&
                   output_write(IMAGE_REPORT, &print, sizeof print)
               ? 0
               : 1;
}
