#!/bin/bash
# Tries the advice of docs/operations.md on containers with Docker and with Podman:
#
#   ./bazelw run //tests/cli/operations:containers
#
# Needs root, debootstrap, a network for apt, and the packages docker.io and docker-compose, or podman. An engine that is
# missing is left out and named. Starts a Docker of its own. All of it runs in namespaces of its own, and ends with the
# script. Takes about five minutes.
#
# Environment:
#   IPMPSC_TRY_CACHE  a folder for the root of the image, to be fast the next time
set -u
if [ "${IPMPSC_INSIDE-}" != 1 ]; then
  [ "$(id -u)" = 0 ] || { echo "$0: must be root, to make containers" >&2; exit 2; }
  command -v debootstrap >/dev/null || { echo "$0: apt-get install debootstrap" >&2; exit 2; }
  exec unshare --mount --pid --fork --kill-child --propagation private --mount-proc \
    env IPMPSC_INSIDE=1 bash "$0" "$@" </dev/null
fi
ipmpsc=$(readlink -f "$1")
play=$(readlink -f "$2")
source tests/examples/expect.sh
folder=$(mktemp -d /tmp/containers.XXXXXX) # Short: the path of a socket has at most 107 bytes.
source tests/cli/operations/roots.sh
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
clean_up() {
  local pid
  [ -z "${docker_pid-}" ] || { kill "$docker_pid" && wait "$docker_pid"; } 2>/dev/null
  # Mounts of Docker and Podman would keep the folder.
  awk -v folder="$folder/" 'index($5, folder) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
    xargs -r umount --lazy
  rm -rf --one-file-system "$folder"
}
trap clean_up EXIT

# try NAME TEXT COMMAND...: the command succeeds, and what it prints has TEXT.
try() {
  local name="$engine: $1" text=$2 said
  shift 2
  said=$("$@" 2>&1) || { fail "$name: status $?: $said"; return; }
  [[ $said == *"$text"* ]] || { fail "$name: lacks '$text': $said"; return; }
  echo "== $name"
  echo "$said"
}
not() { ! "$@"; }
# lacks TEXT COMMAND...: the command succeeds, and what it prints lacks TEXT.
lacks() {
  local text=$1 said
  shift
  said=$("$@" 2>&1) || { echo "$said"; return 1; }
  echo "$said"
  [[ $said != *"$text"* ]]
}

run() { "${tool[@]}" run --network=none "$@"; }
# begin NAME OPTION... -- ACT...: a container in the background, whose program uses the channel /dev/shm/robot/quotes.
begin() {
  local name=$1 options=()
  shift
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  run -d --name "$name" "${options[@]}" robot play "$@" >/dev/null || fail "$engine: cannot start $name"
  wait_until ready "$name"
}
ready() { "${tool[@]}" logs "$1" 2>&1 | grep -q ready; }
end() { "${tool[@]}" rm -f "$@" >/dev/null 2>&1; }
pid_of() { "${tool[@]}" inspect -f '{{.State.Pid}}' "$1"; }
finds() { ipmpsc doctor "$1" --watch 0 2>/dev/null | grep -qF -e "$2"; }
received() { ipmpsc info "$1" --json | grep -q "\"received_messages\":$2,"; }
fresh() {
  rm -rf /dev/shm/robot
  mkdir /dev/shm/robot
  [ "$#" = 0 ] || play /dev/shm/robot/quotes "$@" >/dev/null
}

