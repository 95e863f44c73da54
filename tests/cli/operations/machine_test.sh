#!/bin/bash
# machine_test.sh IPMPSC PLAY: tries the advice of docs/operations.md on containers, users and systemd-tmpfiles.
#
# Needs root, and runs in mount namespaces of its own. What this machine does not permit is skipped with its reason.
set -u
ipmpsc=$(readlink -f "$1")
play=$(readlink -f "$2")
source tests/examples/expect.sh
if [ "$(id -u)" != 0 ] || ! why=$(unshare --mount true 2>&1); then
  echo "skipped: needs root and mount namespaces: ${why-}"
  exit 0
fi
folder=$(mktemp -d "${TEST_TMPDIR:-/tmp}/machine.XXXXXX")
export IPMPSC=$ipmpsc PLAY=$play FOLDER=$folder
mkdir "$folder/bin"
cp "$ipmpsc" "$folder/bin/ipmpsc" # Other users may run these.
cp "$play" "$folder/bin/play"
chmod 755 "$folder" "$folder/bin" "$folder"/bin/*
export PATH=$folder/bin:$PATH:/usr/sbin:/sbin # which has useradd
cgroup=
clean_up() {
  # Processes of other namespaces end with their first process.
  for pid in $(jobs -p); do kill -9 "$pid" 2>/dev/null; done
  wait
  [ -z "$cgroup" ] || rmdir "$cgroup"
  rm -rf "$folder"
}
trap clean_up EXIT

# try NAME TEXT COMMAND...: the command succeeds, and what it prints has TEXT. The script that a command is runs in a mount
# namespace with a /dev/shm of 64 MiB, as in a container.
container='set -u; mount -t tmpfs -o size=64m,mode=1777 tmpfs /dev/shm; '
try() {
  local name=$1 text=$2 said
  shift 2
  said=$("$@" 2>&1) || fail "$name: status $?: $said"
  [[ $said == *"$text"* ]] || fail "$name: lacks '$text': $said"
  echo "== $name"
  echo "$said"
}
in_container() { unshare --mount --propagation private bash -c "$container$1"; }

try "64 MiB: a channel that is too large" "RESOURCE_EXHAUSTED" in_container '
  play /dev/shm/small create 33554432
  ! play /dev/shm/large create 67108864'
try "more shared memory" "ready" in_container 'mount -o remount,size=1g /dev/shm; play /dev/shm/large create 67108864'

# The memory of a channel is charged to its creator.
limit=memory.limit_in_bytes
for parent in /sys/fs/cgroup /sys/fs/cgroup/memory; do
  [ ! -e "$parent/memory.max" ] || limit=memory.max
  if [ -w "$parent/cgroup.procs" ] && mkdir "$parent/ipmpsc_test.$$" 2>/dev/null; then
    cgroup=$parent/ipmpsc_test.$$
    [ ! -e "$cgroup/$limit" ] || break
    rmdir "$cgroup"
    cgroup=
  fi
done
if [ -n "$cgroup" ] && echo 33554432 2>/dev/null >"$cgroup/$limit"; then
  export CGROUP=$cgroup
  try "a strict limit of the creator" "of control group" in_container '
    mount -o remount,size=1g /dev/shm
    echo $BASHPID >$CGROUP/cgroup.procs
    ! play /dev/shm/frames create 67108864'
  try "a small program uses the channel of another" "ready" in_container '
    mount -o remount,size=1g /dev/shm
    play /dev/shm/frames create 67108864
    echo $BASHPID >$CGROUP/cgroup.procs
    play /dev/shm/frames send 10'
else
  echo "skipped: no control group for memory can be made here"
fi

# A directory that is mounted follows a channel that is replaced, and a file does not.
try "the directory is mounted" "no receiver is attached" in_container '
  mkdir /dev/shm/robot /dev/shm/inside
  play /dev/shm/robot/quotes create
  unshare --mount --propagation private bash -c "
    mount --bind /dev/shm/robot /dev/shm/inside
    play /dev/shm/robot/quotes replace
    ipmpsc doctor /dev/shm/inside/quotes --watch 0" | tee /dev/shm/said
  ! grep replaced /dev/shm/said'
try "the file is mounted" "replaced" in_container '
  mkdir /dev/shm/robot
  play /dev/shm/robot/quotes create
  touch /dev/shm/inside
  unshare --mount --propagation private bash -c "
    mount --bind /dev/shm/robot/quotes /dev/shm/inside
    play /dev/shm/robot/quotes replace
    ipmpsc doctor /dev/shm/inside --watch 0
    ipmpsc doctor /dev/shm/inside --watch 0"
  [ $? = 1 ]'

# Users: 4321 is the owner, 1234 the group, and 5678 another user.
as='setpriv --clear-groups --reuid'
try "mode 0660 lets a group take part" "ready" in_container "
  mkdir /dev/shm/robot; chown 4321:1234 /dev/shm/robot; chmod 2770 /dev/shm/robot
  $as 4321 --regid 4321 play /dev/shm/robot/quotes create
  [ \$(stat -c %g /dev/shm/robot/quotes) = 1234 ] || echo 'the file does not get the group of its directory'
  chmod 0660 /dev/shm/robot/quotes
  $as 5678 --regid 1234 play /dev/shm/robot/quotes send"
try "mode 0640 lets a group look and nothing more" "PERMISSION_DENIED" in_container "
  mkdir /dev/shm/robot; chown 4321:1234 /dev/shm/robot; chmod 2770 /dev/shm/robot
  $as 4321 --regid 4321 play /dev/shm/robot/quotes create
  chmod 0640 /dev/shm/robot/quotes
  $as 5678 --regid 1234 ipmpsc info /dev/shm/robot/quotes || exit
  ! $as 5678 --regid 1234 play /dev/shm/robot/quotes send"
try "others do not even look" "enied" in_container "
  $as 4321 --regid 4321 play /dev/shm/quotes create
  ! $as 5678 --regid 5678 ipmpsc info /dev/shm/quotes"

# PID namespaces.
if unshare --pid --fork --kill-child --mount-proc true 2>/dev/null; then
  try "a process of another PID namespace" "?" in_container '
    play /dev/shm/quotes create
    unshare --pid --fork --kill-child --mount-proc play /dev/shm/quotes hold >/dev/shm/ready &
    until grep -q ready /dev/shm/ready; do sleep 0.05; done
    play /dev/shm/quotes send 5
    ipmpsc info /dev/shm/quotes
    ipmpsc doctor /dev/shm/quotes --watch 1s
    status=$?
    kill -9 $!; wait $!
    [ $status = 1 ] || { echo "doctor: status $status"; exit 1; }
    for i in $(seq 200); do ipmpsc doctor /dev/shm/quotes --watch 0 | grep -q no-receiver && exit 0; sleep 0.05; done
    echo "the death of the receiver is not noticed"; exit 1'
  # After `nsenter --pid` the folder /proc is that of another namespace. There the number of the receiver belongs to a
  # process that is stopped.
  cat >"$folder/inner.sh" <<'INNER'
play /dev/shm/quotes hold >/dev/shm/ready &
[ $! = 2 ] || echo "the receiver is process $!"
until grep -q ready /dev/shm/ready; do sleep 0.05; done
ipmpsc doctor /dev/shm/quotes --watch 1s
[ $? = 1 ]
INNER
  cat >"$folder/outer.sh" <<'OUTER'
sleep 60 &
[ $! = 2 ] || echo "the stopped process is $!"
kill -STOP $!
unshare --pid --fork --kill-child bash "$FOLDER/inner.sh"
OUTER
  try "/proc of another PID namespace" 'the receiver "viewer" (process 2) has released nothing' in_container '
    play /dev/shm/quotes create
    play /dev/shm/quotes send 5
    unshare --pid --fork --kill-child --mount-proc bash $FOLDER/outer.sh'
else
  echo "skipped: no PID namespace can be made here"
fi

# Time namespaces: senders that wait, with another clock. No message is lost.
if unshare --time --monotonic 100000 --fork true 2>/dev/null; then
  try "a time namespace" "all came" in_container '
    play /dev/shm/quotes create 65536
    seq 20000 >/dev/shm/lines
    for clock in 0 1000000; do
      unshare --time --monotonic $clock --fork ipmpsc send /dev/shm/quotes --format raw -f /dev/shm/lines --timeout 60s &
    done
    ipmpsc receive /dev/shm/quotes -q --count 40000 --timeout 60s >/dev/shm/received || exit
    wait
    [ "$(wc -l </dev/shm/received)" = 40000 ] && echo "all came"'
else
  echo "skipped: no time namespace can be made here"
fi

# A filter that refuses membarrier.
cat >"$folder/filter.py" <<'PYTHON'
import ctypes, os, struct, sys
number = {"x86_64": 324, "aarch64": 283}[os.uname().machine]
program = b"".join(struct.pack("HBBI", *one) for one in [
    (0x20, 0, 0, 0),            # the number of the call
    (0x15, 0, 1, number),
    (0x06, 0, 0, 0x00050001),   # EPERM
    (0x06, 0, 0, 0x7FFF0000)])  # allowed
buffer = ctypes.create_string_buffer(program, len(program))
libc = ctypes.CDLL(None, use_errno=True)
header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer)))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, header, 0, 0):
    sys.exit("no filter of system calls: " + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
PYTHON
if /usr/bin/python3 "$folder/filter.py" true; then
  try "a filter refuses membarrier" "full-barriers" in_container '
    play /dev/shm/quotes create
    /usr/bin/python3 $FOLDER/filter.py play /dev/shm/quotes receive >/dev/shm/ready &
    until grep -q ready /dev/shm/ready; do sleep 0.05; done
    play /dev/shm/quotes send 5
    ipmpsc doctor /dev/shm/quotes
    kill -9 $!'
else
  echo "skipped: no filter of system calls can be set here"
fi

# systemd-tmpfiles with the lines of the page, beside a rule that removes what is older than a second, for which the tests
# sleep. Without them the file goes.
if command -v systemd-tmpfiles >/dev/null; then
  export RULES=$folder/robot.conf
  awk '/^# \/etc\/tmpfiles.d\/robot.conf/ { inside = 1; next } /^```/ { inside = 0 } inside' docs/operations.md >"$RULES"
  [ "$(wc -l <"$RULES")" = 2 ] || fail "docs/operations.md has other rules: $(cat "$RULES")"
  tmpfiles='
    mount -t tmpfs tmpfs /mnt && cp -a /etc /mnt/etc && mount --bind /mnt/etc /etc || exit
    grep -q ^robot: /etc/passwd || useradd --system robot || exit
    mkdir -p /etc/tmpfiles.d
    echo "d /dev/shm 1777 root root 1s" >/etc/tmpfiles.d/old.conf'
  try "systemd-tmpfiles with the rules of the page" "2770 robot robot" in_container "$tmpfiles"'
    cp $RULES /etc/tmpfiles.d/robot.conf
    systemd-tmpfiles --create robot.conf || exit
    play /dev/shm/robot/quotes create
    sleep 1.2
    systemd-tmpfiles --clean old.conf robot.conf || exit
    stat -c "%a %U %G" /dev/shm/robot
    ls /dev/shm/robot/quotes'
  # Each of the two lines is enough to keep the channel.
  for line in 1 2; do
    sed -n "${line}p" "$RULES" >"$folder/line.conf"
    try "systemd-tmpfiles with $(cat "$folder/line.conf") alone" "/dev/shm/robot/quotes" in_container "$tmpfiles"'
      cp $FOLDER/line.conf /etc/tmpfiles.d/robot.conf
      systemd-tmpfiles --create robot.conf || exit
      mkdir -p /dev/shm/robot
      play /dev/shm/robot/quotes create
      sleep 1.2
      systemd-tmpfiles --clean old.conf robot.conf || exit
      ls /dev/shm/robot/quotes'
  done
  try "systemd-tmpfiles without them" "No such file" in_container "$tmpfiles"'
    mkdir /dev/shm/robot
    play /dev/shm/robot/quotes create
    sleep 1.2
    systemd-tmpfiles --clean old.conf
    ! ls /dev/shm/robot/quotes'
else
  echo "skipped: no systemd-tmpfiles"
fi

# The unit of the page.
if command -v systemd-analyze >/dev/null; then
  awk '/^# \/etc\/systemd\/system\/ipmpsc-metrics.service/ { inside = 1; next } /^```/ { inside = 0 } inside' \
    docs/operations.md | sed "s|/usr/local/bin/ipmpsc|$folder/bin/ipmpsc|" >"$folder/ipmpsc-metrics.service"
  grep -q ExecStart "$folder/ipmpsc-metrics.service" || fail "docs/operations.md has no unit"
  try "the unit of the exporter" "" systemd-analyze verify --man=no "$folder/ipmpsc-metrics.service"
else
  echo "skipped: no systemd-analyze"
fi
finish
