#include "ipmpsc/internal/segment/leftovers.h"

#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/segment/create.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/open.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::CountNames;
using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::WriteFile;

constexpr char kName[] = "ipmpsc-0123456789abcdef";

ChannelOptions Small() {
  ChannelOptions options;
  options.capacity = 4096;
  return options;
}

void MakeLeftover(const std::string& path) { ASSERT_OK(CreateSegment(path, Small())); }

TEST(LeftoversTest, UnusedChannelIsRemoved) {
  const SharedMemoryDirectory directory;
  for (const std::string& name : {std::string(kName), absl::StrCat(".", kName)}) {
    MakeLeftover(directory / name);
  }
  RemoveLeftovers(directory.path(), kTemporaryPrefix);
  EXPECT_FALSE(Exists(directory / kName));
  EXPECT_TRUE(Exists(directory / absl::StrCat(".", kName)));
  RemoveLeftovers(directory.path(), kHiddenPrefix);
  EXPECT_EQ(CountNames(directory.path()), 0);
}

TEST(LeftoversTest, UnusedChannelOnDiskIsRemoved) {
  const std::string path = PathOnDisk(kName);
  MakeLeftover(path);
  RemoveLeftovers(path.substr(0, path.size() - sizeof(kName)), kTemporaryPrefix);
  EXPECT_FALSE(Exists(path));
}

TEST(LeftoversTest, OpenChannelStaysUntilItIsClosed) {
  const SharedMemoryDirectory directory;
  MakeLeftover(directory / kName);
  // The channel may be in use in this process, or by a user that did not create it.
  ASSERT_OK_AND_ASSIGN(std::shared_ptr<Segment> here, OpenSegment(directory / kName));
  RemoveLeftovers(directory.path(), kTemporaryPrefix);
  EXPECT_TRUE(Exists(directory / kName));
  {
    std::shared_ptr<Segment> there;
    ChildProcess other = ChildProcess::ForkAndHold([&] {
      absl::StatusOr<std::shared_ptr<Segment>> opened = OpenSegment(directory / kName);
      if (!opened.ok()) return opened.status().ToString();
      there = *opened;
      return std::string();
    });
    ASSERT_EQ(other.result(), "");
    here = nullptr;
    RemoveLeftovers(directory.path(), kTemporaryPrefix);
    EXPECT_TRUE(Exists(directory / kName)) << "another process uses it";
    other.Kill();
  }
  RemoveLeftovers(directory.path(), kTemporaryPrefix);
  EXPECT_FALSE(Exists(directory / kName));
}

TEST(LeftoversTest, OtherFilesStay) {
  const SharedMemoryDirectory directory;
  MakeLeftover(directory / "other");
  const std::string bytes = ReadFile(directory / "other");
  const char* const names[] = {"ipmpsc-",
                               "ipmpsc-0123456789abcde",
                               "ipmpsc-0123456789abcdef0",
                               "ipmpsc-0123456789abcdeg",
                               "ipmpsc-0123456789ABCDEF",
                               "ipmpsc-test-abcdef",
                               "xipmpsc-0123456789abcdef"};
  for (const char* name : names) WriteFile(directory / name, bytes);
  // Other content, another version, a directory, links.
  WriteFile(directory / "ipmpsc-0000000000000001", "text");
  WriteFile(directory / "ipmpsc-0000000000000002", std::string(8192, '\0'));
  std::string other = bytes;
  other[offsetof(SegmentHeader, abi_version)] = kAbiVersion - 1;
  WriteFile(directory / "ipmpsc-0000000000000003", other);
  ASSERT_EQ(mkdir((directory / "ipmpsc-0000000000000004").c_str(), 0700), 0);
  ASSERT_EQ(symlink("other", (directory / "ipmpsc-0000000000000005").c_str()), 0);
  ASSERT_EQ(mkfifo((directory / "ipmpsc-0000000000000006").c_str(), 0600), 0);
  const int before = CountNames(directory.path());
  RemoveLeftovers(directory.path(), kTemporaryPrefix);
  EXPECT_EQ(CountNames(directory.path()), before);
}

TEST(LeftoversTest, ChannelOfAnotherUserStays) {
  if (geteuid() != 0) GTEST_SKIP() << "only root makes files of other users";
  const SharedMemoryDirectory directory;
  MakeLeftover(directory / kName);
  if (chown((directory / kName).c_str(), 4711, 4711) != 0) GTEST_SKIP() << "chown is refused";
  RemoveLeftovers(directory.path(), kTemporaryPrefix);
  EXPECT_TRUE(Exists(directory / kName));
}

TEST(LeftoversTest, NoSuchDirectory) { RemoveLeftovers("/nowhere/at/all", kTemporaryPrefix); }

// Covers the whole sequence: a killed creator, and the next one.
TEST(LeftoversTest, NextTemporaryChannelRemovesThatOfAKilledCreator) {
  std::shared_ptr<Segment> kept;
  ChildProcess creator = ChildProcess::ForkAndHold([&] {
    absl::StatusOr<std::shared_ptr<Segment>> created = CreateTempSegment(Small());
    if (!created.ok()) return created.status().ToString();
    kept = *created;
    return kept->path();
  });
  ASSERT_TRUE(Exists(creator.result())) << creator.result();
  ASSERT_OK(CreateTempSegment(Small()));
  EXPECT_TRUE(Exists(creator.result())) << "its creator lives, though nobody is attached";
  creator.Kill();
  // The creator of any other test may have removed it already.
  ASSERT_OK(CreateTempSegment(Small()));
  EXPECT_FALSE(Exists(creator.result()));
}

TEST(LeftoversTest, NextCreatorRemovesHiddenNames) {
  for (const ExistPolicy policy : {ExistPolicy::kFail, ExistPolicy::kOpen, ExistPolicy::kReplace,
                                   ExistPolicy::kOpenOrReplace}) {
    const SharedMemoryDirectory directory;
    MakeLeftover(directory / absl::StrCat(".", kName));
    ChannelOptions options = Small();
    options.exist_policy = policy;
    ASSERT_OK(CreateSegment(directory / "a", options));
    EXPECT_EQ(CountNames(directory.path()), 1);
  }
}

}  // namespace
}  // namespace ipmpsc::internal
