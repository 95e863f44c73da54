# Roots of Debian for containers.sh and systemd.sh. Sourced, with `folder` as a folder for temporary files.

roots=${IPMPSC_TRY_CACHE:-$folder}

# Prints the packages of Debian that have the libraries of programs, separated by commas.
packages_of() { # PROGRAM...
  local library
  ldd "$@" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | xargs -n 1 readlink -f | sort -u | while read -r library; do
    dpkg -S "$library" 2>/dev/null || dpkg -S "${library#/usr}" # Where /lib is a link to /usr/lib.
  done | cut -d : -f 1 | sort -u | paste -sd ,
}

# Makes a root with the packages, separated by commas, and prints its folder.
make_root() { # NAME SUITE PACKAGES
  local root=$roots/$1-$2
  if [ ! -e "$root/.done" ]; then
    rm -rf --one-file-system "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase --include="$3" "$2" "$root" >"$folder/debootstrap.log" 2>&1 || {
      tail "$folder/debootstrap.log" >&2
      return 1
    }
    touch "$root/.done"
  fi
  echo "$root"
}
