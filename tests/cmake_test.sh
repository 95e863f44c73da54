#!/bin/bash
# Builds this tree and examples/cmake with CMake, beside a project whose .proto files import one
# another and those of ipmpsc and protobuf, and runs what was built.
set -u

here=$(dirname "$(readlink -f WORKSPACE)")
source "$here/tests/examples/expect.sh"
cd "$TEST_TMPDIR" || exit 1

mkdir -p project/geometry project/camera
cat >project/geometry/point.proto <<'END'
syntax = "proto3";
package geometry;
import "google/protobuf/timestamp.proto";
message Point { int32 x = 1; google.protobuf.Timestamp seen = 2; }
END
cat >project/camera/frame.proto <<'END'
syntax = "proto3";
package camera;
import "geometry/point.proto";
import "ipmpsc/field.proto";
message Frame { geometry.Point origin = 1; bytes pixels = 2 [(ipmpsc.field).alignment = 64]; }
END
cat >project/frame.cc <<'END'
#include <iostream>

#include "camera/frame.ipmpsc.h"
#include "camera/frame.pb.h"

int main() {
  const auto channel = camera::FrameChannel::CreateAnonymous();
  auto sender = camera::FrameSender::Attach(*channel);
  auto receiver = camera::FrameReceiver::Attach(*channel);
  camera::Frame frame;
  frame.mutable_origin()->set_x(7);
  frame.mutable_origin()->mutable_seen()->set_seconds(8);
  const absl::Status sent = sender->TrySend(frame);
  const auto lease = receiver->TryReceive();
  if (!sent.ok() || !lease.ok()) return 1;
  std::cout << (*lease)->origin().x() << " " << (*lease)->origin().seen().seconds() << "\n";
}
END
cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.24)
project(several LANGUAGES CXX)
set(CMAKE_CXX_FLAGS "-Wall -Wextra -Werror")
# It has the folder of ipmpsc in it.
add_subdirectory($ENV{IPMPSC_TREE}/examples/cmake example)
ipmpsc_add_library(point_ipmpsc PROTOS geometry/point.proto)
ipmpsc_add_library(frame_typed PROTOS camera/frame.proto DEPS point_ipmpsc)
add_executable(frame frame.cc)
target_link_libraries(frame PRIVATE frame_typed)
# With the project's own classes of protobuf's.
find_package(Protobuf REQUIRED)
add_library(messages STATIC geometry/point.proto)
protobuf_generate(TARGET messages)
target_include_directories(messages PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
target_link_libraries(messages PUBLIC protobuf::libprotobuf)
ipmpsc_add_library(point_views NO_MESSAGES PROTOS geometry/point.proto)
add_executable(point point.cc)
target_link_libraries(point PRIVATE point_views messages)
END
cat >project/point.cc <<'END'
#include "geometry/point.ipmpsc.h"
#include "geometry/point.pb.h"

int main() {
  geometry::Point point;
  point.set_x(9);
  ipmpsc::view::Arena arena;
  const std::string bytes = point.SerializeAsString();
  return geometry::PointView::Parse(bytes, &arena)->ToMessage().x() == 9 ? 0 : 1;
}
END

export IPMPSC_TREE=$here
cmake -S project -B build >log 2>&1 || { cat log; fail "it cannot be configured"; }
grep -q "no CMAKE_BUILD_TYPE is given, so Release it is" log || fail "CMake does not say what it builds"
cmake --build build -j2 >log 2>&1 || { tail -n 50 log; fail "it does not build"; finish; }

[ "$(build/frame)" = "7 8" ] || fail "what was sent is not what was received"
build/point || fail "a view does not go with the project's own classes"

# The example, between two processes.
export IPMPSC_DIR=$TEST_TMPDIR
build/example/receive_frame >output &
receiver=$!
wait_until test -e camera.frames
build/example/send_frame || fail "the example's sender failed"
wait $receiver || fail "the example's receiver failed"
[ "$(cat output)" = "1920x1080, 2073600 bytes" ] || fail "the example printed: $(cat output)"
readelf -d build/example/receive_frame | grep -q protobuf && fail "a program of views only links protobuf"
readelf -d build/example/send_frame | grep -q protobuf || fail "the test does not know what links protobuf"

# Everything that imports a changed file is built again, and nothing else.
cmake --build build >log 2>&1
grep -q Generating log && fail "without a change something is generated: $(cat log)"
sed -i 's/int32 x/int64 x/' project/geometry/point.proto
cmake --build build -j2 >log 2>&1 || { tail -n 50 log; fail "it does not build after a change"; }
for name in geometry/point.ipmpsc.h geometry/point.pb.h camera/frame.ipmpsc.h camera/frame.pb.h; do
  grep -q "Generating $name" log || fail "$name is not generated again"
done
grep -q "Generating examples/quickstart" log && fail "the example is generated again"
[ "$(build/frame)" = "7 8" ] || fail "what was sent is not what was received after the change"

# A header that a change has passed by does not compile.
cp build/point_ipmpsc.generated/geometry/point.ipmpsc.views.h kept
sed -i 's/int64 x/int32 x/' project/geometry/point.proto
protoc --plugin=protoc-gen-ipmpsc="$(echo build/example/ipmpsc/protoc-gen-ipmpsc)" --proto_path=project \
  --proto_path=/usr/include --ipmpsc_out=build/point_ipmpsc.generated geometry/point.proto || fail "protoc failed"
c++ -std=c++17 -fsyntax-only -I"$here" -Ibuild/point_ipmpsc.generated -Ibuild/frame_typed.generated \
  -Ibuild/example/ipmpsc/ipmpsc_well_known.generated -Ibuild/example/ipmpsc/ipmpsc_protos.generated \
  -x c++ build/frame_typed.generated/camera/frame.ipmpsc.h >log 2>&1 && fail "a stale header compiles"
grep -q "the header of camera/frame.proto was generated with another geometry/point.proto: regenerate both" log ||
  { cat log; fail "the compiler does not say that a header is stale"; }
sed -i 's/int32 x/int64 x/' project/geometry/point.proto
cp kept build/point_ipmpsc.generated/geometry/point.ipmpsc.views.h
cmake --build build -j2 >log 2>&1 || { tail -n 50 log; fail "it does not build again"; }

# C++14: one error, which says what is wanted.
echo '#include "camera/frame.ipmpsc.h"' >old.cc
c++ -std=c++14 -fsyntax-only -I"$here" -Ibuild/point_ipmpsc.generated -Ibuild/frame_typed.generated \
  -Ibuild/example/ipmpsc/ipmpsc_well_known.generated -Ibuild/example/ipmpsc/ipmpsc_protos.generated \
  old.cc >log 2>&1 && fail "C++14 is enough"
[ "$(grep -c error: log)" = 1 ] || { cat log; fail "C++14 gives more than one error"; }
grep -q "ipmpsc needs C++17: compile with -std=c++17" log || fail "the compiler does not say that C++17 is needed"
# For a header that includes Abseil first, a later Abseil says the same before it.
for header in channel deadline fd_passing options receiver record sender stats tap wait_set typed/generated rpc/generated; do
  c++ -std=c++14 -fsyntax-only -I"$here" -x c++ "$here/ipmpsc/$header.h" >log 2>&1 && fail "$header.h takes C++14"
  [ "$(grep -c error: log)" -le 2 ] || { head -n 50 log; fail "$header.h gives C++14 more than two errors"; }
  grep -q "ipmpsc needs C++17: compile with -std=c++17" log || fail "$header.h does not say that C++17 is needed"
done

# Installed, found from elsewhere, with a library of the .proto files that is exported itself.
cmake --install build --prefix "$TEST_TMPDIR/prefix" >log 2>&1 || { cat log; fail "it cannot be installed"; }
for path in bin/protoc-gen-ipmpsc include/ipmpsc/channel.h include/ipmpsc/channel.proto \
  include/ipmpsc/channel.ipmpsc.h include/google/protobuf/timestamp.ipmpsc.views.h; do
  test -e "prefix/$path" || fail "$path is not installed"
done
# This tree by itself has the programs, too, where their libraries are installed. Building them takes long:
# Bazel builds the same sources.
cmake -S "$here" -B programs >log 2>&1 || { cat log; fail "this tree by itself cannot be configured"; }
cmake --build programs --target help >targets 2>&1
grep -q '\.\.\. ipmpsc_command$' targets || { cat targets; fail "the command ipmpsc is no target"; }
grep -q "not installed: libnats or librdkafka" log || grep -q '\.\.\. ipmpsc-bridge$' targets ||
  fail "ipmpsc-bridge is no target"
# Each engine is built where its library is installed.
for engine in nats/nats.h:NATS librdkafka/rdkafka.h:KAFKA; do
  test -e "/usr/include/${engine%:*}" || continue
  grep -rqs -e "-DIPMPSC_HAS_${engine#*:}" programs/CMakeFiles/ipmpsc-bridge.dir ||
    fail "ipmpsc-bridge is built without ${engine#*:}"
done
if command -v curl-config >/dev/null; then
  grep -rqs -e -DIPMPSC_HAS_CURL programs/CMakeFiles/ipmpsc-bridge.dir ||
    fail "ipmpsc-bridge is built without libcurl"
fi
cmake -S "$here" -B programs -DCMAKE_DISABLE_FIND_PACKAGE_CLI11=ON >log 2>&1 || { cat log; fail "CLI11 is needed"; }
grep -q "the command ipmpsc is not built, since these are not installed: CLI11" log ||
  { cat log; fail "CMake does not say what is missing for the command"; }
mkdir library program
cp -r project/geometry library
cat >library/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.24)
project(library LANGUAGES CXX)
find_package(ipmpsc 0.1 REQUIRED)
ipmpsc_add_library(point_ipmpsc PROTOS geometry/point.proto)
install(TARGETS point_ipmpsc point_ipmpsc_messages EXPORT points)
install(DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/point_ipmpsc.generated/ DESTINATION include
  FILES_MATCHING PATTERN "*.h")
