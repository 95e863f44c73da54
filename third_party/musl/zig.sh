#!/bin/bash
# One tool of the toolchain: zig, as the compiler of C and C++, the linker, or ar.
set -eu

zig=%{zig}
target=%{target}

# zig builds libc++ and musl once, into a cache that it locks and writes. The sandbox lets an action
# write to /tmp.
export ZIG_GLOBAL_CACHE_DIR=%{cache}
export ZIG_LOCAL_CACHE_DIR=$ZIG_GLOBAL_CACHE_DIR

case $0 in *ar) exec "$zig" ar "$@" ;; esac

language=c++
for argument; do
  case $argument in *.c) language=cc ;; esac
done
options=(
  -target "$target"
  -D_LARGEFILE64_SOURCE        # Abseil uses off64_t, which musl has on demand only.
  -fno-sanitize=undefined      # --config=asan reports it. zig's default stops the program without a word.
  -Wno-deprecated-builtins     # Abseil's headers use them.
)
exec "$zig" "$language" "${options[@]}" "$@"
