#!/bin/bash
# Boots a Debian with systemd in a container, and tries the advice of docs/operations.md on it: RemoveIPC, units,
# tmpfiles. systemd_guest.sh is what runs in it.
#
#   ./bazelw run //tests/cli/operations:systemd
#
# Needs root, debootstrap, a network for apt, and the package systemd-container. All of it runs in namespaces of its own,
# and ends with the script. Takes about five minutes.
#
# Environment:
#   IPMPSC_TRY_CACHE  a folder for the roots, to be fast the next time
set -u
if [ "${IPMPSC_INSIDE-}" != 1 ]; then
  [ "$(id -u)" = 0 ] || { echo "$0: must be root, to boot a container" >&2; exit 2; }
  for tool in debootstrap systemd-nspawn; do
    command -v $tool >/dev/null || { echo "$0: apt-get install debootstrap systemd-container" >&2; exit 2; }
  done
  exec unshare --mount --pid --fork --kill-child --propagation private --mount-proc \
    env IPMPSC_INSIDE=1 bash "$0" "$@" </dev/null
fi
ipmpsc=$(readlink -f "$1")
play=$(readlink -f "$2")
source tests/examples/expect.sh
folder=$(mktemp -d /tmp/systemd.XXXXXX)
source tests/cli/operations/roots.sh
trap 'rm -rf --one-file-system "$folder"' EXIT

# block FILE: prints the block of the page that begins with the name of the file.
block() {
  awk -v name="# $1" '$0 == name { inside = 1; next } /^```/ { inside = 0 } inside' docs/operations.md
}

# Where systemd-nspawn keeps its state, on a machine that may not run systemd itself.
mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
libraries=$(packages_of "$ipmpsc" "$play")
base=$(make_root systemd "$codename" "systemd,systemd-sysv,libpam-systemd,dbus,$libraries") || { fail "no root"; finish; }
root=$folder/root
cp -a --reflink=auto "$base" "$root"
cp "$ipmpsc" "$root/usr/local/bin/ipmpsc"
cp "$play" "$root/usr/local/bin/play"
chmod 755 "$root"/usr/local/bin/*
mkdir "$root/try"
cp tests/examples/expect.sh tests/cli/operations/systemd_guest.sh "$root/try"

# The files of the page.
chroot "$root" useradd --system robot || fail "useradd --system robot"
block /etc/tmpfiles.d/robot.conf >"$root/etc/tmpfiles.d/robot.conf"
block /etc/systemd/system/ipmpsc-metrics.service >"$root/etc/systemd/system/ipmpsc-metrics.service"
[ -s "$root/etc/tmpfiles.d/robot.conf" ] && [ -s "$root/etc/systemd/system/ipmpsc-metrics.service" ] ||
  fail "docs/operations.md has no such files"
chroot "$root" systemctl enable ipmpsc-metrics.service || fail "the unit cannot be enabled"

cat >"$root/etc/systemd/system/try.service" <<'UNIT'
[Unit]
After=multi-user.target
SuccessAction=exit-force
FailureAction=exit-force

[Service]
Type=idle
ExecStart=/bin/bash /try/systemd_guest.sh
StandardOutput=file:/try/output
StandardError=file:/try/output

[Install]
WantedBy=default.target
UNIT
chroot "$root" systemctl enable try.service || fail "the guest cannot be enabled"
timeout 400 systemd-nspawn --directory="$root" --boot --register=no --keep-unit --private-network --console=pipe \
  >"$folder/console" 2>&1 || fail "systemd-nspawn: status $?"
if [ -s "$root/try/output" ]; then cat "$root/try/output"; else tail -n 30 "$folder/console"; fi
[ "$(tail -n 1 "$root/try/output")" = "all passed" ] || fail "the guest failed"

# systemd-tmpfiles leaves a file alone that a program has open from version 254 on.
try_tmpfiles() { # SUITE KEPT|REMOVED
  local old version
  old=$(make_root tmpfiles "$1" systemd) || { fail "no root of $1"; return; }
  version=$(chroot "$old" systemd-tmpfiles --version | head -n 1)
  echo "d /dev/shm 1777 root root 1s" >"$folder/old.conf"
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm
  play /dev/shm/quotes create >/dev/null
  play /dev/shm/quotes hold >"$folder/ready" &
  wait_until grep -q ready "$folder/ready"
  sleep 1.2
  clean() {
    unshare --mount --propagation private sh -c '
      mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && cp "$2" "$1/run/old.conf" &&
        chroot "$1" systemd-tmpfiles --clean /run/old.conf' clean "$old" "$folder/old.conf"
  }
  clean || fail "$version: status $?"
  case $2 in
    kept) [ -e /dev/shm/quotes ] || fail "$version removes a channel that a program has open" ;;
    removed) [ ! -e /dev/shm/quotes ] || fail "$version keeps a channel that a program has open" ;;
  esac
  kill -9 $!
  wait $! 2>/dev/null
  sleep 1.2
  clean
  [ ! -e /dev/shm/quotes ] || fail "$version keeps what nobody has open"
  umount /dev/shm
  echo "== $version: a channel that a program has open is $2"
}
export PATH=$folder/bin:$PATH
mkdir "$folder/bin" && cp "$play" "$folder/bin/play"
try_tmpfiles bookworm removed
try_tmpfiles trixie kept
finish
