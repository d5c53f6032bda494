/* The built web: loaded once, served from memory, precompressed, with ETags. No request touches the file system. */
#include "http.h"
#include "log.h"
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGES_MAX = 1024 };

struct variant {
    unsigned char *data;
    size_t size;
};

struct page {
    char *path; /* "/app/index.html" */
    struct variant plain, gzip, brotli;
    char etag[36]; /* of the content, quoted */
};

static struct {
    struct page list[PAGES_MAX];
    size_t count;
} pages;

/* ---- loading */

/* Links are not followed: what is served lies in the folder. */
static bool load_file(const char *file, struct variant *ret)
{
    struct stat status;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool done = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    if (done) {
        ret->size = (size_t)status.st_size;
        ret->data = malloc(ret->size + 1);
        done = ret->data != NULL && read(fd, ret->data, ret->size) == status.st_size;
    }
    close(fd);
    if (!done) {
        free(ret->data);
        *ret = (struct variant){NULL, 0};
    }
    return done;
}

/* The page that verifies certificates holds the public keys itself: it needs nobody's word. Whether it was printed into. */
static bool print_keys(struct variant *page, const char *keys)
{
    static const char mark[] = "@certificate-keys@";
    const unsigned char *at = memmem(page->data, page->size, mark, strlen(mark));
    if (at == NULL)
        return false;
    const unsigned char *rest = at + strlen(mark);
    char *made = NULL;
    int size = asprintf(&made, "%.*s%s%.*s", (int)(at - page->data), (const char *)page->data, keys,
                        (int)(page->data + page->size - rest), (const char *)rest);
    if (size < 0)
        abort();
    free(page->data);
    *page = (struct variant){(unsigned char *)made, (size_t)size};
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size >= tail && strcmp(text + size - tail, end) == 0;
}

static void load_page(const char *file, const char *path, const char *keys)
{
    char beside[4200], hex[33];
    unsigned char hash[16];
    if (pages.count == PAGES_MAX || ends_with(path, ".gz") || ends_with(path, ".br"))
        return;
    struct page *page = &pages.list[pages.count];
    if (!load_file(file, &page->plain))
        return;
    page->path = strdup(path);
    bool printed = print_keys(&page->plain, keys); /* its other forms say something else now */
    if (!printed && snprintf(beside, sizeof beside, "%s.gz", file) < (int)sizeof beside)
        load_file(beside, &page->gzip);
    if (!printed && snprintf(beside, sizeof beside, "%s.br", file) < (int)sizeof beside)
        load_file(beside, &page->brotli);
    crypto_generichash(hash, sizeof hash, page->plain.data, page->plain.size, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(page->etag, sizeof page->etag, "\"%s\"", hex);
    pages.count++;
}

static void load_folder(const char *folder, const char *path, const char *keys)
{
    DIR *dir = opendir(folder);
    char file[4096], below[4096];
    struct stat status;
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s/%s", folder, entry->d_name);
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (lstat(file, &status) != 0)
            continue;
        if (S_ISDIR(status.st_mode))
            load_folder(file, below, keys);
        else
            load_page(file, below, keys);
    }
    closedir(dir);
}

void pages_load(const char *root, const char *keys)
{
    if (root[0] != '\0')
        load_folder(root, "", keys);
    log_line(pages.count == 0 ? LOGGED_WARNING : LOGGED_INFO, "pages loaded", "count=%zu",
             pages.count);
}

/* ---- serving */

static const struct page *page_find(const char *path)
{
    for (size_t i = 0; i < pages.count; i++)
        if (strcmp(pages.list[i].path, path) == 0)
            return &pages.list[i];
    return NULL;
}

