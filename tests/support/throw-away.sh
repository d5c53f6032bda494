# A data folder for the time of a test. Sourced. Needs: deploy/lib/tool.sh.

# Its programs run as the caller, or for root as `postgres`, who comes with the package: no new user is left behind.
throw_away_open() {
    named=$(mktemp -d /tmp/guild-test.XXXXXX)
    platform_open "$named" postgres
    platform_folders
}

throw_away_remove() {
    platform_stop
    platform_purge
}

# port_find: a port that nobody listens on, away from those that the kernel hands out
port_find() {
    local candidate
    while candidate=$((20000 + RANDOM % 10000)); do
        port_is_taken "$candidate" || break
    done
    printf '%s' "$candidate"
}
