// The limits of what options (ipmpsc.channel) and (ipmpsc.service) declare of a channel's file.
#ifndef IPMPSC_CODEGEN_DECLARED_LIMITS_H_
#define IPMPSC_CODEGEN_DECLARED_LIMITS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc::codegen {

// The runtime's limits. The plugin does not include the runtime; limits_test compares them.
inline constexpr uint64_t kMaxDeclaredCapacity = uint64_t{1} << 46;
inline constexpr uint32_t kMaxDeclaredSenders = 4096;

// Return what is wrong with the values and what to do, or "". `senders` and `capacity` have the
// names of their fields.
std::string DeclarationError(absl::string_view name, uint32_t senders, const char* senders_field,
                             uint32_t mode);
std::string CapacityError(const char* field, uint64_t capacity);

}  // namespace ipmpsc::codegen

#endif  // IPMPSC_CODEGEN_DECLARED_LIMITS_H_
