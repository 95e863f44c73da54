#include "ipmpsc/typed/declared_path.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace ipmpsc::typed {

std::string DeclaredPath(absl::string_view name) {
  const char* directory = std::getenv("IPMPSC_DIR");
  if (directory == nullptr || *directory == '\0') directory = "/dev/shm";
  return absl::StrCat(directory, "/", name);
}

}  // namespace ipmpsc::typed
