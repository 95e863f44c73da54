#include "benchmarks/transports/iceoryx2_common.h"

#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace ipmpsc::benchmarks::iceoryx2 {

bool AwaitOtherEnd(absl::FunctionRef<bool()> is_there) {
  const absl::Time limit = absl::Now() + kPatience;
  while (!is_there()) {
    if (absl::Now() > limit) return false;
    sched_yield();
  }
  return true;
}

void RemoveFiles(absl::string_view name) {
  std::error_code ignored;
  std::filesystem::remove_all(absl::StrCat("/tmp/", name), ignored);
  const std::string prefix = absl::StrCat(name, "-");
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm", ignored)) {
    if (absl::StartsWith(entry.path().filename().string(), prefix)) unlink(entry.path().c_str());
  }
}

}  // namespace ipmpsc::benchmarks::iceoryx2
