#!/bin/bash
# Before ssh: notes how it was called, and kills who called it at the call that the test names, before it or after it. Each operator
# has a count of its own.
count=@FOLDER@/count${OPERATOR:-}
exec 9>>@FOLDER@/count.lock; flock 9
n=0; [ ! -e $count ] || read -r n <$count
n=$((n + 1)); echo $n >$count
exec 9>&-
printf '%s\n' "$*" >>@FOLDER@/ssh.log
[ "${KILL_BEFORE:-0}" = $n ] && { kill -9 $PPID; exit 255; }
if [ "${KILL_AFTER:-0}" = $n ]; then /usr/bin/ssh "$@"; kill -9 $PPID; exit 255; fi
if [ "${MEET_AT:-0}" = $n ]; then : >@FOLDER@/met; fi
if [ "${CUT_AT:-0}" = $n ]; then "@FOLDER@/cut"; fi
exec /usr/bin/ssh "$@"
