# For the small programs of deploy/ that speak to a platform. Sourced. Needs: $root.

# shellcheck source=deploy/lib/messages.sh
. "$root/deploy/lib/messages.sh"
# shellcheck source=deploy/lib/environment.sh
. "$root/deploy/lib/environment.sh"
# shellcheck source=deploy/lib/platform.sh
. "$root/deploy/lib/platform.sh"

# tool_open ARGUMENT…: takes --data DIR and a leading --help, opens the platform, leaves the rest in $arguments
tool_open() {
    local folder=$root/.guild
    arguments=()
    [ "${1-}" != --help ] || { usage && exit 0; }
    while [ $# -gt 0 ]; do
        if [ "$1" = --data ]; then
            need_value "$1" "${2-}"
            folder=$2
            shift 2
        else
            arguments+=("$1")
            shift
        fi
    done
    platform_open "$folder"
    platform_is_ours || die "there is no platform in $named" "Start one with deploy/up, or name its folder with --data DIR."
    if [ "$(id -u)" -ne 0 ] && [ ! -O "$data" ]; then
        die "the platform in $named belongs to another user" "Run this as that user, or as root."
    fi
}
