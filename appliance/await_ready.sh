#!/bin/sh
# The last step of a unit's start: waits until its service is ready, which is when FILE is there.
#   await_ready.sh FILE [SECONDS]     with MAINPID in the environment (systemd.exec(5))
# A slow start is waited for as long as the service uses the processor. One that has ended, or has been still for SECONDS, has not
# started: systemd ends it and starts it again. It runs as root, looks, and changes nothing.
set -f
ready=$1 still=${2:-60} idle=0 before='' looks=0
while ! test -e "$ready"; do
    # proc_pid_stat(5): utime and stime, the 12th and 13th field after the name, which may hold blanks and brackets.
    { read -r line <"/proc/$MAINPID/stat"; } 2>/dev/null || {
        echo "it ended before it was ready" >&2
        exit 1
    }
    set -- ${line##*) }
    used=$((${12} + ${13}))
    [ "$used" = "$before" ] || idle=0
    before=$used
    [ "$idle" -lt $((still * 10)) ] || {
        echo "it is not ready and has done nothing for $still s" >&2
        exit 1
    }
    # Each look costs a process: a slow machine, where this takes long, has better things to do than many of them.
    looks=$((looks + 1)) pause=1
    [ "$looks" -le 20 ] || pause=5
    sleep "0.$pause"
    idle=$((idle + pause))
done
