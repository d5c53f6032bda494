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

build_compile() {
    cd "$root" || return
    build_locked cmake --build --preset "$1"
}

# build PRESET
build() {
    step "configuring the build ($1)" "A library may be missing: compare deploy/packages." build_configure "$1"
    step "building programs and pages ($1)" "The first error above names the file." build_compile "$1"
}

# build_install PRESET FOLDER: prints the files that changed there
build_install() {
    build_locked cmake --install "$root/build/$1" --prefix "$2" | sed -n 's/^-- Installing: //p'
}
