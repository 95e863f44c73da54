// What protoc accepts and this plugin cannot make sense of.
#ifndef IPMPSC_CODEGEN_CHECK_H_
#define IPMPSC_CODEGEN_CHECK_H_

#include <string>

#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// The first thing in the file that cannot be generated, as "camera.Frame: why"; empty where there
// is none.
std::string FindUnsupported(const google::protobuf::FileDescriptor& file);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_CHECK_H_
