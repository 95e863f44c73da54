#include "codegen/declared_limits.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace ipmpsc::codegen {

std::string DeclarationError(absl::string_view name, uint32_t senders, const char* senders_field,
                             uint32_t mode) {
  if (name.find('/') != absl::string_view::npos || name.find('\0') != absl::string_view::npos ||
      name == "." || name == "..") {
    return absl::StrCat("name \"", name,
                        "\" is not a file name; use one without \"/\", such as \"frames\"");
  }
  if (senders > kMaxDeclaredSenders) {
    return absl::StrCat(senders_field, " ", senders, " exceeds the limit of ", kMaxDeclaredSenders,
                        "; lower it");
  }
  if ((mode & ~uint32_t{0777}) != 0) {
    return absl::StrCat("mode ", absl::StrFormat("%#o", mode),
                        " has other bits than the permissions 0777; remove them, and write it in "
                        "octal, as in \"mode: 0640\"");
  }
  return "";
}

std::string CapacityError(const char* field, uint64_t capacity) {
  if (capacity <= kMaxDeclaredCapacity) return "";
  return absl::StrCat(field, " ", capacity, " exceeds the limit of ", kMaxDeclaredCapacity,
                      " bytes; lower it");
}

}  // namespace ipmpsc::codegen
