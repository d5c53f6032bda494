/* guild-queries: makes C statements from a queries.sql, or from several files of one service.

       guild-queries FILE… NAME OUT    writes OUT.c and OUT.h: sql_… of each statement, and NAME_statements[]

   A statement begins with `-- name: it` and ends with a semicolon; nothing but comments stands between statements.
   `:word` becomes $n; `::`, strings (E'' too), quoted names, comments and dollar quotes are left alone. A slice of an
   array is written with blanks or casts: `a[:low : :high]`.

   Lines `-- keyed` and `-- audit: action object_column` right below the name ask for what the build adds: the answer
   is kept with the idempotency key of the call, the act in the audit, both FROM the answer, so that a statement that
   found nothing leaves no trace. `-- writes`: a function that it calls does. The first two need a statement of the form `WITH … answer AS (…) SELECT * FROM answer;`. */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS_MAX = 48, NAME_MAX_SIZE = 64, QUERIES_MAX = 512, FILE_MAX = 1024 * 1024 };

struct reader {
    const char *file, *start, *at;
};

struct query {
    char name[NAME_MAX_SIZE], audit[NAME_MAX_SIZE], object[NAME_MAX_SIZE];
    char params[PARAMS_MAX][NAME_MAX_SIZE];
    size_t params_count;
    bool keyed, writes;
    char *text;
    size_t size, room;
};

static _Noreturn void fail(const struct reader *r, const char *what, const char *which)
{
    int line = 1;
    for (const char *at = r->start; at < r->at; at++)
        line += *at == '\n';
    fprintf(stderr, "%s:%d: %s %s\n", r->file, line, what, which);
    exit(1);
}

