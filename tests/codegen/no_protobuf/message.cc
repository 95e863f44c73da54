// A program with protobuf, to show that the test can detect it.
#include <iostream>

#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"

int main() {
  ipmpsc_test::camera::Frame frame;
  frame.set_width(1);
  std::cout << frame.DebugString();
  return 0;
}
