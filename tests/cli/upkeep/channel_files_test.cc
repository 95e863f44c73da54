// Removing and repairing the files of channels.
#include "cli/upkeep/channel_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/upkeep/repair.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::cli {
namespace {

using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kHidden[] = ".ipmpsc-0123456789abcdef";
constexpr char kTemporary[] = "ipmpsc-0123456789abcdef";

class ChannelFilesTest : public ::testing::Test {
 protected:
  static void Create(const std::string& path) {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 3;
    options.mode = 0640;
    options.timestamps = true;
    options.on_full = OnFull::kDropNewest;
    options.description = "of the test";
    ASSERT_OK(Channel::Create(path, options));
  }
  static void Send(const std::string& path) {
    const absl::StatusOr<Channel> channel = Channel::Open(path);
    absl::StatusOr<Sender> sender = Sender::Attach(*channel);
    ASSERT_OK(sender->TrySend("message"));
  }
  static void Receive(const std::string& path) {
    const absl::StatusOr<Channel> channel = Channel::Open(path);
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
    ASSERT_OK(receiver->TryReceive());
  }
  static void Damage(const std::string& path) {
    const absl::StatusOr<Channel> channel = Channel::Open(path);
    internal::ChannelAccess::SegmentOf(*channel)->ring().control->release_position.store(1 << 20);
  }
  // A process that has the channel open, and is attached to nothing.
  static ChildProcess ForkUser(const std::string& path) {
    ChildProcess child = ChildProcess::ForkAndHold([&]() -> std::string {
      return (new absl::StatusOr<Channel>(Channel::Open(path)))->ok() ? "open" : "";
    });
    EXPECT_EQ(child.result(), "open");
    return child;
  }

