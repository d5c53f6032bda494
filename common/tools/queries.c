/* guild-queries: makes C statements from a queries.sql.

       guild-queries FILE NAME OUT    writes OUT.c and OUT.h: sql_… of each statement, and NAME_statements[]

   A statement begins with `-- name: it` and ends with a semicolon. `:word` becomes $n; `::`, strings, quoted names,
   comments and dollar quotes are left alone. Lines `-- keyed` and `-- audit: action object_column` below the name ask
   for what stands in common/service.h: the answer is kept with the idempotency key, the act in the audit. Both need
   a statement of the form `WITH … answer AS (…) SELECT * FROM answer;`. */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMS_MAX = 48, NAME_MAX_SIZE = 64 };

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

/* The end of a string, quoted name or dollar quote that begins at r->at; NULL: none begins there. */
static const char *quoted_end(const struct reader *r)
{
    const char *at = r->at;
    if (*at == '\'' || *at == '"') {
        const char *end = strchr(at + 1, *at);
        if (end == NULL)
            fail(r, "a quote that does not end", "");
        return end + 1; /* a doubled quote begins the next one */
    }
    if (*at == '$' && !isdigit((unsigned char)at[1])) {
        size_t tag = 1;
        while (is_word(at[tag]))
            tag++;
        if (at[tag] != '$')
            return NULL;
        char mark[NAME_MAX_SIZE];
        snprintf(mark, sizeof mark, "%.*s", (int)tag + 1, at);
        const char *end = strstr(at + tag + 1, mark);
        if (end == NULL)
            fail(r, "a dollar quote that does not end", "");
        return end + tag + 1;
    }
    return NULL;
}

static void note_word(struct query *q, const char *word, size_t size)
{
    static const char *const writing[] = {"INSERT", "UPDATE", "DELETE", "LOCK", "MERGE"};
    for (size_t i = 0; i < sizeof writing / sizeof writing[0]; i++)
        if (strlen(writing[i]) == size && strncasecmp(writing[i], word, size) == 0)
            q->writes = true;
}

/* One statement's text, up to its semicolon; blanks and comments are folded. */
static void read_text(struct reader *r, struct query *q)
{
    while (*r->at != ';') {
        const char *end;
        if (*r->at == '\0')
            fail(r, "no semicolon after", q->name);
        if (r->at[0] == '-' && r->at[1] == '-') {
            r->at += strcspn(r->at, "\n");
        } else if (isspace((unsigned char)*r->at)) {
            r->at += strspn(r->at, " \t\r\n");
            if (q->size > 0 && *r->at != ';')
                put(q, " ", 1);
        } else if ((end = quoted_end(r)) != NULL) {
            put(q, r->at, (size_t)(end - r->at));
            r->at = end;
        } else if (r->at[0] == ':' && r->at[1] == ':') {
            put(q, "::", 2);
            r->at += 2;
        } else if (r->at[0] == ':' && isalpha((unsigned char)r->at[1])) {
            size_t size = 1;
            while (is_word(r->at[size]))
                size++;
            put_param(q, r, r->at + 1, size - 1);
            r->at += size;
        } else {
            size_t size = 1;
            if (is_word(*r->at))
                while (is_word(r->at[size]))
                    size++;
            note_word(q, r->at, size);
            put(q, r->at, size);
            r->at += size;
        }
    }
    r->at++;
}

/* Puts a piece of SQL with :names behind what there is. */
static void put_sql(struct query *q, const struct reader *r, const char *sql)
{
    struct reader piece = {r->file, sql, sql};
    struct query *into = q;
    read_text(&piece, into);
}

