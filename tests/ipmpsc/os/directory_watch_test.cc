#include "ipmpsc/internal/os/directory_watch.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <limits>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "ipmpsc/internal/os/clock.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::WriteFile;

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

int64_t In(int64_t milliseconds) { return MonotonicNow() + milliseconds * 1'000'000; }

TEST(DirectoryWatchTest, NoticesNamesThatAppearedSinceItBegan) {
  const SharedMemoryDirectory directory;
  WriteFile(directory / "old", "");
  DirectoryWatch watch(directory.path());
  ASSERT_TRUE(watch.valid());
  WriteFile(directory / "created", "");
  EXPECT_TRUE(watch.WaitFor("created", kNever));
  ASSERT_EQ(link((directory / "created").c_str(), (directory / "linked").c_str()), 0);
  EXPECT_TRUE(watch.WaitFor("linked", kNever));
  ASSERT_EQ(rename((directory / "created").c_str(), (directory / "moved").c_str()), 0);
  EXPECT_TRUE(watch.WaitFor("moved", kNever));
}

TEST(DirectoryWatchTest, SleepsUntilTheNameAppears) {
  const SharedMemoryDirectory directory;
  DirectoryWatch watch(directory.path());
  std::thread other([&] {
    for (int i = 0; i < 300; ++i) WriteFile(directory / ("other" + std::to_string(i)), "");
    WriteFile(directory / "name", "");
  });
  EXPECT_TRUE(watch.WaitFor("name", kNever));
  EXPECT_EQ(access((directory / "name").c_str(), F_OK), 0);
  other.join();
}

TEST(DirectoryWatchTest, WaitsUntilTheDeadlineForANameThatDoesNotAppear) {
  const SharedMemoryDirectory directory;
  DirectoryWatch watch(directory.path());
  WriteFile(directory / "name2", "");
  WriteFile(directory / "nam", "");
  const int64_t deadline = In(20);
  EXPECT_TRUE(watch.WaitFor("name", deadline));
  EXPECT_GE(MonotonicNow(), deadline);
  EXPECT_TRUE(watch.WaitFor("name", 0));
}

TEST(DirectoryWatchTest, IsLostWithItsDirectory) {
  const SharedMemoryDirectory directory;
  const std::string below = directory / "below";
  ASSERT_EQ(mkdir(below.c_str(), 0700), 0);
  DirectoryWatch removed(below);
  ASSERT_EQ(rmdir(below.c_str()), 0);
  EXPECT_FALSE(removed.WaitFor("name", kNever));
  ASSERT_EQ(mkdir(below.c_str(), 0700), 0);
  DirectoryWatch moved(below);
  ASSERT_EQ(rename(below.c_str(), (directory / "elsewhere").c_str()), 0);
  EXPECT_FALSE(moved.WaitFor("name", kNever));
}

TEST(DirectoryWatchTest, WatchesOnlyADirectoryThatIsThere) {
  const SharedMemoryDirectory directory;
  WriteFile(directory / "file", "");
  EXPECT_FALSE(DirectoryWatch(directory / "none").valid());
  EXPECT_FALSE(DirectoryWatch(directory / "file").valid());
  EXPECT_FALSE(DirectoryWatch().valid());
}

}  // namespace
}  // namespace ipmpsc::internal