  std::vector<std::string> Collect(const GarbageOptions& options) const {
    std::vector<Garbage> garbage;
    EXPECT_OK(CollectGarbage(directory_.path(), options, &garbage));
    std::vector<std::string> names;
    for (const Garbage& file : garbage) {
      EXPECT_OK(file.removed);
      EXPECT_NE(file.reason, "");
      EXPECT_EQ(Exists(file.path), options.dry_run) << file.path;
      names.push_back(file.path.substr(directory_.path().size() + 1));
    }
    return names;
  }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "channel";
};

TEST_F(ChannelFilesTest, FindsChannels) {
  Create(directory_ / "b");
  Create(directory_ / "a");
  Create(directory_ / ".hidden");
  WriteFile(directory_ / "text", "IPMPSC");
  EXPECT_THAT(FindChannels({directory_.path()}), ElementsAre(directory_ / "a", directory_ / "b"));
  EXPECT_THAT(FindChannels({directory_.path() + "/"}),
              ElementsAre(directory_ / "a", directory_ / "b"));
  EXPECT_THAT(FindChannels({directory_ / "text", directory_ / "none"}),
              ElementsAre(directory_ / "text", directory_ / "none"));
  EXPECT_THAT(FindChannels({}), IsEmpty());
  EXPECT_THAT(FindChannels({directory_ / "b", directory_.path(), directory_ / "b"}),
              ElementsAre(directory_ / "b", directory_ / "a"));
}

TEST_F(ChannelFilesTest, RemovesAChannelThatNobodyUses) {
  Create(path_);
  EXPECT_OK(RemoveChannel(path_, false));
  EXPECT_FALSE(Exists(path_));
  EXPECT_THAT(RemoveChannel(path_, false), StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
  EXPECT_THAT(RemoveChannel(path_, true), StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
}

TEST_F(ChannelFilesTest, KeepsAChannelThatIsInUse) {
  Create(path_);
  ChildProcess user = ForkUser(path_);
  EXPECT_THAT(RemoveChannel(path_, false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in use")));
  EXPECT_TRUE(Exists(path_));
  user.Kill();
  EXPECT_OK(RemoveChannel(path_, false));

  Create(path_);
  user = ForkUser(path_);
  EXPECT_OK(RemoveChannel(path_, true));
  EXPECT_FALSE(Exists(path_));
}

TEST_F(ChannelFilesTest, AProcessThatLooksIsNoUser) {
  Create(path_);
  ChildProcess looking = ChildProcess::ForkAndHold([this]() -> std::string {
    return (new absl::StatusOr<Channel>(Channel::OpenReadOnly(path_)))->ok() ? "open" : "";
  });
  EXPECT_EQ(looking.result(), "open");
  EXPECT_OK(RemoveChannel(path_, false));
}

TEST_F(ChannelFilesTest, NoticesAnotherFileOfTheName) {
  Create(path_);
  EXPECT_OK(WhileUnused(path_, [&](const struct stat& file) {
    EXPECT_TRUE(IsFileAt(path_, file));
    Create(directory_ / "other");
    EXPECT_EQ(rename((directory_ / "other").c_str(), path_.c_str()), 0);
    EXPECT_FALSE(IsFileAt(path_, file));
    EXPECT_EQ(symlink(path_.c_str(), (directory_ / "link").c_str()), 0);
    struct stat other;
    EXPECT_EQ(stat(path_.c_str(), &other), 0);
    EXPECT_FALSE(IsFileAt(directory_ / "link", other));
    return absl::OkStatus();
  }));
}

TEST_F(ChannelFilesTest, KeepsMessages) {
  Create(path_);
  Send(path_);
  EXPECT_THAT(RemoveChannel(path_, false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("64 bytes")));
  Receive(path_);
  EXPECT_OK(RemoveChannel(path_, false));
  Create(path_);
  Send(path_);
  EXPECT_OK(RemoveChannel(path_, true));
}

TEST_F(ChannelFilesTest, KeepsWhatIsNoChannel) {
  WriteFile(path_, "something else");
  for (const bool force : {false, true}) {
    EXPECT_THAT(RemoveChannel(path_, force),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no channel")));
    EXPECT_THAT(RemoveChannel(directory_.path(), force),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no channel")));
  }
  EXPECT_EQ(ReadFile(path_), "something else");
  Create(directory_ / "target");
  ASSERT_EQ(symlink((directory_ / "target").c_str(), (directory_ / "link").c_str()), 0);
  EXPECT_THAT(RemoveChannel(directory_ / "link", true),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("symbolic link")));
  EXPECT_TRUE(Exists(directory_ / "target"));
}

TEST_F(ChannelFilesTest, CollectsOnlyGarbage) {
  Create(path_);
  Create(directory_ / "used");
  const ChildProcess user = ForkUser(directory_ / "used");
  Create(directory_ / "closed");
  Channel::Open(directory_ / "closed")->Close();
  Create(directory_ / "closed_with_messages");
  Send(directory_ / "closed_with_messages");
  Channel::Open(directory_ / "closed_with_messages")->Close();
  Create(directory_ / "closed_and_used");
  Channel::Open(directory_ / "closed_and_used")->Close();
  const ChildProcess late = ForkUser(directory_ / "closed_and_used");
  Create(directory_ / "damaged");
  Damage(directory_ / "damaged");
  Create(directory_ / kTemporary);
  Send(directory_ / kTemporary);
  // Creating another channel would remove it.
  Create(directory_ / kHidden);
  WriteFile(directory_ / ".ipmpsc-0123456789abcde0", "foreign");

  GarbageOptions options;
  options.dry_run = true;
  EXPECT_THAT(Collect(options), ElementsAre(kHidden, "closed", kTemporary));
  options.dry_run = false;
  options.older_than = absl::Hours(1);
  EXPECT_THAT(Collect(options), IsEmpty());
  options.older_than = absl::ZeroDuration();
  EXPECT_THAT(Collect(options), ElementsAre(kHidden, "closed", kTemporary));
  EXPECT_THAT(Collect(options), IsEmpty());
  options.unused = true;
  EXPECT_THAT(Collect(options), ElementsAre("channel"));
  EXPECT_TRUE(Exists(directory_ / ".ipmpsc-0123456789abcde0"));
  EXPECT_TRUE(Exists(directory_ / "damaged"));
  EXPECT_TRUE(Exists(directory_ / "closed_with_messages"));
}

TEST_F(ChannelFilesTest, ItsOwnLookMakesAFileNoYounger) {
  Create(path_);
  Channel::Open(path_)->Close();
  // The kernel notes the next access of a file whose last one is long ago.
  const timespec times[2] = {{0, 0}, {0, UTIME_OMIT}};
  ASSERT_EQ(utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  // No call sets the time of the last change, so the file has to grow old.
  absl::SleepFor(absl::Milliseconds(100));
  GarbageOptions options;
  options.older_than = absl::Milliseconds(50);
  EXPECT_THAT(Collect(options), ElementsAre("channel"));
}

TEST_F(ChannelFilesTest, TellsThatADirectoryIsMissing) {
  std::vector<Garbage> garbage;
  EXPECT_THAT(CollectGarbage(directory_ / "none", {}, &garbage),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  Create(path_);
  EXPECT_FALSE(CollectGarbage(path_, {}, &garbage).ok());
}

TEST_F(ChannelFilesTest, RepairsDamagedPositions) {
  Create(path_);
  const std::string id = Channel::Open(path_)->id();
  Damage(path_);
  ChildProcess user = ForkUser(path_);
  EXPECT_THAT(RepairChannel(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in use")));
  user.Kill();
  ASSERT_OK_AND_ASSIGN(const Repair repair, RepairChannel(path_));
  EXPECT_TRUE(repair.recreated);
  EXPECT_EQ(repair.kept, path_ + ".damaged-1");
  EXPECT_EQ(Channel::OpenReadOnly(repair.kept)->id(), id);
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::OpenReadOnly(path_));
  const ChannelStats stats = channel.Stats();
  EXPECT_FALSE(stats.damaged);
  EXPECT_NE(stats.id, id);
  EXPECT_EQ(stats.capacity, 4096u);
  EXPECT_EQ(stats.max_senders, 3u);
  EXPECT_TRUE(stats.timestamps);
  EXPECT_TRUE(stats.drops_newest);
  EXPECT_EQ(channel.description(), "of the test");
  struct stat file;
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0640u);
  Send(path_);
  Receive(path_);

  Damage(path_);
  EXPECT_EQ(RepairChannel(path_)->kept, path_ + ".damaged-2");
}

TEST_F(ChannelFilesTest, MovesATruncatedFileAway) {
  Create(path_);
  ASSERT_EQ(truncate(path_.c_str(), 4096), 0);
  ASSERT_OK_AND_ASSIGN(const Repair repair, RepairChannel(path_));
  EXPECT_FALSE(repair.recreated);
  EXPECT_FALSE(Exists(path_));
  EXPECT_EQ(ReadFile(repair.kept).size(), 4096u);
}

TEST_F(ChannelFilesTest, RepairsNothingElse) {
  Create(path_);
  EXPECT_THAT(RepairChannel(path_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("not damaged")));
  EXPECT_THAT(RepairChannel(directory_ / "none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  WriteFile(directory_ / "text", "something else");
  EXPECT_THAT(RepairChannel(directory_ / "text"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no channel")));
  EXPECT_THAT(FindChannels({directory_.path()}), ElementsAre(path_));
}

}  // namespace
}  // namespace ipmpsc::cli
