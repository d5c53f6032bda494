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

# ---- small disks, as images in files

# disk_mount FOLDER SIZE: what is in the folder moves on to the disk. Written only where it is used.
disk_mount() {
    local image=$named.$1.img folder=$data/$1
    truncate -s "$2" "$image"
    mkfs.ext4 -q -m 0 -E lazy_itable_init=1 "$image"
    mv "$folder" "$folder.old"
    mkdir "$folder"
    mount -o loop,noatime "$image" "$folder" || {
        rmdir "$folder"
        mv "$folder.old" "$folder"
        return 1
    }
    rmdir "$folder/lost+found"
    chown --reference="$folder.old" "$folder"
    chmod --reference="$folder.old" "$folder"
    cp -a "$folder.old/." "$folder"
    rm -r "$folder.old"
}

disks_mount() {
    [ "$(id -u)" -eq 0 ] || return 0
    postgresql_create
    { disk_mount postgresql 2G && disk_mount attachments 256M && disk_mount logs 1G; } || return 0
}

disks_unmount() {
    local folder
    for folder in postgresql attachments logs; do
        ! mountpoint -q "$data/$folder" || umount -l "$data/$folder"
        rm -f "$named.$folder.img"
    done
}

# port_find: a port that nobody listens on, away from those that the kernel hands out
port_find() {
    local candidate
    while candidate=$((20000 + RANDOM % 10000)); do
        port_is_taken "$candidate" || break
    done
    printf '%s' "$candidate"
}
