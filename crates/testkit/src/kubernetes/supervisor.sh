# Runs what a test starts, and ends and removes all of it once the test lets go of this script's standard input: when the
# test has ended, however it ended. It answers with its new folder, then reads lines, and answers each with one:
#   start NAME COMMAND     runs the command, quoted for the shell, in the folder, with its output in log/NAME; says its pid
#   signal NAME SIGNAL     sends a signal; waits for the end of the process where the signal is KILL
#   finally COMMAND        runs the command at the end, the last one first, after the processes and before the folder goes
set -u
folder=$(mktemp -d "${TMPDIR:-/tmp}/skyward-test.XXXXXXXX") || exit 1
cd "$folder" || exit 1
mkdir log pids finally
echo "$folder"
steps=100

while read -r verb argument; do
  name=${argument%% *}
  rest=${argument#* }
  case $verb in
  start)
    eval "exec $rest" >>"log/$name" 2>&1 </dev/null &
    echo $! >"pids/$name"
    echo $!
    ;;
  signal)
    pid=$(cat "pids/$name")
    kill -s "$rest" "$pid"
    if [ "$rest" = KILL ]; then
      wait "$pid"
      rm "pids/$name"
    fi
    echo "$rest"
    ;;
  finally)
    steps=$((steps + 1))
    echo "$argument" >"finally/$steps"
    echo "$steps"
    ;;
  esac
done

# Nothing of them outlives the folder, so nothing needs to be written in order.
for file in pids/*; do
  [ ! -e "$file" ] || kill -s KILL "$(cat "$file")" 2>/dev/null
done
wait
while [ $steps -gt 100 ]; do
  eval "$(cat "finally/$steps")"
  steps=$((steps - 1))
done
cd /
rm -rf "$folder"
