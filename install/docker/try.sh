#!/bin/bash
# Takes the steps of install/docker/Dockerfile in fresh roots of Debian, without Docker, and tries what they make:
#
#   install/docker/try.sh
#
# Reads the instructions from the Dockerfile, and stops at one that it does not know. The image debian:SUITE is a root of
# debootstrap. Needs root, debootstrap, and a network for apt. Compiles for ten minutes or longer. Mounts and processes
# end with the script.
#
# Environment:
#   IPMPSC_TRY_CACHE  a folder for roots and Bazel's outputs, to be fast the next time
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
source "$tree/install/roots.sh"
require_roots

scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT
cache=${IPMPSC_TRY_CACHE:-$scratch/cache}
mkdir -p "$cache/disk" "$scratch/context"
(cd "$tree" && git ls-files --cached --others --exclude-standard -z | tar -c --null -T -) | tar -x -C "$scratch/context"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# The state of the stage that is being made: its root, and what the instructions have set.
root=
declare -A roots=()
folder=/
user=0:0
variables=()
command=
health=

# Runs a line of the shell in the root, as the user and in the folder of the instructions.
run() { # LINE
  in_root "$root" "$cache/disk" /cache "${variables[@]}" \
    setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups sh -c 'cd "$1" && exec sh -c "$2"' sh "$folder" "$1"
}

begin_stage() { # debian:SUITE[-slim] [AS NAME]
  local suite=${1#debian:}
  suite=${suite%-slim}
  [ "$1" != "$suite" ] && { [ $# = 1 ] || [ "$2" = AS ]; } || fail "the image is not debian:SUITE: FROM $*"
  make_root_once "$suite" "$cache/$suite/base"
  root=$scratch/stage${#roots[@]}
  roots[${3:-stage${#roots[@]}}]=$root
  cp -a --reflink=auto "$cache/$suite/base" "$root"
  # Only makes the next time fast.
  echo 'build --disk_cache=/cache' >"$root/root/.bazelrc"
  folder=/ user=0:0 variables=() command='' health=''
}

# Copies like Docker: of a folder its content. A file gets the name TARGET.
copy() { # [--from=STAGE] SOURCE TARGET
  local from=$scratch/context
  if [[ $1 == --from=* ]]; then
    from=${roots[${1#--from=}]?no such stage}
    shift
  fi
  [ $# = 2 ] || fail "only one source is known: COPY $*"
  local target=$2
  [[ $target == /* ]] || target=$folder/$target
  mkdir -p "$root$(dirname "$target")"
  if [ -d "$from/$1" ]; then
    mkdir -p "$root$target"
    cp -a "$from/$1/." "$root$target"
  else
    cp -a "$from/$1" "$root$target"
  fi
}

# Reads the form ["a", "b"] as a line of the shell.
exec_form() { # JSON
  python3 -c 'import json, shlex, sys; print(shlex.join(json.loads(sys.argv[1])))' "$1"
}

take() { # INSTRUCTION REST
  local rest=$2
  echo "=== $1 $rest"
  # shellcheck disable=SC2086
  case $1 in
    FROM) begin_stage $rest ;;
    WORKDIR)
      folder=$rest
      mkdir -p "$root$folder"
      ;;
    ENV) variables+=("$rest") ;;
    COPY) copy $rest ;;
    RUN) run "$rest" ;;
    USER) user=$rest ;;
    HEALTHCHECK) health=${rest#*CMD } ;;
    CMD) command=$(exec_form "$rest") ;;
    *) fail "$0 does not know the instruction $1" ;;
  esac
}

# Instructions may go on after a backslash. Comments between their lines are no part of them.
instruction=
while IFS= read -r line || [ -n "$line" ]; do
  [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
  instruction+=$line
  if [[ $instruction == *\\ ]]; then
    instruction=${instruction%\\}
    continue
  fi
  take "${instruction%% *}" "${instruction#* }"
  instruction=
done <"$tree/install/docker/Dockerfile"

# expect NAME STATUS TEXT LINE: the line ends with the status, and what it prints has the text.
expect() {
  local said status=0
  said=$(run "$4" 2>&1) || status=$?
  if [ "$status" != "$2" ] || [[ $said != *"$3"* ]]; then
    fail "$1: status $status in place of $2, or '$3' is missing: $said"
  fi
  echo "--- $1: $said"
}

echo "=== the image"
version=$(sed -n 's/.*kVersion\[\] = "\(.*\)".*/\1/p' "$tree/ipmpsc/version.h")
expect "the command of the image" 0 "doctor" "$command"
expect "the user" 0 10001 "id -u"
expect "the user cannot change the programs" 1 "" "test -w /usr/local/bin/ipmpsc -o -w /usr/local/bin"
expect "the version" 0 "$version" "ipmpsc --version"
expect "no library is missing" 1 "" "ldd /usr/local/bin/* | grep 'not found'"
expect "no compiler is left" 0 "" "! command -v gcc && ! command -v bazel"
expect "the health without a channel" 0 "no channels" "$health"
expect "the bridge without a channel" 3 "quotes" "ipmpsc-bridge --check quotes nats://127.0.0.1:1/quotes"
expect "the health, with a receiver that is stopped" 1 "receiver-stopped" "
  ipmpsc bench --time=20s --senders=1 >/dev/null 2>&1 & sleep 2
  kill -STOP \$!
  $health
  status=\$?
  kill -KILL \$!
  exit \$status"
echo "the steps of the Dockerfile were taken, and its programs used"
