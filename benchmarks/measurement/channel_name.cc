#include "benchmarks/measurement/channel_name.h"

#include <cstdint>
#include <random>

#include "absl/strings/str_cat.h"

namespace ipmpsc::benchmarks {

std::string ChannelName() {
  std::random_device random;
  return absl::StrCat("ipmpsc-compare-", absl::Hex(random(), absl::kZeroPad8),
                      absl::Hex(random(), absl::kZeroPad8));
}

}  // namespace ipmpsc::benchmarks