try_engine() {
  local size quotes=/dev/shm/robot/quotes share=(-v /dev/shm/robot:/dev/shm/robot)
  tar -C "$image" -c . | "${tool[@]}" import - robot >/dev/null || { fail "$engine: cannot import the image"; return; }

  # Memory.
  # Podman counts in kilobytes: 62.5 MiB.
  [ "$engine" = Docker ] && size=65536 || size=64000
  try "64 MiB" "$size" run --rm robot df --output=size /dev/shm
  try "a channel that is too large" "RESOURCE_EXHAUSTED" run --rm robot sh -c \
    'play /dev/shm/small create 33554432; ! play /dev/shm/large create 67108864'
  try "half of 64 MiB fits" "ready" run --rm robot play /dev/shm/small create 33554432
  try "--shm-size" "ready" run --rm --shm-size=1g robot play /dev/shm/large create 67108864
  if [ "$engine" = Docker ] && command -v docker-compose >/dev/null; then
    cat >"$folder/compose.yml" <<COMPOSE
services:
  robot:
    image: robot
    network_mode: none
    shm_size: 1g
    command: play /dev/shm/large create 67108864
COMPOSE
    try "Compose" "ready" docker-compose -f "$folder/compose.yml" up --no-color --abort-on-container-exit --exit-code-from robot
    docker-compose -f "$folder/compose.yml" down >/dev/null 2>&1
  else
    echo "skipped: $engine: Compose"
  fi
  try "a strict limit of the creator" "of control group" run --rm --memory=32m --shm-size=1g robot sh -c \
    '! play /dev/shm/frames create 67108864'
  fresh create 67108864
  try "a small program uses the channel of another" "ready" run --rm --memory=32m "${share[@]}" robot play $quotes send 10

  # Shared channels.
  fresh create
  begin viewer "${share[@]}" -- $quotes receive
  try "the directory is mounted" "ready" run --rm "${share[@]}" robot play $quotes send 5
  wait_until received $quotes 5
  try "--ipc=host" "ready" run --rm --ipc=host robot play $quotes send 5
  wait_until received $quotes 10
  try "the host" "ready" play $quotes send 5
  wait_until received $quotes 15
  # The directory follows a channel that is replaced.
  play $quotes replace >/dev/null
  try "the directory follows" "no receiver is attached" lacks replaced run --rm "${share[@]}" robot \
    ipmpsc doctor $quotes --watch 0
  end viewer
  begin viewer -v $quotes:/dev/shm/quotes -- /dev/shm/quotes hold
  play $quotes replace >/dev/null
  for time in first second; do
    try "the file stays the old channel, $time look" "replaced" not "${tool[@]}" exec viewer \
      ipmpsc doctor /dev/shm/quotes --watch 0
  done
  end viewer
  # One container lends the others its /dev/shm.
  run -d --name lender --ipc=shareable robot sh -c 'play /dev/shm/quotes create && exec play /dev/shm/quotes receive' >/dev/null
  wait_until ready lender
  try "--ipc=shareable" "ready" run --rm --ipc=container:lender robot play /dev/shm/quotes send 5
  end lender

  # Users.
  fresh
  chown 4321:1234 /dev/shm/robot
  chmod 2770 /dev/shm/robot
  try "a user creates" "ready" run --rm --user 4321:4321 "${share[@]}" robot play $quotes create
  [ "$(stat -c %g $quotes)" = 1234 ] || fail "$engine: the file does not get the group of its directory"
  chmod 0660 $quotes
  try "mode 0660 lets a group take part" "ready" run --rm --user 5678:1234 "${share[@]}" robot play $quotes send
  try "--group-add" "ready" run --rm --user 5678:5678 --group-add 1234 "${share[@]}" robot play $quotes send
  chmod 0640 $quotes
  try "mode 0640 lets a group look" "camera" run --rm --user 5678:1234 "${share[@]}" robot ipmpsc info $quotes
  try "and nothing more" "PERMISSION_DENIED" not run --rm --user 5678:1234 "${share[@]}" robot play $quotes send
  try "others do not even look" "enied" not run --rm --user 5678:5678 "${share[@]}" robot ipmpsc info $quotes

  # PID namespaces.
  fresh create
  begin viewer "${share[@]}" -- $quotes receive
  kill -STOP "$(pid_of viewer)"
  play $quotes send 5 >/dev/null
  try "a process number of another namespace" '1?' ipmpsc info $quotes
  try "doctor says so" "of another PID namespace" not ipmpsc doctor $quotes
  try "doctor in the container" "receiver-stopped" not "${tool[@]}" exec viewer ipmpsc doctor $quotes
  try "doctor by nsenter" "receiver-stopped" not nsenter --target "$(pid_of viewer)" --pid --mount ipmpsc doctor $quotes
  try "doctor of the host by nsenter" "receiver-stopped" not nsenter --target "$(pid_of viewer)" --pid \
    unshare --mount --mount-proc ipmpsc doctor $quotes
  try "doctor without /proc of the namespace" "receiver-stalled" not nsenter --target "$(pid_of viewer)" --pid \
    ipmpsc doctor $quotes
  "${tool[@]}" exec viewer sh -c 'kill -CONT 1' || fail "$engine: cannot continue the receiver"
  wait_until received $quotes 5
  # The first process of a container ignores this signal from inside.
  "${tool[@]}" exec viewer sh -c 'kill -9 1'
  ! finds $quotes "died without detaching" || fail "$engine: kill -9 1 ends the container"
  "${tool[@]}" kill viewer >/dev/null || fail "$engine: cannot kill the receiver"
  wait_until finds $quotes "died without detaching"
  end viewer
  begin viewer "${share[@]}" -- $quotes receive
  play $quotes send 5 >/dev/null
  wait_until received $quotes 10
  try "the next container takes over" "nothing is stuck" lacks problem ipmpsc doctor $quotes --watch 0
  end viewer

  # System calls: the default filter, and one that refuses membarrier.
  fresh create
  begin viewer "${share[@]}" -- $quotes receive
  grep -q '^Seccomp:.2' "/proc/$(pid_of viewer)/status" || fail "$engine: there is no default filter"
  try "the default filter" "nothing is stuck" lacks full-barriers ipmpsc doctor $quotes --watch 0
  try "the default filter, all ways to send" '"way":"channels"' run --rm robot ipmpsc bench --time 500ms --senders 2 --json
  end viewer
  fresh create
  echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["membarrier"], "action": "SCMP_ACT_ERRNO"}]}' \
    >"$folder/filter.json"
  begin viewer --security-opt "seccomp=$folder/filter.json" "${share[@]}" -- $quotes receive
  try "a filter refuses membarrier" "full-barriers" ipmpsc doctor $quotes --watch 0
  end viewer
}

