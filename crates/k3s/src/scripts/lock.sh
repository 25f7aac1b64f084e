# Takes the lock $1 and holds it while standard input is open. Standard input has a key, the holder and its command, a line each, then a
# line for each sign of life. $2 seconds after the last one another takes it over. The clock is this machine's own since its start.
f=$1 lease=$2
exec 2>&1
umask 077
trap '' HUP INT TERM PIPE
read -r key && read -r who && read -r doing || exit 0
command -v flock >/dev/null || { echo lacking; exit 0; }
now() { read -r now _ </proc/uptime; now=${now%.*}; }
pause() { sleep 0.1 2>/dev/null || sleep 1; }
# True while a script with that key runs: one may outlive the operator that started it.
runs() {
  [ -n "$1" ] || return 1
  case $(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ') in *"$1"*) return 0;; esac
  return 1
}
tree() { for t in /proc/"$1"/task/*/children; do [ -r "$t" ] && for c in $(cat "$t"); do tree "$c"; done; done; echo "$1"; }
finish() {
  [ -n "$1" ] || return 0
  for p in /proc/[0-9]*; do
    case $(tr '\0' ' ' 2>/dev/null <"$p/cmdline") in *"$1"*) kill -9 $(tree "${p#/proc/}") 2>/dev/null;; esac
  done
}
tries=0
while :; do
  exec 9<>"$f" || exit 0
  was='' beat='' since='' pid='' by='' what=''
  if flock -n 9; then
    # It was removed between our opening it and our locking it.
    [ "$(stat -c %i "$f" 2>/dev/null)" = "$(stat -Lc %i /proc/self/fd/9)" ] || continue
    read -r was <"$f"
    runs "$was" || break
    exec 9>&-
  fi
  { { read -r was; read -r beat; read -r since; read -r pid; read -r by; read -r what; } <"$f"; } 2>/dev/null
  # Its holder has ended between our trying to lock it and our reading it.
  [ -e "$f" ] || continue
  now
  if [ -n "$what" ] && [ $((now - beat)) -gt "$lease" ] && [ $tries -lt 20 ]; then
    [ "$(readlink "/proc/$pid/fd/9")" = "$f" ] && kill -9 "$pid"
    finish "$was"
    tries=$((tries + 1)); pause
    continue
  fi
  printf 'held\t%s\t%s\t%s\n' "$((now - ${since:-$now}))" "$by" "$what"
  exit 0
done
now; since=$now
# In place and of one length: whoever reads it meanwhile reads a whole one.
say() { printf '%s\n%12d\n%12d\n%12d\n%s\n%s\n' "$key" "$now" "$since" $$ "$who" "$doing" 1<>"$f"; }
: >"$f"
say
echo ours
while read -r _; do now; say; done
# The last steps of an operator that was killed end first, however long they take by themselves.
end=$((now + 1800))
while runs "$key" && [ "$now" -lt $end ]; do now; say; pause; done
rm -f "$f"