/* Between the last CTE and the final SELECT go the ones that keep the answer and the audit. */
static void put_keeping(struct reader *r, struct query *q)
{
    static const char ending[] = "SELECT * FROM answer";
    size_t size = sizeof ending - 1;
    while (q->size > 0 && q->text[q->size - 1] == ' ')
        q->size--;
    if (q->size < size || memcmp(q->text + q->size - size, ending, size) != 0)
        fail(r, "keyed or audited, but does not end with SELECT * FROM answer:", q->name);
    q->size -= size;
    if (q->keyed)
        put_sql(q, r,
                ", answer_kept AS (UPDATE idempotency SET answer = "
                "(SELECT coalesce(jsonb_agg(to_jsonb(answer)), '[]') FROM answer) "
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

/* `-- name: it`, then `-- keyed` and `-- audit: x y` among the comment lines below it. */
static bool read_query(struct reader *r, struct query *q)
{
    const char *head = strstr(r->at, "-- name:");
    if (head == NULL)
        return false;
    *q = (struct query){.size = 0};
    r->at = head;
    if (sscanf(head, "-- name: %63[a-z0-9_]", q->name) != 1)
        fail(r, "a statement without a name", "");
    for (r->at += strcspn(r->at, "\n"); *r->at == '\n' && strncmp(r->at + 1, "--", 2) == 0;
         r->at += strcspn(r->at, "\n")) {
        r->at++;
        if (strncmp(r->at, "-- keyed", 8) == 0)
            q->keyed = true;
        if (strncmp(r->at, "-- audit:", 9) == 0 &&
            sscanf(r->at, "-- audit: %63s %63s", q->audit, q->object) != 2)
            fail(r, "audit: wants an action and a column, in", q->name);
    }
    read_text(r, q);
    if (q->keyed || q->audit[0] != '\0')
        put_keeping(r, q);
    return true;
}

static void write_query(FILE *c, FILE *h, const struct query *q)
{
    fprintf(h, "extern const struct statement sql_%s;\n", q->name);
    fprintf(c, "\nstatic const char *const params_%s[] = {", q->name);
    for (size_t i = 0; i < q->params_count; i++)
        fprintf(c, "\"%s\", ", q->params[i]);
    fprintf(c, "NULL};\nconst struct statement sql_%s = {\n    .name = \"%s\",\n    .text = \"",
            q->name, q->name);
    for (size_t i = 0; i < q->size; i++) {
        if (q->text[i] == '"' || q->text[i] == '\\')
            fputc('\\', c);
        fputc(q->text[i] == '\n' ? ' ' : q->text[i], c);
    }
    fprintf(c,
            "\",\n    .params = params_%s,\n    .params_count = %zu,\n    .writes = %s,\n"
            "    .keyed = %s,\n};\n",
            q->name, q->params_count, q->writes ? "true" : "false", q->keyed ? "true" : "false");
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1024 * 1024 + 1);
    if (file == NULL || text == NULL) {
        perror(path);
        exit(1);
    }
    if (fread(text, 1, 1024 * 1024, file) == 1024 * 1024)
        exit(1); /* larger than any file of statements */
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

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: guild-queries FILE NAME OUT\n");
        return 2;
    }
    char *text = read_file(argv[1]);
    struct reader r = {argv[1], text, text};
    struct query q;
    char list[65536] = "";
    size_t size = 0;
    FILE *h = open_out(argv[3], ".h"), *c = open_out(argv[3], ".c");

    fprintf(h, "/* Made from %s's statements. */\n#include \"db.h\"\n\n", argv[2]);
    fprintf(c, "#include \"%s_queries.h\"\n", argv[2]);
    while (read_query(&r, &q)) {
        write_query(c, h, &q);
        size += (size_t)snprintf(list + size, sizeof list - size, "    &sql_%s,\n", q.name);
        free(q.text);
        if (size >= sizeof list)
            fail(&r, "too many statements", "");
    }
    fprintf(h, "\nextern const struct statement *const %s_statements[];\n", argv[2]);
    fprintf(c, "\nconst struct statement *const %s_statements[] = {\n%s    NULL,\n};\n", argv[2],
            list);
    free(text);
    return fclose(h) | fclose(c);
}
