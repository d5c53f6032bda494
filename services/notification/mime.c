#include "mime.h"

#include "clock.h"
#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_BYTES = 57, WORD_BYTES = 42 }; /* 76 characters a line, 75 an encoded word */

static bool is_clean(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static void put_base64(FILE *out, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    char line[LINE_BYTES / 3 * 4 + 1];
    for (size_t at = 0; at < size; at += LINE_BYTES) {
        size_t some = size - at < LINE_BYTES ? size - at : LINE_BYTES;
        sodium_bin2base64(line, sizeof line, bytes + at, some, sodium_base64_VARIANT_ORIGINAL);
        fprintf(out, "%s\r\n", line);
    }
}

/* Encoded words, cut between characters (RFC 2047). */
static void put_words(FILE *out, const char *text)
{
    char word[WORD_BYTES / 3 * 4 + 1];
    size_t left = strlen(text);
    while (left > 0) {
        size_t some = left < WORD_BYTES ? left : WORD_BYTES;
        while (some < left && ((unsigned char)text[some] & 0xc0) == 0x80)
            some--;
        sodium_bin2base64(word, sizeof word, (const unsigned char *)text, some,
                          sodium_base64_VARIANT_ORIGINAL);
        fprintf(out, "=?UTF-8?B?%s?=", word);
        text += some, left -= some;
        if (left > 0)
            fputs("\r\n ", out);
    }
}

/* A file's name in any language (RFC 2231). */
static void put_file_name(FILE *out, const char *name)
{
    fputs("filename*=UTF-8''", out);
    for (; *name != '\0'; name++)
        if (isalnum((unsigned char)*name) || *name == '.' || *name == '-' || *name == '_')
            fputc(*name, out);
        else
            fprintf(out, "%%%02X", (unsigned char)*name);
}

/* "2026-11-24T16:16:52.519Z" as RFC 5322 has it. */
static void put_date(FILE *out)
{
    static const char days[] = "SunMonTueWedThuFriSat",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char now[25];
    struct tm tm = {0};
    clock_utc_text(now);
    strptime(now, "%Y-%m-%dT%H:%M:%S", &tm); /* finds the day of the week, too */
    fprintf(out, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + (size_t)tm.tm_wday * 3,
            tm.tm_mday, months + (size_t)tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
            tm.tm_sec);
}

static void put_text(FILE *out, const char *text)
{
    fputs("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
          out);
    put_base64(out, text, strlen(text));
}

static void put_file(FILE *out, const struct letter *letter)
{
    fprintf(out,
            "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: "
            "attachment; ",
            letter->file_type);
    put_file_name(out, letter->file_name);
    fputs("\r\n\r\n", out);
    put_base64(out, letter->file, letter->file_size);
}

static void put_head(FILE *out, const struct letter *letter, const char *from_name,
                     const char *from_address, const char *id)
{
    const char *domain = strchr(from_address, '@');
    fputs("From: ", out);
    put_words(out, from_name);
    fprintf(out, " <%s>\r\nTo: <%s>\r\nSubject: ", from_address, letter->address);
    put_words(out, letter->subject);
    fputs("\r\n", out);
    put_date(out);
    fprintf(out, "Message-ID: <%s%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n",
            id, domain == NULL ? "@localhost" : domain);
}

char *mime_make(const struct letter *letter, const char *from_name, const char *from_address,
                const char *id, size_t *ret_size)
{
    char *text = NULL;
    if (!is_clean(letter->address) || !is_clean(from_address) || !is_clean(from_name) ||
        strpbrk(letter->address, "<> ,") != NULL ||
        (letter->file != NULL && !is_clean(letter->file_type)))
        return NULL;
    FILE *out = open_memstream(&text, ret_size);
    if (out == NULL)
        return NULL;
    put_head(out, letter, from_name, from_address, id);
    if (letter->file == NULL) {
        put_text(out, letter->text);
    } else { /* base64 has no hyphen, so that no line of it is a boundary */
        fprintf(out, "Content-Type: multipart/mixed; boundary=\"part-%s\"\r\n\r\n--part-%s\r\n", id,
                id);
        put_text(out, letter->text);
        fprintf(out, "--part-%s\r\n", id);
        put_file(out, letter);
        fprintf(out, "--part-%s--\r\n", id);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
