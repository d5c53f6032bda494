/* E-mails: as text, as the development provider's file, and through a real server by SMTP. */
#include "mail.h"
#include "mime.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILE_BYTES = 300000, PATH_BYTES = 600 };

static char folder[] = "/tmp/guild-mail-XXXXXX";
static unsigned char bytes[FILE_BYTES];

static struct letter letter(void)
{
    return (struct letter){.address = "caiwu@example.cn",
                           .subject = "会费票据已开具，请查收附件，感谢贵单位对协会工作的支持",
                           .text = "您好：\n票据见附件。",
                           .file_name = "票据 1.pdf",
                           .file_type = "application/pdf",
                           .file = bytes,
                           .file_size = sizeof bytes};
}

/* What stands between two lines of a message, its base64 undone. */
static size_t decoded(const char *message, const char *after, unsigned char *out, size_t size)
{
    size_t length = 0;
    const char *from = strstr(message, after), *end;
    assert_non_null(from);
    from = strstr(from, "\r\n\r\n");
    assert_non_null(from);
    end = strstr(from + 4, "\r\n--");
    size_t count = end == NULL ? strlen(from) : (size_t)(end - from);
    assert_int_equal(sodium_base642bin(out, size, from, count, "\r\n", &length, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    return length;
}

static void check_message(const char *message)
{
    static unsigned char found[FILE_BYTES + 3];
    char text[200];
    assert_non_null(strstr(message, "To: <caiwu@example.cn>\r\n"));
    assert_non_null(strstr(message, "From: =?UTF-8?B?"));
    assert_non_null(strstr(message, "filename*=UTF-8''%E7%A5%A8%E6%8D%AE%201.pdf\r\n"));
    size_t size = decoded(message, "Content-Type: text/plain", (unsigned char *)text, sizeof text);
    assert_int_equal(size, strlen(letter().text));
    assert_memory_equal(text, letter().text, size);
    assert_int_equal(decoded(message, "Content-Type: application/pdf", found, sizeof found),
                     FILE_BYTES);
    assert_memory_equal(found, bytes, FILE_BYTES);
}

/* The subject's words undone: no character is cut in two, no line is too long. */
static void check_subject(const char *message)
{
    char subject[400] = "";
    const char *line = strstr(message, "Subject: ") + strlen("Subject: ");
    for (;;) {
        const char *word = strstr(line, "=?UTF-8?B?"), *end = strstr(line, "?=");
        unsigned char part[100];
        size_t size;
        assert_ptr_equal(word, line);
        assert_true(end - line + 2 <= 75);
        assert_int_equal(sodium_base642bin(part, sizeof part, word + 10, (size_t)(end - word - 10),
                                           "", &size, NULL, sodium_base64_VARIANT_ORIGINAL),
                         0);
        assert_int_not_equal(part[0] & 0xc0, 0x80);
        strncat(subject, (char *)part, size);
        if (strncmp(end + 2, "\r\n ", 3) != 0)
            break;
        line = end + 5;
    }
    assert_string_equal(subject, letter().subject);
}

static void test_the_text(void **state)
{
    (void)state;
    struct letter whole = letter();
    size_t size;
    char *message =
        mime_make(&whole, "长治市项目全过程咨询协会", "xiehui@example.cn", "id1", &size);
    assert_int_equal(strlen(message), size);
    check_message(message);
    check_subject(message);
    for (char *at = message, *end; (end = strstr(at, "\r\n")) != NULL; at = end + 2)
        assert_true(end - at <= 998);
    free(message);

    whole.file = NULL;
    message = mime_make(&whole, "协会", "xiehui@example.cn", "id1", &size);
    assert_null(strstr(message, "multipart"));
    free(message);
}

/* No line of a stranger's becomes a header. */
static void test_addresses_that_none_may_have(void **state)
{
    static const char *const bad[] = {"a@b.cn\r\nBcc: c@d.cn", "a@b.cn>, <c@d.cn", "a@b.cn,c@d.cn"};
    size_t size;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct letter one = letter();
        one.address = bad[i];
        assert_null(mime_make(&one, "协会", "xiehui@example.cn", "id1", &size));
    }
}

/* The first file of a folder whose name ends so; malloc. */
static char *file_in(const char *path, const char *ending)
{
    char *text = NULL;
    struct dirent *entry;
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL && text == NULL) {
        char name[PATH_BYTES];
        size_t size = strlen(entry->d_name), end = strlen(ending);
        if (entry->d_name[0] == '.' || size < end ||
            strcmp(entry->d_name + size - end, ending) != 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        FILE *file = fopen(name, "r");
        text = calloc(1, 2 * FILE_BYTES);
        assert_true(fread(text, 1, 2 * FILE_BYTES - 1, file) > 0);
        fclose(file);
    }
    if (dir != NULL)
        closedir(dir);
    return text;
}

static void mail_begin(const char *url)
{
    mail_set(&(struct mail_settings){.url = url,
                                     .from_address = "xiehui@example.cn",
                                     .from_name = "长治市项目全过程咨询协会",
                                     .user = "",
                                     .password = ""});
}

static void test_the_development_provider(void **state)
{
    char error[200];
    (void)state;
    mail_begin("");
    provider_development_folder(folder);
    struct letter one = letter();
    assert_true(provider_find(mail_providers, "development")->send(&one, error, sizeof error));
    char *message = file_in(folder, ".eml");
    check_message(message);
    free(message);
    provider_development_folder("/nowhere");
    assert_false(provider_find(mail_providers, "development")->send(&one, error, sizeof error));
    assert_non_null(strstr(error, "No such file"));
}

/* ---- a real server */

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    getsockname(fd, (struct sockaddr *)&address, &size);
    close(fd);
    return ntohs(address.sin_port);
}

static bool answers(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool done = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return done;
}

static void test_smtp(void **state)
{
    char url[64], listen_at[64], maildir[PATH_BYTES], found[PATH_BYTES + 8], error[200] = "";
    int port = free_port(), waited = 0;
    struct letter one = letter();
    const struct provider *smtp = provider_find(mail_providers, "smtp");
    (void)state;
    snprintf(listen_at, sizeof listen_at, "127.0.0.1:%d", port);
    snprintf(url, sizeof url, "smtp://127.0.0.1:%d", port);
    snprintf(maildir, sizeof maildir, "%s/maildir", folder);
    mail_begin(url);
    assert_false(smtp->send(&one, error, sizeof error)); /* nobody listens yet */
    assert_string_not_equal(error, "");

    pid_t server = fork();
    if (server == 0) {
        execl("/usr/bin/python3", "python3", "-m", "aiosmtpd", "-n", "-l", listen_at, "-c",
              "aiosmtpd.handlers.Mailbox", maildir, (char *)NULL);
        _exit(127);
    }
    while (!answers(port) && waited++ < 200)
        usleep(50000);
    bool sent = smtp->send(&one, error, sizeof error);
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    assert_string_equal(sent ? "" : error, "");
    snprintf(found, sizeof found, "%s/new", maildir);
    char *message = file_in(found, "");
    assert_non_null(message);
    assert_non_null(strstr(message, "xiehui@example.cn"));
    assert_non_null(strstr(message, "filename*=UTF-8''%E7%A5%A8%E6%8D%AE%201.pdf"));
    free(message);
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    return mkdtemp(folder) == NULL || sodium_init() < 0;
}

static int tear_down(void **state)
{
    char command[PATH_BYTES];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_text),
        cmocka_unit_test(test_addresses_that_none_may_have),
        cmocka_unit_test(test_the_development_provider),
        cmocka_unit_test(test_smtp),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
