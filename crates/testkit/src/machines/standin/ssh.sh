#!/bin/bash
# Before ssh: notes how it was called, and kills who called it at the call that the test names, before it or after it.
exec 9>>@FOLDER@/count.lock; flock 9
n=$(( $(cat @FOLDER@/count 2>/dev/null || echo 0) + 1 )); echo $n >@FOLDER@/count
exec 9>&-
printf '%s\n' "$*" >>@FOLDER@/ssh.log
[ "${KILL_BEFORE:-0}" = $n ] && { kill -9 $PPID; exit 255; }
if [ "${KILL_AFTER:-0}" = $n ]; then /usr/bin/ssh "$@"; kill -9 $PPID; exit 255; fi
if [ "${CUT_AT:-0}" = $n ]; then "@FOLDER@/cut"; fi
exec /usr/bin/ssh "$@"