# The pod of the page, with commands. Podman ignores `medium: Memory`: the volume lies on the disk.
try_pod() {
  local play=/usr/local/bin/play quotes=/dev/shm/quotes
  command -v catatonit >/dev/null || { echo "skipped: a pod: apt-get install catatonit"; return; }
  awk '/^```yaml/ { inside = 1; next } /^```/ { inside = 0 } inside' docs/operations.md |
    sed "s|image: camera|image: localhost/robot\n      command: [/bin/sleep, '600']|
      s|image: viewer|image: localhost/robot\n      command: [/bin/sh, -c, $play $quotes create \&\& exec $play $quotes receive]|" \
      >"$folder/pod.yaml"
  try "the pod" "Containers:" "${tool[@]}" play kube --network=none "$folder/pod.yaml"
  wait_until ready robot-viewer
  try "the containers of a pod" "ready" "${tool[@]}" exec robot-camera $play $quotes send 5
  pod_received() { "${tool[@]}" exec robot-camera /usr/local/bin/ipmpsc info $quotes --json | grep -q '"received_messages":5,'; }
  wait_until pod_received
  "${tool[@]}" pod rm -f robot >/dev/null || fail "$engine: the pod does not end"
}

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
image=$(make_root image "$codename" "$(packages_of "$ipmpsc" "$play")") || { fail "no image"; finish; }
programs=$image/usr/local/bin
cp "$ipmpsc" "$programs/ipmpsc"
cp "$play" "$programs/play"
chmod 755 "$programs"/* # Other users may run these.
export PATH=$programs:$PATH:/usr/sbin:/sbin
engines=0
docker_pid=
if command -v dockerd >/dev/null; then
  engine=Docker
  export DOCKER_HOST=unix://$folder/docker.sock DOCKER_CONFIG=$folder/config
  tool=(docker)
  dockerd --host "$DOCKER_HOST" --data-root "$folder/docker" --exec-root "$folder/exec" --pidfile "$folder/pid" \
    --bridge=none --iptables=false >"$folder/dockerd.log" 2>&1 &
  docker_pid=$!
  answers() { docker version >/dev/null 2>&1 || ! kill -0 "$docker_pid" 2>/dev/null; }
  wait_until answers
  if docker version --format 'Docker {{.Server.Version}}'; then
    engines=$((engines + 1))
    try_engine
  else
    fail "Docker does not start: $(tail -n 5 "$folder/dockerd.log")"
  fi
else
  echo "skipped: Docker: apt-get install --no-install-recommends docker.io docker-compose"
fi
if command -v podman >/dev/null; then
  engine=Podman
  unset DOCKER_HOST DOCKER_CONFIG
  engines=$((engines + 1))
  tool=(podman --root "$folder/podman" --runroot "$folder/run" --cgroup-manager=cgroupfs --events-backend=file
    --runtime="$(command -v runc || command -v crun)") # crun refuses cgroups of both versions.
  podman --version
  try_engine
  try_pod
else
  echo "skipped: Podman: apt-get install --no-install-recommends podman runc golang-github-containers-common catatonit"
fi
[ "$engines" != 0 ] || fail "neither Docker nor Podman is installed"
finish