install(EXPORT points NAMESPACE points:: FILE pointsConfig.cmake DESTINATION lib/cmake/points)
END
cp project/point.cc program/point.cc
cat >program/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.24)
project(program LANGUAGES C CXX)
find_package(ipmpsc 0.1 REQUIRED)
# By the C interface.
add_executable(send $ENV{IPMPSC_TREE}/examples/c/send.c)
target_link_libraries(send PRIVATE ipmpsc::c)
find_package(points REQUIRED)
add_executable(point point.cc)
target_link_libraries(point PRIVATE points::point_ipmpsc)
END
for name in library program; do
  cmake -S $name -B $name/build "-DCMAKE_PREFIX_PATH=$TEST_TMPDIR/prefix" >log 2>&1 &&
    cmake --build $name/build >>log 2>&1 || { cat log; fail "$name does not build"; }
  [ $name = program ] || cmake --install $name/build --prefix "$TEST_TMPDIR/prefix" >log 2>&1 ||
    { cat log; fail "$name cannot be installed"; }
done
program/build/point || fail "a program of an exported library does not work"
program/build/send /proc </dev/null 2>log && fail "a program in C takes a directory for a channel"
grep -q "^send: /proc: " log || { cat log; fail "a program in C does not work"; }
readelf -d program/build/send | grep -q "libipmpsc_c\.so\.0\.1" || fail "a program in C links something else"
export PKG_CONFIG_PATH=$(dirname "$(find "$PWD/prefix" -name ipmpsc-c.pc)")
# shellcheck disable=SC2046
cc -std=c11 $(pkg-config --cflags ipmpsc-c) "$here/examples/c/send.c" $(pkg-config --libs ipmpsc-c) -o send_by_hand ||
  fail "a program in C does not build with pkg-config"

