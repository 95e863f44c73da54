// Tests ExistPolicy::kReplace: the new channel takes the name, and all users of the old one notice.
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

using ::ipmpsc::testing::CountNames;
using ::ipmpsc::testing::DropFileCapabilities;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;

ChannelOptions Replace() {
  ChannelOptions options;
  options.capacity = 4096;
  options.exist_policy = ExistPolicy::kReplace;
  return options;
}

class ChannelReplaceTest : public ::testing::Test {
 protected:
  void ExpectRefused(const std::string& path, absl::StatusCode code) {
    EXPECT_THAT(Channel::Create(path, Replace()), StatusIs(code, HasSubstr(path)));
  }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "a";
};

TEST_F(ChannelReplaceTest, CreatesAMissingChannel) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(path_, Replace()));
  EXPECT_EQ(channel.state(), ChannelState::kOpen);
  EXPECT_EQ(CountNames(directory_.path()), 1);
}

TEST_F(ChannelReplaceTest, OldSendersGetAbortedAndTheOldReceiverDrainsFirst) {
  ASSERT_OK_AND_ASSIGN(const Channel old, Channel::Create(path_, Replace()));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(old));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(old));
  ASSERT_OK(sender.TrySend("one"));
  ASSERT_OK(sender.TrySend("two"));

  ASSERT_OK_AND_ASSIGN(const Channel fresh, Channel::Create(path_, Replace()));
  EXPECT_NE(fresh.id(), old.id());
  EXPECT_EQ(fresh.state(), ChannelState::kOpen);
  EXPECT_EQ(old.state(), ChannelState::kReplaced);
  EXPECT_EQ(CountNames(directory_.path()), 1);

  const auto replaced = StatusIs(absl::StatusCode::kAborted, HasSubstr("replaced"));
  EXPECT_THAT(sender.TrySend("three"), replaced);
  EXPECT_THAT(sender.Send("three", absl::InfiniteDuration()), replaced);
  EXPECT_THAT(sender.SendWhenEmpty("three", absl::InfiniteDuration()), replaced);
  EXPECT_THAT(sender.TryClaim(1), replaced);
  EXPECT_THAT(Sender::Attach(old), replaced);

  ASSERT_OK_AND_ASSIGN(const Lease one, receiver.TryReceive());
  EXPECT_EQ(one.payload(), "one");
  ASSERT_OK_AND_ASSIGN(const Lease two, receiver.Receive(absl::InfiniteDuration()));
  EXPECT_EQ(two.payload(), "two");
  EXPECT_THAT(receiver.Receive(absl::InfiniteDuration()), replaced);
  EXPECT_THAT(receiver.TryReceive(), replaced);
  EXPECT_THAT(receiver.Drain([](const Record&) {}), replaced);

  ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::Open(path_));
  EXPECT_EQ(opened.id(), fresh.id());
}

TEST_F(ChannelReplaceTest, ReplacementOverridesClose) {
  ASSERT_OK_AND_ASSIGN(Channel old, Channel::Create(path_, Replace()));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(old));
  old.Close();
  ASSERT_OK(Channel::Create(path_, Replace()));
  EXPECT_EQ(old.state(), ChannelState::kReplaced);
  EXPECT_THAT(sender.TrySend("x"), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(ChannelReplaceTest, OtherFilesAreNotReplaced) {
  WriteFile(path_, "precious");
  ExpectRefused(path_, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadFile(path_), "precious");

  WriteFile(directory_ / "empty", "");
  ExpectRefused(directory_ / "empty", absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(mkdir((directory_ / "dir").c_str(), 0700), 0);
  ExpectRefused(directory_ / "dir", absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  ExpectRefused(directory_ / "fifo", absl::StatusCode::kInvalidArgument);
  ExpectRefused("/dev/null", absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(symlink("loop", (directory_ / "loop").c_str()), 0);
  ExpectRefused(directory_ / "loop", absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(mknod((directory_ / "socket").c_str(), S_IFSOCK | 0600, 0), 0);
  ExpectRefused(directory_ / "socket", absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CountNames(directory_.path()), 6);
}

TEST_F(ChannelReplaceTest, FileWithoutPermissionIsNotReplaced) {
  ASSERT_OK_AND_ASSIGN(const Channel old, Channel::Create(path_, Replace()));
  ASSERT_EQ(chmod(path_.c_str(), 0), 0);
  EXPECT_THAT(InChild([&] {
                const std::string dropped = DropFileCapabilities();
                if (!dropped.empty()) return dropped;
                return Channel::Create(path_, Replace()).status().ToString();
              }),
              AllOf(HasSubstr("PERMISSION_DENIED"), HasSubstr(path_)));
  EXPECT_EQ(old.state(), ChannelState::kOpen);
}

TEST_F(ChannelReplaceTest, DamagedChannelAndOtherVersionAreReplaced) {
  for (const bool truncated : {true, false}) {
    ASSERT_OK(Channel::Create(path_, Replace()));
    std::string bytes = ReadFile(path_);
    bytes[8] = 99;
    WriteFile(path_, truncated ? bytes.substr(0, 64) : bytes);
    ASSERT_OK_AND_ASSIGN(const Channel fresh, Channel::Create(path_, Replace()));
    ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::Open(path_));
    EXPECT_EQ(opened.id(), fresh.id());
  }
  EXPECT_EQ(CountNames(directory_.path()), 1);
}

TEST_F(ChannelReplaceTest, OptionsOutOfRangeReplaceNothing) {
  ASSERT_OK_AND_ASSIGN(const Channel old, Channel::Create(path_, Replace()));
  ChannelOptions options = Replace();
  options.capacity = 0;
  EXPECT_THAT(Channel::Create(path_, options), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(old.state(), ChannelState::kOpen);
  EXPECT_OK(Channel::Open(path_));
}

}  // namespace
}  // namespace ipmpsc
