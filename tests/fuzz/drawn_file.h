// Draws a .proto file from an input. protobuf accepts most of them. The names are difficult for a
// C++ generator.
#ifndef TESTS_FUZZ_DRAWN_FILE_H_
#define TESTS_FUZZ_DRAWN_FILE_H_

#include "google/protobuf/descriptor.pb.h"
#include "tests/fuzz/input.h"

namespace ipmpsc::fuzz {

void DrawFile(Input* input, google::protobuf::FileDescriptorProto* file);

}  // namespace ipmpsc::fuzz

#endif  // TESTS_FUZZ_DRAWN_FILE_H_
