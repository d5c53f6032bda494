/* Providers of e-mail: a server by SMTP (libcurl), or files for development. */
#include "mail.h"

#include "mime.h"
#include "secret.h"
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT_S = 10, SEND_S = 60, ID_BYTES = 12 };

static struct mail_settings mail;

void mail_set(const struct mail_settings *settings)
{
    mail = *settings;
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* The message as text (malloc); NULL: `error` says why. */
static char *made(const struct letter *letter, char id[static 2 * ID_BYTES + 1], size_t *ret_size,
                  char *error, size_t size)
{
    secret_random_hex(id, ID_BYTES);
    char *text = mime_make(letter, mail.from_name, mail.from_address, id, ret_size);
    if (text == NULL)
        snprintf(error, size,
                 "the message cannot be made: its address has signs that none may have");
    return text;
}

/* ---- development: each message is a file that appears whole */

static bool write_whole(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t some = write(fd, text, size);
        if (some < 0)
            return false;
        text += some, size -= (size_t)some;
    }
    return true;
}

static bool development_send(const struct letter *letter, char *error, size_t size)
{
    char id[2 * ID_BYTES + 1], path[600], partial[610];
    size_t length = 0;
    char *text = made(letter, id, &length, error, size);
    if (text == NULL)
        return false;
    snprintf(path, sizeof path, "%s/%s.eml", provider_folder(), id);
    snprintf(partial, sizeof partial, "%s.part", path);
    int fd = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool done = fd >= 0 && write_whole(fd, text, length);
    if (fd >= 0 && close(fd) != 0)
        done = false;
    done = done && rename(partial, path) == 0;
    if (!done)
        snprintf(error, size, "%s", strerror(errno));
    free(text);
    return done;
}

/* ---- SMTP */

struct outgoing {
    const char *text;
    size_t left;
};

static size_t give(char *buffer, size_t one, size_t count, void *owner)
{
    struct outgoing *outgoing = owner;
    size_t some = one * count < outgoing->left ? one * count : outgoing->left;
    memcpy(buffer, outgoing->text, some);
    outgoing->text += some, outgoing->left -= some;
    return some;
}

/* A password is never sent in the clear. */
static CURLcode perform(CURL *curl, const char *address, struct outgoing *outgoing, char *words)
{
    struct curl_slist *to = curl_slist_append(NULL, address);
    bool logs_in = mail.user[0] != '\0';
    curl_easy_setopt(curl, CURLOPT_URL, mail.url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(logs_in ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    if (logs_in) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, mail.user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, mail.password);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail.from_address);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, outgoing);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SEND_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
    CURLcode code = to == NULL ? CURLE_OUT_OF_MEMORY : curl_easy_perform(curl);
    curl_slist_free_all(to);
    return code;
}

static bool smtp_send(const struct letter *letter, char *error, size_t size)
{
    char id[2 * ID_BYTES + 1], words[CURL_ERROR_SIZE] = "";
    size_t length = 0;
    char *text = made(letter, id, &length, error, size);
    CURL *curl = curl_easy_init();
    CURLcode code = CURLE_FAILED_INIT;
    if (text != NULL && curl != NULL) {
        code = perform(curl, letter->address, &(struct outgoing){text, length}, words);
        if (code != CURLE_OK)
            snprintf(error, size, "%s", words[0] != '\0' ? words : curl_easy_strerror(code));
    }
    curl_easy_cleanup(curl);
    free(text);
    return code == CURLE_OK;
}

const struct provider mail_providers[] = {
    {"none",        false, true,  NULL            },
    {"development", true,  false, development_send},
    {"smtp",        true,  true,  smtp_send       },
    {NULL,          false, false, NULL            },
};
