// Tests programs that remove old files: systemd-tmpfiles itself, if it is installed.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/segment/create.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::WriteFile;

constexpr int64_t kHour = int64_t{3'600'000'000'000};
// The first version that keeps locked files.
constexpr int kRespectsLocks = 254;

// Returns 0 if it is not installed.
int Version() {
  FILE* const output = popen("systemd-tmpfiles --version 2>/dev/null", "r");
  if (output == nullptr) return 0;
  char line[256] = {};
  const bool read = fgets(line, sizeof(line), output) != nullptr;
  pclose(output);
  // systemd 252 (252.38-1~deb12u1)
  const std::vector<std::string> words = absl::StrSplit(line, ' ');
  int version = 0;
  return read && words.size() > 1 && absl::SimpleAtoi(words[1], &version) ? version : 0;
}

class AgeCleanerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    version_ = Version();
    if (version_ == 0) GTEST_SKIP() << "systemd-tmpfiles is not installed";
    ASSERT_OK_AND_ASSIGN(segment_, CreateSegment(directory_ / "channel", Small()));
    WriteFile(directory_ / "old", "");
  }

  static ChannelOptions Small() {
    ChannelOptions options;
    options.capacity = 4096;
    return options;
  }

  // Ages all files by two seconds and removes those older than one. The kernel's clock determines
  // the age, since the change time of an inode cannot be set.
  void AgeAndClean(bool refresh) {
    const timespec two = {2, 200'000'000};
    nanosleep(&two, nullptr);
    if (refresh) segment_->KeepFresh(MonotonicNow() + kHour);
    WriteFile(configuration_, absl::StrCat("e ", directory_.path(), " - - - 1s -\n"));
    const std::string command = absl::StrCat("systemd-tmpfiles --clean ", configuration_);
    ASSERT_EQ(system(command.c_str()), 0);
    if (Exists(directory_ / "old")) {
      GTEST_SKIP() << "systemd-tmpfiles " << version_ << " cleans nothing here";
    }
  }

  int version_ = 0;
  const SharedMemoryDirectory directory_;
  const std::string configuration_ = PathOnDisk("cleaner.conf");
  std::shared_ptr<Segment> segment_;
};

TEST_F(AgeCleanerTest, CleanerKeepsAChannelThatItsUserRefreshes) {
  AgeAndClean(/*refresh=*/true);
  EXPECT_TRUE(Exists(directory_ / "channel"));
  EXPECT_FALSE(segment_->IsGoneFromPath());
}

TEST_F(AgeCleanerTest, CleanerKeepsALockedChannel) {
  AgeAndClean(/*refresh=*/false);
  EXPECT_EQ(Exists(directory_ / "channel"), version_ >= kRespectsLocks) << version_;
  EXPECT_EQ(segment_->IsGoneFromPath(), version_ < kRespectsLocks) << "its users are told";
}

TEST_F(AgeCleanerTest, UnusedChannelAges) {
  segment_ = nullptr;
  AgeAndClean(/*refresh=*/false);
  EXPECT_FALSE(Exists(directory_ / "channel"));
}

}  // namespace
}  // namespace ipmpsc::internal
