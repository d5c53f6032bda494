# Building with a CMake preset and installing into a folder. Sourced.
# Needs: $root (the checkout), messages.sh.

# Two builds of one checkout at a time would share generated files and node_modules.
build_locked() {
    mkdir -p "$root/build"
    flock -o "$root/build/.lock" "$@"
}

build_configure() {
    cd "$root" || return
    build_locked cmake --preset "$1"
}

# build_compile PRESET TARGET…
build_compile() {
    local preset=$1
    shift
    cd "$root" || return
    build_locked cmake --build --preset "$preset" --target "$@"
}

# build PRESET TARGET…
build() {
    step "configuring the build ($1)" "A library may be missing: compare deploy/packages." build_configure "$1"
    step "building programs and pages ($1)" "The first error above names the file." build_compile "$@"
}

# build_install BUILD FOLDER
build_install() {
    build_locked cmake --install "$1" --prefix "$2"
}