static void put(struct query *q, const char *text, size_t size)
{
    if (q->size + size + 1 > q->room) {
        q->room = (q->room + size + 256) * 2;
        q->text = realloc(q->text, q->room);
        if (q->text == NULL)
            abort();
    }
    memcpy(q->text + q->size, text, size);
    q->size += size;
    q->text[q->size] = '\0';
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void put_param(struct query *q, const struct reader *r, const char *name, size_t size)
{
    char number[16];
    size_t i = 0;
    if (size >= NAME_MAX_SIZE)
        fail(r, "parameter name too long in", q->name);
    while (i < q->params_count &&
           (strlen(q->params[i]) != size || memcmp(q->params[i], name, size) != 0))
        i++;
    if (i == PARAMS_MAX)
        fail(r, "too many parameters in", q->name);
    if (i == q->params_count) {
        memcpy(q->params[i], name, size);
        q->params[q->params_count++][size] = '\0';
    }
    put(q, number, (size_t)snprintf(number, sizeof number, "$%zu", i + 1));
}

/* E'…': a backslash takes the next character with it. */
static const char *escaped_end(const struct reader *r)
{
    const char *at = r->at + 2;
    while (*at != '\'' && *at != '\0')
        at += *at == '\\' && at[1] != '\0' ? 2 : 1;
    if (*at == '\0')
        fail(r, "a quote that does not end", "");
    return at + 1;
}

static const char *dollar_end(const struct reader *r)
{
    char mark[NAME_MAX_SIZE];
    size_t tag = 1;
    while (is_word(r->at[tag]))
        tag++;
    if (r->at[tag] != '$' || isdigit((unsigned char)r->at[1]))
        return NULL;
    if (tag + 2 > sizeof mark)
        fail(r, "a dollar quote's tag is too long", "");
    memcpy(mark, r->at, tag + 1);
    mark[tag + 1] = '\0';
    const char *end = strstr(r->at + tag + 1, mark);
    if (end == NULL)
        fail(r, "a dollar quote that does not end", "");
    return end + tag + 1;
}

/* The end of a string, quoted name or dollar quote that begins at r->at; NULL: none begins there. */
static const char *quoted_end(const struct reader *r)
{
    const char *at = r->at;
    if ((*at == 'E' || *at == 'e') && at[1] == '\'')
        return escaped_end(r);
    if (*at == '$')
        return dollar_end(r);
    if (*at != '\'' && *at != '"')
        return NULL;
    const char *end = strchr(at + 1, *at);
    if (end == NULL)
        fail(r, "a quote that does not end", "");
    return end + 1; /* a doubled quote begins the next one */
}

/* SHARE as in FOR SHARE: a row lock belongs on a write connection too. */
static void note_word(struct query *q, const char *word, size_t size)
{
    static const char *const writing[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "LOCK", "SHARE"};
    static const char advisory[] = "pg_advisory_";
    for (size_t i = 0; i < sizeof writing / sizeof writing[0]; i++)
        if (strlen(writing[i]) == size && strncasecmp(writing[i], word, size) == 0)
            q->writes = true;
    if (strncasecmp(word, advisory, sizeof advisory - 1) == 0)
        q->writes = true;
}

/* Past blanks and comments; false: none stood there. */
static bool skip_blank(struct reader *r)
{
    const char *start = r->at;
    while (true) {
        if (isspace((unsigned char)*r->at)) {
            r->at++;
        } else if (r->at[0] == '-' && r->at[1] == '-') {
            r->at += strcspn(r->at, "\n");
        } else if (r->at[0] == '/' && r->at[1] == '*') {
            const char *end = strstr(r->at + 2, "*/");
            if (end == NULL)
                fail(r, "a comment that does not end", "");
            r->at = end + 2;
        } else {
            return r->at != start;
        }
    }
}

/* The next word, name or sign: as it is, or as a parameter. */
static void read_piece(struct reader *r, struct query *q)
{
    const char *end = quoted_end(r);
    size_t size = 1;
    if (end != NULL) {
        size = (size_t)(end - r->at);
    } else if (r->at[0] == ':' && r->at[1] == ':') {
        size = 2;
    } else if (r->at[0] == ':' && isalpha((unsigned char)r->at[1])) {
        while (is_word(r->at[size]))
            size++;
        put_param(q, r, r->at + 1, size - 1);
        r->at += size;
        return;
    } else if (is_word(*r->at)) {
        while (is_word(r->at[size]))
            size++;
        note_word(q, r->at, size);
    }
    put(q, r->at, size);
    r->at += size;
}

/* One statement's text, up to its semicolon; blanks and comments are folded. */
static void read_text(struct reader *r, struct query *q)
{
    while (*r->at != ';') {
        if (*r->at == '\0')
            fail(r, "no semicolon after", q->name);
        if (!skip_blank(r))
            read_piece(r, q);
        else if (q->size > 0 && *r->at != ';')
            put(q, " ", 1);
        if (r->at[0] == '-' && strncmp(r->at, "-- name:", 8) == 0)
            fail(r, "no semicolon before this, after", q->name);
    }
    r->at++;
}

/* Puts a piece of SQL with :names, ending in a semicolon, behind what there is. */
static void put_sql(struct query *q, const struct reader *r, const char *sql)
{
    struct reader piece = {r->file, sql, sql};
    read_text(&piece, q);
}

/* Between the last CTE and the final SELECT go the ones that keep the answer and the audit. */
static void put_keeping(const struct reader *r, struct query *q)
{
    static const char ending[] = "SELECT * FROM answer";
    size_t size = sizeof ending - 1;
    if (q->size < size || memcmp(q->text + q->size - size, ending, size) != 0)
        fail(r, "keyed or audited, but does not end with SELECT * FROM answer:", q->name);
    q->size -= size;
    if (q->keyed)
        put_sql(q, r,
                ", answer_kept AS (UPDATE idempotency SET answer = "
                "(SELECT coalesce(jsonb_agg(to_jsonb(kept.*)), '[]') FROM answer AS kept) "
                "WHERE principal = :idempotency_principal AND method = :method_name "
                "AND key = :idempotency_key);");
    if (q->audit[0] != '\0') {
        char sql[1024];
        snprintf(sql, sizeof sql,
                 ", answer_audited AS (INSERT INTO audit (actor_kind, actor_id, session, action, "
                 "object, request_id) SELECT :caller_kind, :caller_id, :caller_session, '%s', "
                 "answer.%s::text, :request_id FROM answer);",
                 q->audit, q->object);
        put_sql(q, r, sql);
    }
    put_sql(q, r, " SELECT * FROM answer;");
}

/* `-- keyed`, `-- writes` and `-- audit: x y` among the comment lines below a name. */
static void read_wishes(struct reader *r, struct query *q)
{
    while (strncmp(r->at, "--", 2) == 0 && strncmp(r->at, "-- name:", 8) != 0) {
        if (strncmp(r->at, "-- keyed", 8) == 0)
            q->keyed = true;
        if (strncmp(r->at, "-- writes", 9) == 0)
            q->writes = true;
        if (strncmp(r->at, "-- audit:", 9) == 0 &&
            sscanf(r->at, "-- audit: %63[a-z0-9_.] %63[a-z0-9_]", q->audit, q->object) != 2)
            fail(r, "audit: wants an action and a column of the answer, in", q->name);
        r->at += strcspn(r->at, "\n");
        r->at += *r->at == '\n';
    }
}

/* The next statement; false: there is none. */
static bool read_query(struct reader *r, struct query *q)
{
    *q = (struct query){.size = 0};
    while (strncmp(r->at, "-- name:", 8) != 0) {
        if (*r->at == '\0')
            return false;
        if (isspace((unsigned char)*r->at))
            r->at++;
        else if (r->at[0] == '-' && r->at[1] == '-')
            r->at += strcspn(r->at, "\n");
        else
            fail(r, "text before a line `-- name: it`", "");
    }
    if (sscanf(r->at, "-- name: %63[a-z0-9_]", q->name) != 1)
        fail(r, "a statement without a name", "");
    r->at += strcspn(r->at, "\n");
    r->at += *r->at == '\n';
    read_wishes(r, q);
    read_text(r, q);
    if (q->size == 0)
        fail(r, "nothing in", q->name);
    if (q->keyed || q->audit[0] != '\0')
        put_keeping(r, q);
    return true;
}

static void write_text(FILE *c, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            fputs("\\n", c);
            continue;
        }
        if (*text == '"' || *text == '\\' || *text == '?') /* no trigraphs */
            fputc('\\', c);
        fputc(*text, c);
    }
}

