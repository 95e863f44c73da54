// The files that dead creators left behind: temporary channels, which normally go with their
// creator, and files under the hidden names that they have while one channel replaces another.
#ifndef IPMPSC_INTERNAL_SEGMENT_LEFTOVERS_H_
#define IPMPSC_INTERNAL_SEGMENT_LEFTOVERS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc::internal {

// Followed by 16 hexadecimal digits: names of temporary channels, and of files that await a name.
inline constexpr char kTemporaryPrefix[] = "ipmpsc-";
inline constexpr char kHiddenPrefix[] = ".ipmpsc-";

// Whether the name is `prefix` and 16 hexadecimal digits.
bool IsLeftoverName(absl::string_view name, absl::string_view prefix);

// Removes unused files from `directory` that creators left under names that begin with `prefix`.
// Takes only channels of this ABI version and of this user. Looks at a bounded number of names.
// Ignores errors.
void RemoveLeftovers(const std::string& directory, absl::string_view prefix);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_LEFTOVERS_H_
