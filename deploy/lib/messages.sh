# Progress and failure, told to a person. Sourced.

# The file that the output of steps goes to; set by the program before its first step.
step_log=/dev/null

say() {
    printf '%s\n' "$*"
}

# die WHAT-HAPPENED [WHAT-TO-DO]
die() {
    printf '\n%s: %s\n' "${0##*/}" "$1" >&2
    [ -z "${2-}" ] || printf '%s\n' "$2" >&2
    exit 1
}

# need_value OPTION VALUE: dies unless there is a value.
need_value() {
    [ -n "${2-}" ] || die "$1 needs a value" "See ${0##*/} --help."
}

# Prints the comment at the head of the program that runs: its manual.
usage() {
    sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
}

# step TEXT ADVICE COMMAND…: runs COMMAND in a subshell of its own, shows what is done and how long it took. When it
# fails, shows the end of its output and ADVICE, and ends the program.
step() {
    local text=$1 advice=$2 status=0 from=$EPOCHREALTIME
    shift 2
    printf '  %-58s ' "$text"
    printf '== %(%F %T)T %s\n' -1 "$text" >>"$step_log"
    set +e
    (
        set -e
        "$@"
    ) >>"$step_log" 2>&1
    status=$?
    set -e
    if [ $status -eq 0 ]; then
        printf '%6s s\n' "$(seconds_since "$from")"
        return
    fi
    printf 'failed\n'
    [ "$step_log" = /dev/null ] || tail -n 15 "$step_log" | sed 's/^/    | /'
    die "$text: failed" "$advice
All of its output: $step_log"
}

# seconds_since EPOCHREALTIME, with one decimal
seconds_since() {
    local ms=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 1000))
    printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}
