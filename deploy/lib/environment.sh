# Every program of the platform and every setting it is given. Sourced; the only place that spells them.
# Needs: $data, $run, $port of platform.sh.

# The fixed order of starting; the supervisor stops them in the reverse order (deploy/supervise/main.c).
programs_store="postgresql:INT redis"

# programs_count GATEWAYS INSTANCES: so many gateways (gateway, gateway-2, …, each a port further) and instances of certification
programs_count() {
    local n
    programs_gateway=gateway
    programs_services="notification payment"
    bus_addresses=ipc://$run/bus.sock
    for ((n = 1; n <= $2; n++)); do
        programs_services+=" certification-$n"
    done
    programs_services+=" auth"
    for ((n = 2; n <= $1; n++)); do
        programs_gateway+=" gateway-$n"
        bus_addresses+=",ipc://$run/bus-$n.sock"
    done
}

# The services that have a schema and a role in the database.
schemas=(auth certification payment notification)

# conninfo ROLE [OPTION…]: how a program reaches the database
conninfo() {
    local role=$1
    shift
    printf '%s' "host=$run dbname=guild user=$role connect_timeout=2${*:+ $*}"
}

# file_settings: what a service is given that keeps files of people
file_settings() {
    echo "GUILD_BLOB_FOLDER=$data/attachments"
    echo "GUILD_FIELD_KEY_FILE=$data/secrets/keys/field.key"
    echo "GUILD_IMAGE_PROGRAM=$data/app/bin/guild-image"
    [ ! -r "$data/clamd" ] || echo "GUILD_CLAMD_SOCKET=$(cat "$data/clamd")"
}

# service_settings NAME SERVICE INSTANCE: what all services are given, one NAME=VALUE a line
service_settings() {
    local keys=$data/secrets/keys
    cat <<END
GUILD_LOG_LEVEL=info
GUILD_ENVIRONMENT=development
GUILD_INSTANCE=$3
GUILD_ADMIN=$run/$1.admin
GUILD_GATEWAYS=$bus_addresses
GUILD_BUS_SECRET_FILE=$keys/bus-$2.key
GUILD_BUS_KEYS_FILE=$keys/bus.keys
GUILD_DATABASE=$(conninfo "guild_$2" "application_name=$1" "passfile='$data/secrets/passwords/$2.pgpass'")
GUILD_PRINCIPAL_PUBLIC_KEY_FILE=$keys/principal-public.key
GUILD_EVENT_KEY_FILE=$keys/event.key
GUILD_DISK_FOLDER=$data
END
}

# program_settings NAME: the environment of one program, one NAME=VALUE a line
program_settings() {
    local keys=$data/secrets/keys
    case $1 in
    postgresql | redis) ;;
    notification)
        service_settings "$1" notification 1
        echo "GUILD_SMS_PROVIDER=development"
        echo "GUILD_SMS_FOLDER=$data/sms"
        echo "GUILD_MAIL_PROVIDER=development"
        echo "GUILD_MAIL_FROM=association@localhost"
        ;;
    payment)
        service_settings "$1" payment 1
        file_settings
        echo "GUILD_CERTIFICATE_KEY_FILE=$keys/certificate.key"
        echo "GUILD_SITE=http://127.0.0.1:$port"
        ;;
    certification-*)
        service_settings "$1" certification "${1#certification-}"
        file_settings
        echo "GUILD_SITE=http://127.0.0.1:$port"
        echo "GUILD_OCR_PROGRAM=$data/app/bin/guild-ocr"
        [ ! -r "$data/ocr" ] || echo "GUILD_OCR_PROVIDER=$(cat "$data/ocr")"
        ;;
    auth)
        service_settings "$1" auth 1
        echo "GUILD_REDIS=$run/redis.sock"
        echo "GUILD_PRINCIPAL_SECRET_KEY_FILE=$keys/principal-secret.key"
        echo "GUILD_PEPPER_KEY_FILE=$keys/pepper.key"
        echo "GUILD_ARGON2_MIB=$hash_mib"
        # on one machine everybody comes from the same address
        echo "GUILD_SMS_PER_ADDRESS_HOUR=1000"
        ;;
    gateway | gateway-*)
        local n=${1#gateway}
        n=${n#-}
        # on one machine everybody comes from the same address: any number of requests; and there is no balancer to wait for
        cat <<END
GUILD_LOG_LEVEL=info
GUILD_ENVIRONMENT=development
GUILD_ADMIN=$run/$1.admin
GUILD_INSTANCE=${n:-1}
GUILD_HTTP=127.0.0.1:$((port + ${n:-1} - 1))
GUILD_BUS=ipc://$run/bus${n:+-$n}.sock
GUILD_BUS_SECRET_FILE=$keys/bus-gateway.key
GUILD_BUS_KEYS_FILE=$keys/bus.keys
GUILD_WEB_ROOT=$data/app/share/guild/web
GUILD_CERTIFICATE_KEYS_FILE=$keys/certificate.keys
GUILD_REQUESTS_PER_ADDRESS=0
GUILD_DRAIN_MS=0
GUILD_SERVICES=auth,certification,payment,notification
END
        ;;
    guildctl)
        echo "GUILD_DATABASE=$(conninfo guild)"
        echo "GUILD_PEPPER_KEY_FILE=$keys/pepper.key"
        echo "GUILD_SMS_FOLDER=$data/sms"
        echo "GUILD_BLOB_FOLDER=$data/attachments"
        echo "GUILD_FIELD_KEY_FILE=$keys/field.key"
        echo "GUILD_RESERVE_FOLDERS=$data/reserve,$data/postgresql,$data/redis,$data/attachments,$data/logs"
        ;;
    esac
}

# program_command NAME: its command line, quoted for a shell
program_command() {
    case $1 in
    postgresql) printf '%q ' "$(postgresql_bin)/postgres" -D "$data/postgresql" ;;
    redis) printf '%q ' /usr/bin/redis-server "$data/redis/redis.conf" ;;
    *) printf '%q ' "$data/app/bin/guild-${1%-[0-9]*}" ;;
    esac
}
