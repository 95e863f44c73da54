# Makes roots of Debian and runs commands in them. Sourced by install/debian/try.sh, install/docker/try.sh and .ci/compat.

# Says what is missing to make roots, and ends the script with status 2.
require_roots() {
  [ "$(id -u)" = 0 ] || { echo "$0: must be root, to make roots" >&2; exit 2; }
  command -v debootstrap >/dev/null || { echo "$0: apt-get install debootstrap" >&2; exit 2; }
}

# Makes the smallest root of a release.
make_root() { # SUITE ROOT [OPTION OF DEBOOTSTRAP...]
  debootstrap --variant=minbase "${@:3}" "$1" "$2" &&
    cp /etc/resolv.conf "$2/etc/resolv.conf" &&
    # A mirror may lag behind.
    echo 'Acquire::Check-Valid-Until "false";' >"$2/etc/apt/apt.conf.d/valid"
}

# Makes a root once and keeps it. One that was stopped half-way is made again. Roots are thrown away, so dpkg need not
# wait for the disk.
make_root_once() { # SUITE ROOT
  [ ! -e "$2/.done" ] || return 0
  rm -rf --one-file-system "$2"
  make_root "$1" "$2" || return 1
  echo force-unsafe-io >"$2/etc/dpkg/dpkg.cfg.d/fast"
  touch "$2/.done"
}

# Runs a command in a root, with FOLDER of this machine as PLACE. Whatever is mounted or still runs ends with it. The
# command may begin with variables of the environment: NAME=VALUE.
in_root() { # ROOT FOLDER PLACE COMMAND...
  unshare --mount --pid --fork --kill-child --propagation private bash -c '
    root=$1 folder=$2 place=$1$3
    shift 3
    mkdir -p "$place" &&
      mount -t proc proc "$root/proc" &&
      mount --rbind /dev "$root/dev" &&
      mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" &&
      mount --bind "$folder" "$place" || exit 1
    exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' in_root "$@" </dev/null
}
