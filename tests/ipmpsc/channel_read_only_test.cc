// Tests Channel::OpenReadOnly: looking needs only the permission to read, and changes nothing.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::HasSubstr;

class ChannelReadOnlyTest : public ::testing::Test {
 protected:
  Channel Create(mode_t mode = 0600) {
    ChannelOptions options;
    options.capacity = 4096;
    options.mode = mode;
    options.description = "described";
    absl::StatusOr<Channel> channel = Channel::Create(path_, options);
    EXPECT_OK(channel);
    return *std::move(channel);
  }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "channel";
};

TEST_F(ChannelReadOnlyTest, NeedsOnlyThePermissionToRead) {
  Create(0400);
  EXPECT_EQ(InChild([this]() -> std::string {
              if (std::string failure = DropFileCapabilities(); !failure.empty()) return failure;
              if (Channel::Open(path_).ok()) return "opened for writing";
              const absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path_);
              if (!channel.ok()) return channel.status().ToString();
              return std::string(channel->description());
            }),
            "described");
}

TEST_F(ChannelReadOnlyTest, WithoutThePermissionToReadIsPermissionDenied) {
  Create(0200);
  EXPECT_THAT(InChild([this]() -> std::string {
                if (std::string failure = DropFileCapabilities(); !failure.empty()) return failure;
                return Channel::OpenReadOnly(path_).status().ToString();
              }),
              HasSubstr("PERMISSION_DENIED: " + path_));
}

TEST_F(ChannelReadOnlyTest, SaysWhoIsAttachedWithoutThePermissionToWrite) {
  const Channel channel = Create(0600);
  ASSERT_OK_AND_ASSIGN(const Sender sender, Sender::Attach(channel));
  ASSERT_EQ(chmod(path_.c_str(), 0400), 0);
  EXPECT_EQ(InChild([this]() -> std::string {
              if (std::string failure = DropFileCapabilities(); !failure.empty()) return failure;
              const absl::StatusOr<Channel> looking = Channel::OpenReadOnly(path_);
              if (!looking.ok()) return looking.status().ToString();
              if (looking->HasReceiver()) return "a receiver";
              return looking->HasSender() ? "a sender" : "none";
            }),
            "a sender");
}

TEST_F(ChannelReadOnlyTest, EndsCannotBeAttached) {
  Create();
  ASSERT_OK_AND_ASSIGN(const Channel looking, Channel::OpenReadOnly(path_));
  EXPECT_THAT(Sender::Attach(looking),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("opened read-only")));
  EXPECT_THAT(Receiver::Attach(looking),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("Channel::Open")));
}

TEST_F(ChannelReadOnlyTest, CloseHasNoEffect) {
  const Channel channel = Create();
  ASSERT_OK_AND_ASSIGN(Channel looking, Channel::OpenReadOnly(path_));
  looking.Close();
  EXPECT_EQ(channel.state(), ChannelState::kOpen);
}

TEST_F(ChannelReadOnlyTest, LeavesNoTrace) {
  const Channel channel = Create();
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  ASSERT_OK(sender.TrySend("hello"));
  const std::string before = ReadFile(path_);
  const timespec times[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  {
    OpenOptions options;
    options.prefault = true;
    ASSERT_OK_AND_ASSIGN(const Channel looking, Channel::OpenReadOnly(path_, options));
    looking.Stats();
    looking.state();
  }
  struct stat file;
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_atim.tv_sec, 1000);
  EXPECT_EQ(file.st_mtim.tv_sec, 1000);
  EXPECT_EQ(ReadFile(path_), before);
}

TEST_F(ChannelReadOnlyTest, DoesNotMarkTheFileAsInUse) {
  Create();
  ASSERT_OK_AND_ASSIGN(const Channel looking, Channel::OpenReadOnly(path_));
  // As a cleaner asks.
  const int fd = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  EXPECT_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
  close(fd);
}

TEST_F(ChannelReadOnlyTest, OtherFilesAreErrorsAsForOpen) {
  Create();
  const std::string good = ReadFile(path_);
  EXPECT_THAT(Channel::OpenReadOnly(directory_ / "none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(Channel::OpenReadOnly(""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Channel::OpenReadOnly(directory_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not an ipmpsc channel")));
  WriteFile(path_, "text");
  EXPECT_THAT(Channel::OpenReadOnly(path_),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not an ipmpsc channel")));
  WriteFile(path_, good.substr(0, good.size() - 1));
  EXPECT_THAT(Channel::OpenReadOnly(path_),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("truncated")));
  std::string other_version = good;
  other_version[8] = 99;
  WriteFile(path_, other_version);
  EXPECT_THAT(Channel::OpenReadOnly(path_), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace ipmpsc
