#include "tesseract.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { SPARSE_TEXT = 11, COLOUR_BYTES = 3 };

/* Of its capi.h. */
static struct {
    void *(*create)(void);
    int (*init)(void *api, const char *folder, const char *language);
    void (*set_mode)(void *api, int mode);
    void (*set_image)(void *api, const unsigned char *data, int width, int height, int pixel_bytes,
                      int line_bytes);
    char *(*get_text)(void *api);
} calls;
static void *api;

static bool find(void *library, const char *name, void *place)
{
    void *found = dlsym(library, name);
    memcpy(place, &found, sizeof found);
    return found != NULL;
}

/* One thread: another would be killed. */
bool tesseract_open(void)
{
    if (setenv("OMP_THREAD_LIMIT", "1", 1) != 0)
        return false;
    void *library = dlopen("libtesseract.so.5", RTLD_NOW);
    if (library == NULL || !find(library, "TessBaseAPICreate", &calls.create) ||
        !find(library, "TessBaseAPIInit3", &calls.init) ||
        !find(library, "TessBaseAPISetPageSegMode", &calls.set_mode) ||
        !find(library, "TessBaseAPISetImage", &calls.set_image) ||
        !find(library, "TessBaseAPIGetUTF8Text", &calls.get_text))
        return false;
    api = calls.create();
    return api != NULL && calls.init(api, NULL, "eng") == 0;
}

const char *tesseract_read(const unsigned char *colours, int width, int height)
{
    calls.set_mode(api, SPARSE_TEXT);
    calls.set_image(api, colours, width, height, COLOUR_BYTES, COLOUR_BYTES * width);
    return calls.get_text(api);
}
