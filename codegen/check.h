// Checks for input that protoc accepts and this plugin cannot generate code for.
#ifndef IPMPSC_CODEGEN_CHECK_H_
#define IPMPSC_CODEGEN_CHECK_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "codegen/declared_limits.h"  // IWYU pragma: export
#include "google/protobuf/descriptor.h"

namespace ipmpsc::codegen {

// The runtime's limits, beside those of declared_limits.h. The plugin does not include the runtime;
// limits_test compares them.
// A page: every process maps a channel's data at a multiple of it.
inline constexpr uint32_t kMaxAlignment = 4096;
// Of the valid numbers of a closed enum. A field's entry for the parser counts them.
inline constexpr size_t kMaxEnumRuns = 65535;

// Checks that code can be generated for the file.
//
// Errors:
//  * kInvalidArgument - it cannot: names the first type or field that prevents it, what is wrong
//                       with it, and what to do
absl::Status CheckFile(const google::protobuf::FileDescriptor& file);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_CHECK_H_
