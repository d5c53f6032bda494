# What has to be installed: Debian packages of deploy/packages, and a recent Node. Sourced.
# Needs: $root (the checkout), messages.sh.

node_wanted="20.19"
node_private=$root/build/node

# packages_missing SECTION…: names of those sections that are not installed
packages_missing() {
    local section wanted installed
    wanted=$(for section in "$@"; do
        sed -n "/^\[$section\]/,/^\[/{/^[a-z]/p}" "$root/deploy/packages"
    done | sort -u)
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
        sed -n 's/^installed //p' | sort -u)
    comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$installed")
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Debian's own clusters and servers are left as the packages make them: the platform has its own.
packages_apt() {
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
}

# packages_install SECTION…: one step, or nothing when all are there (then no network is needed)
packages_install() {
    local missing
    mapfile -t missing < <(packages_missing "$@")
    node_is_recent || command -v npm >/dev/null || missing+=(nodejs npm)
    [ ${#missing[@]} -eq 0 ] && return
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "packages are missing and there is no sudo: ${missing[*]}" \
                "Run as root: apt-get install --no-install-recommends ${missing[*]}"
        sudo -v || die "sudo was refused" "Run this as root, or as a user who may use sudo."
    fi
    step "installing ${#missing[@]} Debian packages" \
        "Look whether the machine reaches its package mirror (apt-get update), then run this again." \
        packages_apt "${missing[@]}"
}

node_is_recent() {
    local version
    command -v npm >/dev/null || return 1
    version=$(node --version 2>/dev/null) || return 1
    printf '%s\n' "v$node_wanted" "$version" | sort -VC
}

# Puts a Node that the web's tools run on first in PATH: the machine's own, or a private one from npm.
node_prepare() {
    local bin=$node_private/node_modules/node/bin
    node_is_recent && return
    [ -x "$bin/node" ] ||
        step "installing a private Node (the machine's is older than $node_wanted)" \
            "Look whether the machine reaches the npm registry (npm ping), then run this again." \
            npm install --prefix "$node_private" --no-audit --no-fund node@22
    PATH=$bin:$PATH
    node_is_recent || die "the private Node in $node_private does not run" "Remove that folder and run this again."
}
