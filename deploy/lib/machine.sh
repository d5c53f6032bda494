# How the kernel shares the processor. Sourced.

# Linux may share it among sessions (autogroups) and not among threads. PostgreSQL makes a session for each connection, the
# supervisor one for each program: a gateway with all its threads then gets what one connection to the database gets, and on a busy
# machine one request in a hundred waits for tens of milliseconds. Containers have groups of their own, where it has no effect.
autogroup=/proc/sys/kernel/sched_autogroup_enabled

processor_is_shared_by_session() {
    [ "$(cat $autogroup 2>/dev/null)" = 1 ]
}

# processor_share_by session|thread: until the machine is started anew. Fails for who may not say so.
processor_share_by() {
    local value=0
    [ "$1" = thread ] || value=1
    if [ "$(id -u)" -eq 0 ]; then
        printf %s $value 2>/dev/null >$autogroup
    else
        sudo -n sysctl -q -w kernel.sched_autogroup_enabled=$value 2>/dev/null
    fi
}