static const char *type_of(const char *path)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        {".html",        "text/html; charset=utf-8"      },
        {".css",         "text/css; charset=utf-8"       },
        {".js",          "text/javascript; charset=utf-8"},
        {".svg",         "image/svg+xml"                 },
        {".png",         "image/png"                     },
        {".jpg",         "image/jpeg"                    },
        {".webp",        "image/webp"                    },
        {".ico",         "image/x-icon"                  },
        {".json",        "application/json"              },
        {".woff2",       "font/woff2"                    },
        {".txt",         "text/plain; charset=utf-8"     },
        {".xml",         "application/xml"               },
        {".webmanifest", "application/manifest+json"     },
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (ends_with(path, types[i].end))
            return types[i].type;
    return "application/octet-stream";
}

/* RFC 9110 §12.5.3: is the coding named, and not with a weight of 0? */
static bool accepts(const struct http *h, const char *coding)
{
    const char *at = http_header(h, "Accept-Encoding");
    size_t size = strlen(coding), item;
    for (; at != NULL && *at != '\0'; at += item) {
        at += strspn(at, " \t,");
        item = strcspn(at, ",");
        if (strcspn(at, " \t;,") != size || strncasecmp(at, coding, size) != 0)
            continue;
        const char *weight = memmem(at, item, "q=", 2);
        return weight == NULL || strtod(weight + 2, NULL) > 0;
    }
    return false;
}

/* RFC 9110 §13.1.2; the tag is weak, as one stands for the content in every coding. */
static bool has_it_already(const struct http *h, const struct page *page)
{
    const char *match = http_header(h, "If-None-Match");
    return match != NULL && (strcmp(match, "*") == 0 || strstr(match, page->etag) != NULL);
}

static void send_page(struct http *h, const struct page *page, int status)
{
    const struct variant *variant = &page->plain;
    const char *coding = "";
    /* names under assets/ hold a hash of their content: they never change */
    const char *caching = strstr(page->path, "/assets/") != NULL
                              ? "Cache-Control: public, max-age=31536000, immutable\r\n"
                              : "Cache-Control: no-cache\r\n";
    if (page->brotli.data != NULL && accepts(h, "br")) {
        variant = &page->brotli;
        coding = "Content-Encoding: br\r\n";
    } else if (page->gzip.data != NULL && accepts(h, "gzip")) {
        variant = &page->gzip;
        coding = "Content-Encoding: gzip\r\n";
    }
    const char *lines = arena_printf(h->arena, "%s%sETag: W/%s\r\nVary: Accept-Encoding\r\n",
                                     caching, coding, page->etag);
    http_send(h, status == 200 && has_it_already(h, page) ? 304 : status, type_of(page->path),
              lines, variant->data, variant->size);
}

/* /app/anything is the application's own address: its index.html answers, unless it looks like a file. */
static const struct page *page_for(struct http *h, const char *path)
{
    static const char *const applications[] = {"/app/", "/console/"};
    size_t size = strlen(path);
    const struct page *page = page_find(path);
    if (page == NULL && path[size - 1] == '/')
        page = page_find(arena_printf(h->arena, "%sindex.html", path));
    if (page == NULL)
        page = page_find(arena_printf(h->arena, "%s.html", path));
    for (int i = 0; i < 2 && page == NULL; i++)
        if (strncmp(path, applications[i], strlen(applications[i])) == 0 &&
            strchr(strrchr(path, '/'), '.') == NULL)
            page = page_find(arena_printf(h->arena, "%sindex.html", applications[i]));
    return page;
}

void pages_serve(struct http *h, const char *verb)
{
    if (strcmp(verb, "GET") != 0 && strcmp(verb, "HEAD") != 0) {
        http_send(h, 405, "text/plain; charset=utf-8", "Allow: GET, HEAD\r\n", "", 0);
        return;
    }
    if (strcmp(h->path, "/app") == 0 || strcmp(h->path, "/console") == 0) {
        http_send(h, 308, "text/plain", arena_printf(h->arena, "Location: %s/\r\n", h->path), "",
                  0);
        return;
    }
    const struct page *page = page_for(h, h->path);
    if (page != NULL) {
        send_page(h, page, 200);
        return;
    }
    page = page_find("/404.html");
    if (page != NULL)
        send_page(h, page, 404);
    else
        http_send(h, 404, "text/plain; charset=utf-8", "", "404\n", 4);
}
