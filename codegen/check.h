// Checks for input that protoc accepts and this plugin cannot generate code for.
#ifndef IPMPSC_CODEGEN_CHECK_H_
#define IPMPSC_CODEGEN_CHECK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// The runtime's limits. The plugin does not link the runtime.
inline constexpr uint64_t kMaxDeclaredCapacity = uint64_t{1} << 46;
inline constexpr uint32_t kMaxDeclaredSenders = 4096;
// A page: every process maps a channel's data at a multiple of it.
inline constexpr uint32_t kMaxAlignment = 4096;

// Errors:
//  * kInvalidArgument - names the first thing in the file that cannot be generated:
//                       "camera.Frame: why"
absl::Status CheckFile(const google::protobuf::FileDescriptor& file);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_CHECK_H_
