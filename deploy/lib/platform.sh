# One platform on one machine: its data folder, its user, its PostgreSQL and Redis, its programs. Sourced by the
# programs of deploy/ and by tests/support/with-platform: there is one way to start a platform.
# Needs: $root (the checkout); messages.sh, environment.sh.
#
# The data folder (see platform_folders) keeps everything that must last. Sockets, pid files and the programs'
# start scripts are in a short private folder of their own, because a socket's path may have 107 bytes only.
#
# Set by platform_open: $named (the folder as asked for), $data (where it really is), $run, $owner (the system user
# that all programs run as), $port (of the running or last started gateway).

marker=platform # a file in the data folder: it is ours
durable=yes     # no: PostgreSQL need not survive a power cut (tests only)
hash_mib=64     # memory of a password's hash; 19: the least that there may be (tests with sanitizers only)

# platform_open FOLDER [USER]: USER instead of `guild` for a new platform that root starts. Whose an existing one is,
# its folders tell: root may look after a platform of another user.
platform_open() {
    local hash starter
    named=$(realpath -ms -- "$1")
    data=$(realpath -m -- "$named")
    case $data in *[\'\\]*) die "the path $data has a quote or a backslash in it" "Choose another --data." ;; esac
    hash=$(printf '%s' "$data" | sha256sum | cut -c1-8)
    if [ -d "$data/secrets" ]; then
        owner=$(stat -c %U "$data/secrets")
        starter=$(stat -c %u "$data")
    else
        starter=$(id -u)
        owner=$(id -un)
        [ "$starter" -ne 0 ] || owner=${2-guild}
    fi
    run=/tmp/guild-$starter-$hash
    [ "$starter" -ne 0 ] || run=/run/guild-$hash
    programs_count 1 2
    port=
    [ ! -r "$data/$marker" ] || port=$(sed -n 's/^port=//p' "$data/$marker")
}

platform_is_ours() {
    [ -f "$data/$marker" ]
}

# as_owner COMMAND…: as the platform's user, from a folder that he can enter
as_owner() (
    cd /
    if [ "$(id -un)" = "$owner" ]; then
        exec "$@"
    else
        exec setpriv --reuid="$owner" --regid="$(id -g "$owner")" --init-groups -- "$@"
    fi
)

# owner_write FILE [MODE]: input to a file that is whole or not there. By the owner himself: root never writes in a
# folder that the platform's user may change.
owner_write() {
    as_owner bash -c 'umask 077 && cat >"$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"' owner_write "$1" "${2-600}"
}

# owner_kill SIGNAL PID
owner_kill() {
    as_owner bash -c 'kill -s "$1" "$2"' owner_kill "$1" "$2"
}

# ---- folders and secrets

user_create() {
    id "$owner" >/dev/null 2>&1 ||
        useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$owner"
}

folder_private() {
    [ ! -L "$1" ] || return 1
    mkdir -p -m 700 "$1"
    chown "$owner:" "$1"
    chmod 700 "$1"
}

# Where the data folder lies behind a door that is closed to the platform's user, it becomes a link.
data_create() {
    mkdir -p "$data"
    chmod 755 "$data"
    as_owner test -x "$data/." && return
    local elsewhere
    elsewhere=/var/lib/guild-$(printf '%s' "$named" | sha256sum | cut -c1-8)
    rmdir "$data"
    mkdir -p "$elsewhere"
    ln -s "$elsewhere" "$named"
    platform_open "$named" "$owner"
}

# platform_folders: makes what is absent
platform_folders() {
    if ! platform_is_ours && [ -n "$(ls -A "$data" 2>/dev/null)" ]; then
        die "$named is not empty and no data folder of this platform" "Choose another --data."
    fi
    user_create
    data_create
    mkdir -p "$data/app"
    local folder
    for folder in "$run" "$data/logs" "$data/secrets" "$data/secrets/keys" "$data/secrets/passwords" \
        "$data/attachments" "$data/sms" "$data/reserve"; do
        folder_private "$folder" || die "$folder is not ours" "Look who made it, and remove it."
    done
    [ -f "$data/$marker" ] || : >"$data/$marker"
}

# platform_set_port N: kept for the next start
platform_set_port() {
    port=$1
    printf 'port=%s\n' "$port" >"$data/$marker"
}

# platform_set_clamd SOCKET: kept for the next starts; none: files are not scanned
platform_set_clamd() {
    rm -f "$data/clamd"
    [ "$1" = none ] || printf '%s\n' "$1" >"$data/clamd"
}

# platform_set_ocr PROVIDER: kept for the next starts; none: licences are not read
platform_set_ocr() {
    rm -f "$data/ocr"
    [ "$1" = none ] || printf '%s\n' "$1" >"$data/ocr"
}

# A password for each service's role, and the file in which libpq looks for it.
passwords_create() {
    local service password folder=$data/secrets/passwords
    for service in "${schemas[@]}"; do
        [ -f "$folder/$service.pgpass" ] && continue
        password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
        printf '%s\n' "$password" | owner_write "$folder/$service"
        printf '*:*:guild:guild_%s:%s\n' "$service" "$password" | owner_write "$folder/$service.pgpass"
    done
}

# ---- PostgreSQL and Redis

# The folder of PostgreSQL's programs: of the version that made the data folder, else of the newest installed.
postgresql_bin() {
    local version
    version=$(cat "$data/postgresql/PG_VERSION" 2>/dev/null) ||
        version=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | tail -n 1)
    printf '/usr/lib/postgresql/%s/bin' "$version"
}

