# Debian's cross compiler, with the libraries of its arm64 packages:
#
#   dpkg --add-architecture arm64 && apt-get update
#   apt-get install g++-aarch64-linux-gnu libabsl-dev:arm64 libprotobuf-dev:arm64 libprotoc-dev:arm64
#   cmake -S . -B build-host && cmake --build build-host --target protoc-gen-ipmpsc
#   cmake -S . -B build-aarch64 -DCMAKE_TOOLCHAIN_FILE=cmake/toolchains/aarch64-linux-gnu.cmake \
#     -DIPMPSC_HOST_PLUGIN=$PWD/build-host/protoc-gen-ipmpsc
#
# Programs run in qemu-user-static where that is installed, for the command's own manual page.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
# Package files and libraries of the machine that builds are of no use.
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu /usr/lib/aarch64-linux-gnu /usr)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_IGNORE_PREFIX_PATH /usr/local)
set(CMAKE_IGNORE_PATH /usr/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu/cmake /lib/x86_64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
find_program(ipmpsc_qemu qemu-aarch64-static)
if(ipmpsc_qemu)
  # With the loader of the arm64 packages, which belongs to their C library. That of the cross compiler's package may be
  # of another version: then `fork` never returns.
  set(CMAKE_CROSSCOMPILING_EMULATOR "${ipmpsc_qemu}")
endif()
