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

# What is built again: all that imports what has changed, and nothing else.
cmake --build build >log 2>&1
grep -q Generating log && fail "without a change something is generated: $(cat log)"
sed -i 's/int32 x/int64 x/' project/geometry/point.proto
cmake --build build -j2 >log 2>&1 || { tail -n 50 log; fail "it does not build after a change"; }
for name in geometry/point.ipmpsc.h geometry/point.pb.h camera/frame.ipmpsc.h camera/frame.pb.h; do
  grep -q "Generating $name" log || fail "$name is not generated again"
done
grep -q "Generating examples/quickstart" log && fail "the example is generated again"
[ "$(build/frame)" = "7 8" ] || fail "what was sent is not what was received after the change"

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
expect_mistake 'ipmpsc_add_library(x): what is y.proto?' 'ipmpsc_add_library(x y.proto PROTOS x.proto)'
expect_mistake 'x.proto' 'ipmpsc_add_library(x PROTOS x.proto)'

finish