# Made aside and renamed, so that an interrupted start leaves no half of it. Checksums, and a locale that knows
# Chinese letters: with C, the search by parts of words silently finds nothing.
postgresql_create() {
    local new=$data/postgresql.new
    [ ! -d "$data/postgresql" ] || return 0
    rm -rf "$new"
    folder_private "$new"
    as_owner "$(postgresql_bin)/initdb" -D "$new" -U guild -A peer --data-checksums --locale=C.UTF-8 \
        --encoding=UTF8 --no-instructions
    mv "$new" "$data/postgresql"
}

# PostgreSQL's log tells neither statements nor the values that broke a rule: both hold personal data.
postgresql_conf() {
    cat <<END
listen_addresses = ''
unix_socket_directories = '$run'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
max_connections = 300
shared_buffers = 128MB
jit = off
timezone = 'Asia/Shanghai'
log_timezone = 'Asia/Shanghai'
log_line_prefix = '%m [%p] %u '
log_error_verbosity = terse
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
fsync = $1
full_page_writes = $1
synchronous_commit = $1
END
    [ ! -f "$data/secrets/backup.conf" ] || cat <<END
archive_mode = on
archive_command = 'pgbackrest --config=$data/secrets/backup.conf --stanza=guild archive-push %p'
archive_timeout = 60s
END
}

redis_conf() {
    cat <<END
port 0
unixsocket $run/redis.sock
unixsocketperm 700
dir "$data/redis"
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
daemonize no
END
}

store_create() {
    local on=on
    [ "$durable" = yes ] || on=off
    postgresql_create
    postgresql_conf "$on" | owner_write "$data/postgresql/postgresql.conf"
    printf '%s\n' 'local all guild peer map=owner' 'local guild all scram-sha-256' |
        owner_write "$data/postgresql/pg_hba.conf"
    printf '%s\n' "owner $owner guild" 'owner root guild' | owner_write "$data/postgresql/pg_ident.conf"
    folder_private "$data/redis"
    redis_conf | owner_write "$data/redis/redis.conf"
}

store_answers() {
    "$(postgresql_bin)/pg_isready" -q -h "$run" -U guild -d postgres && [ "$(redis-cli -s "$run/redis.sock" ping 2>/dev/null)" = PONG ]
}

owner_psql() {
    as_owner "$(postgresql_bin)/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$run" -U guild "$@"
}

database_create() {
    [ "$(owner_psql -d postgres -c "SELECT count(*) FROM pg_database WHERE datname = 'guild'")" -eq 1 ] ||
        owner_psql -d postgres -c 'CREATE DATABASE guild'
}

# ---- programs

