# Backups: the database and its log by pgbackrest, encrypted; attachments, which are sealed already, as copies. Sourced.
# Needs: deploy/lib/tool.sh.

backup_conf=secrets/backup.conf # in the data folder: where to, and with which password

# backup_write FILE DATABASE REPOSITORY PASSWORD: pgbackrest's settings
backup_write() {
    owner_write "$1" <<END
[global]
repo1-path=$3
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=$4
repo1-retention-full=8
compress-type=lz4
exclude=disk-reserve
log-path=$data/logs
lock-path=$run
log-level-console=warn
log-level-file=info
start-fast=y

[guild]
pg1-path=$2
pg1-socket-path=$run
pg1-user=guild
pg1-database=guild
END
}

# backup_folder: where the backups of this platform are; nothing: there are none
backup_folder() {
    [ ! -f "$data/$backup_conf" ] || sed -n 's,^repo1-path=\(.*\)/database$,\1,p' "$data/$backup_conf"
}

# backup_run CONF ARGUMENT…
backup_run() {
    local conf=$1
    shift
    as_owner env -i PATH=/usr/bin:/bin LANG=C.UTF-8 TZ=Asia/Shanghai pgbackrest --config="$conf" --stanza=guild "$@"
}

# backup_begin FOLDER: from now on the log goes there; PostgreSQL is started again once, for that
backup_begin() {
    local password old
    mkdir -p "$1"
    folder_private "$1/database"
    folder_private "$1/attachments"
    [ -f "$data/secrets/backup.pass" ] ||
        od -An -N32 -tx1 /dev/urandom | tr -d ' \n' | owner_write "$data/secrets/backup.pass"
    password=$(cat "$data/secrets/backup.pass")
    backup_write "$data/$backup_conf" "$data/postgresql" "$1/database" "$password"
    backup_run "$data/$backup_conf" stanza-create
    store_create
    old=$(cat "$run/postgresql.pid")
    owner_kill INT "$old"
    wait_for 60 program_is_other postgresql "$old"
    wait_for 60 store_answers
}

# backup_copy FROM TO: attachments are written once, so that a copy made after the database has all that it names. Only they:
# on a disk of its own the folder has a reserve, too (guildctl disk).
backup_copy() {
    as_owner find "$1" -mindepth 1 -maxdepth 1 -name '[0-9a-f][0-9a-f]' -exec cp -an -t "$2" {} +
    as_owner sync -f "$2"
}

# restore_database CONF DATABASE [TIME]: into an empty folder
restore_database() {
    local target=()
    [ -z "${3-}" ] || target=(--type=time "--target=$3" --target-action=promote)
    folder_private "$2"
    backup_run "$1" "${target[@]}" restore
}

# restore_start: PostgreSQL alone reads the log to the end of what was asked for
restore_start() {
    store_create
    programs_write postgresql:INT
    supervisor_start
    wait_for 600 restore_is_over
}

restore_is_over() {
    [ "$(owner_psql -d guild -c 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]
}

# What may never be, in the restored database: a line for each.
restore_differences() {
    owner_psql -d guild <<'SQL'
SELECT 'ledger: ' || d FROM payment.ledger_differences() AS d;
SELECT 'submissions of account ' || account_id || ', ' || kind || ': a version is missing' FROM certification.submission
 GROUP BY account_id, kind HAVING max(version) <> count(*);
SELECT 'review of a version that was never handed in: ' || id FROM certification.review r
 WHERE NOT EXISTS (SELECT FROM certification.submission s WHERE (s.account_id, s.kind, s.version) = (r.account_id, r.kind, r.version));
SQL
}

# newest_write TIME: when somebody wrote last, until then; seconds since 1970
newest_write() {
    owner_psql -d guild -c "SELECT coalesce(round(extract(epoch FROM max(at)), 3), 0) FROM (
        SELECT max(created_at) FILTER (WHERE created_at <= '$1') AS at FROM auth.outbox
        UNION ALL SELECT max(created_at) FILTER (WHERE created_at <= '$1') FROM certification.outbox
        UNION ALL SELECT max(created_at) FILTER (WHERE created_at <= '$1') FROM payment.outbox
        UNION ALL SELECT max(at) FILTER (WHERE at <= '$1') FROM auth.audit
        UNION ALL SELECT max(at) FILTER (WHERE at <= '$1') FROM certification.audit
        UNION ALL SELECT max(at) FILTER (WHERE at <= '$1') FROM payment.audit) AS newest"
}
