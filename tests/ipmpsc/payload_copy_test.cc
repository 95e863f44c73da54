#include "ipmpsc/internal/payload_copy.h"

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace ipmpsc::internal {
namespace {

std::string Pattern(size_t size) {
  std::string pattern(size, '\0');
  for (size_t i = 0; i < size; ++i) pattern[i] = static_cast<char>(i * 31 + i / 251);
  return pattern;
}

TEST(PayloadCopyTest, NonTemporalCopyOfEverySizeAtEveryOffset) {
  const std::string from = Pattern(400);
  for (size_t place = 0; place < 64; ++place) {
    for (const size_t size : {0, 1, 15, 63, 64, 65, 127, 128, 200, 256, 300}) {
      for (const size_t skipped : {0, 1, 8}) {
        std::string to(500, '.');
        CopyNonTemporal(&to[64 + place], from.data() + skipped, size);
        EXPECT_EQ(to, std::string(64 + place, '.') + from.substr(skipped, size) +
                          std::string(500 - 64 - place - size, '.'))
            << size << " bytes at " << place;
      }
    }
  }
}

TEST(PayloadCopyTest, CopyOfEverySizeAroundTheThreshold) {
  const std::string from = Pattern(kNonTemporalThreshold + 100);
  for (const size_t size :
       {kNonTemporalThreshold - 1, kNonTemporalThreshold, kNonTemporalThreshold + 100}) {
    std::string to(size + 2, '.');
    CopyPayload(&to[1], absl::string_view(from.data(), size));
    EXPECT_TRUE(to == "." + from.substr(0, size) + ".") << size << " bytes";
  }
}

TEST(PayloadCopyTest, ShortCopyWritesExactlyItsSize) {
  const std::string from = Pattern(200);
  for (size_t size = 0; size <= 200; ++size) {
    std::string to(size + 2, '.');
    CopyPayload(&to[1], absl::string_view(from.data(), size));
    EXPECT_EQ(to, "." + from.substr(0, size) + ".") << size << " bytes";
  }
}

TEST(PayloadCopyTest, EmptyCopyFromNull) {
  char to = '.';
  CopyPayload(&to, absl::string_view());
  EXPECT_EQ(to, '.');
}

}  // namespace
}  // namespace ipmpsc::internal