# program_script NAME: the start script. Nothing of the caller's environment gets through.
program_script() {
    local settings=()
    mapfile -t settings < <(program_settings "$1")
    printf '#!/bin/bash\nexec env -i PATH=/usr/bin:/bin LANG=C.UTF-8 TZ=Asia/Shanghai'
    [ ${#settings[@]} -eq 0 ] || printf ' \\\n    %q' "${settings[@]}"
    printf ' \\\n    %s\n' "$(program_command "$1")"
}

# program_stamp NAME: changes when the program, its settings or (gateway) the pages do
program_stamp() {
    local folder=$data/app
    cat "$run/$1.run"
    [ ! -f "$folder/bin/guild-${1%-[0-9]*}" ] || stat -L -c '%Y %s' "$folder/bin/guild-${1%-[0-9]*}"
    [ ! -d "$folder/share/guild/web" ] || [ "${1%-[0-9]*}" != gateway ] ||
        find "$folder/share/guild/web" -type f -printf '%T@ %s %p\n' | sort
}

# programs_write LINE…: the supervisor's list (a group to a line), and the start scripts
programs_write() {
    local line word name
    for line in "$@"; do
        for word in $line; do
            name=${word%%:*}
            program_script "$name" | owner_write "$run/$name.run" 700
        done
    done
    printf '%s\n' "$@" | owner_write "$run/programs"
}

# Reads 'postgresql:INT redis', writes their names.
program_names() {
    tr -s ' ' '\n' <"$run/programs" | sed 's/:.*//'
}

supervisor_pid() {
    cat "$run/supervise.lock" 2>/dev/null
}

platform_is_running() {
    [ -f "$run/supervise.lock" ] && ! flock -n "$run/supervise.lock" true
}

# Starts the supervisor, or has the running one read its list again.
supervisor_start() {
    if platform_is_running; then
        owner_kill HUP "$(supervisor_pid)"
        return
    fi
    local files
    files=$(ulimit -Hn)
    [ "$files" != unlimited ] && [ "$files" -le 65536 ] || files=65536
    (
        ulimit -Sn "$files"
        as_owner setsid env -i PATH=/usr/bin:/bin LANG=C.UTF-8 TZ=Asia/Shanghai \
            bash -c 'exec "$1" "$2" "$3" >>"$3/supervise.log" 2>&1' supervise \
            "$data/app/bin/guild-supervise" "$run" "$data/logs" </dev/null >/dev/null 2>&1 9>&- &
    )
}

# wait_for SECONDS COMMAND…: until the command succeeds
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.05
    done
}

store_start() {
    store_create
    programs_write "$programs_store"
    supervisor_start
    wait_for 30 store_answers || {
        programs_explain
        return 1
    }
    database_create
}

services_start() {
    programs_write "$programs_store" "$programs_services" "$programs_gateway"
    local name
    for name in $(program_names); do
        program_stamp "$name" | owner_write "$run/$name.stamp"
    done
    supervisor_start
    wait_for 60 gateway_is_ready || {
        programs_explain
        return 1
    }
}

# Which programs did not come up, and their last words.
programs_explain() {
    local name
    for name in $(program_names); do
        [ "$(grep -c "$name: started" "$data/logs/supervise.log")" -gt 3 ] || continue
        printf '%s starts again and again; its last words:\n' "$name"
        tail -n 2 "$data/logs/$name.log"
    done
}

# http_status PATH: what the gateway answers, by bash alone
http_status() {
    local version status
    {
        printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$1" "$port" >&8 &&
            read -r -t 5 version status _ <&8 && printf '%s' "$status"
    } 2>/dev/null 8<>"/dev/tcp/127.0.0.1/$port"
    [ -n "${version-}" ]
}

gateway_is_ready() {
    [ "$(http_status /readyz)" = 200 ]
}

# port_is_taken N: somebody listens there
port_is_taken() {
    (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Restarts, one after the other, the programs that are not what runs; the supervisor starts what is new or ended.
programs_renew() {
    local name old
    supervisor_start
    for name in $(program_names); do
        program_stamp "$name" | cmp -s - "$run/$name.stamp" && continue
        old=$(cat "$run/$name.pid" 2>/dev/null || true)
        [ -z "$old" ] || owner_kill TERM "$old"
        wait_for 40 program_is_other "$name" "$old"
        wait_for 30 gateway_is_ready
        program_stamp "$name" | owner_write "$run/$name.stamp"
    done
}

program_is_other() {
    local now
    now=$(cat "$run/$1.pid" 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$2" ]
}

# programs_changed: names of those that programs_renew would restart
programs_changed() {
    local name
    for name in $(program_names); do
        program_stamp "$name" | cmp -s - "$run/$name.stamp" || printf '%s\n' "$name"
    done
}

# guildctl ARGUMENT…: as the platform's user, with its settings
guildctl() {
    local settings=()
    mapfile -t settings < <(program_settings guildctl)
    as_owner env -i PATH=/usr/bin:/bin LANG=C.UTF-8 TZ=Asia/Shanghai "${settings[@]}" "$data/app/bin/guildctl" "$@"
}

migrate() {
    local share=$data/app/share/guild
    passwords_create
    guildctl migrate --schema "$share/schema" --passwords "$data/secrets/passwords" \
        --association "$share/association.json"
}

keys_create() {
    guildctl keys create "$data/secrets/keys" gateway "${schemas[@]}"
}

# staff_create LOGIN NAME ROLE: prints the one-time password
staff_create() {
    guildctl staff create --login "$1" --name "$2" --role "$3"
}

platform_stop() {
    platform_is_running || return 0
    owner_kill TERM "$(supervisor_pid)"
    wait_for 120 platform_has_ended
}

platform_has_ended() {
    ! platform_is_running
}

# One deploy/up at a time in a data folder; held until the program ends.
platform_lock() {
    exec 9>"$data/lock"
    flock 9
}

# Removes the data folder and all that belongs to it.
platform_purge() {
    platform_is_ours || die "$named is no data folder of this platform" "Nothing was removed."
    rm -rf "${run:?}" "${data:?}"
    [ ! -L "$named" ] || rm "$named"
}