static void write_query(FILE *c, FILE *h, const struct query *q)
{
    fprintf(h, "extern const struct statement sql_%s;\n", q->name);
    fprintf(c, "\nstatic const char *const params_%s[] = {", q->name);
    for (size_t i = 0; i < q->params_count; i++)
        fprintf(c, "\"%s\", ", q->params[i]);
    fprintf(c, "NULL};\nconst struct statement sql_%s = {\n    .name = \"%s\",\n    .text = \"",
            q->name, q->name);
    write_text(c, q->text);
    fprintf(c,
            "\",\n    .params = params_%s,\n    .params_count = %zu,\n    .writes = %s,\n"
            "    .keyed = %s,\n};\n",
            q->name, q->params_count, q->writes ? "true" : "false", q->keyed ? "true" : "false");
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, FILE_MAX + 1);
    if (file == NULL || text == NULL) {
        perror(path);
        exit(1);
    }
    size_t size = fread(text, 1, FILE_MAX, file);
    if (size == FILE_MAX || strlen(text) != size) {
        fprintf(stderr, "%s: too large, or holds NUL\n", path);
        exit(1);
    }
    fclose(file);
    return text;
}

static FILE *open_out(const char *out, const char *ending)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s", out, ending);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

/* All statements of a file, behind the `count` that others gave; their number. */
static size_t read_all(struct reader *r, struct query *list, size_t count)
{
    while (read_query(r, &list[count])) {
        for (size_t i = 0; i < count; i++)
            if (strcmp(list[i].name, list[count].name) == 0)
                fail(r, "a second statement of the name", list[i].name);
        if (++count == QUERIES_MAX)
            fail(r, "too many statements", "");
    }
    return count;
}

int main(int argc, char **argv)
{
    static struct query list[QUERIES_MAX];
    size_t count = 0;
    if (argc < 4) {
        fprintf(stderr, "usage: guild-queries FILE... NAME OUT\n");
        return 2;
    }
    for (int i = 1; i < argc - 2; i++) {
        char *text = read_file(argv[i]);
        struct reader r = {argv[i], text, text};
        count = read_all(&r, list, count);
        free(text);
    }
    const char *name = argv[argc - 2], *out = argv[argc - 1];
    FILE *h = open_out(out, ".h"), *c = open_out(out, ".c");

    fprintf(h, "/* Made by the build from the statements of %s. */\n#include \"db.h\"\n\n", name);
    fprintf(c, "#include \"%s_queries.h\"\n", name);
    for (size_t i = 0; i < count; i++)
        write_query(c, h, &list[i]);
    fprintf(h, "\nextern const struct statement *const %s_statements[];\n", name);
    fprintf(c, "\nconst struct statement *const %s_statements[] = {\n", name);
    for (size_t i = 0; i < count; i++) {
        fprintf(c, "    &sql_%s,\n", list[i].name);
        free(list[i].text);
    }
    fprintf(c, "    NULL,\n};\n");
    return fclose(h) == 0 && fclose(c) == 0 ? 0 : 1;
}