# Without CMake: the command that docs/codegen.md shows.
plugin=$(echo build/example/ipmpsc/protoc-gen-ipmpsc)
mkdir by_hand
protoc --plugin=protoc-gen-ipmpsc="$plugin" --proto_path=project --proto_path="$here/proto" \
  --proto_path=/usr/include --ipmpsc_out=by_hand camera/frame.proto || fail "protoc failed"
cmp by_hand/camera/frame.ipmpsc.h build/frame_typed.generated/camera/frame.ipmpsc.h ||
  fail "protoc alone generates another header"

# Mistakes are said at once.
expect_mistake() { # TEXT LINE: a CMakeLists.txt with that line
  printf 'cmake_minimum_required(VERSION 3.24)\nproject(wrong LANGUAGES CXX)\ninclude(%s/cmake/ipmpsc_add_library.cmake)\n%s\n' \
    "$here" "$2" >wrong/CMakeLists.txt
  cmake -S wrong -B wrong/build >log 2>&1 && fail "this can be configured: $2"
  tr -s ' \n' '  ' <log | grep -qF "$1" || { cat log; fail "CMake does not say: $1"; }
}
mkdir wrong
expect_mistake 'ipmpsc_add_library(x): no PROTOS' 'ipmpsc_add_library(x)'
expect_mistake 'ipmpsc_add_library(x): unknown argument y.proto' 'ipmpsc_add_library(x y.proto PROTOS x.proto)'
expect_mistake 'x.proto' 'ipmpsc_add_library(x PROTOS x.proto)'

finish
