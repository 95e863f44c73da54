// Tests names other than the file's own: symbolic links, hard links, mounted files.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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
using ::ipmpsc::testing::EnterOwnMounts;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;

ChannelOptions With(ExistPolicy policy) {
  ChannelOptions options;
  options.capacity = 4096;
  options.exist_policy = policy;
  return options;
}

std::string IdAt(const std::string& path) {
  const absl::StatusOr<Channel> channel = Channel::Open(path);
  return channel.ok() ? channel->id() : channel.status().ToString();
}

bool IsLink(const std::string& path) {
  struct stat file;
  return lstat(path.c_str(), &file) == 0 && S_ISLNK(file.st_mode);
}

class ChannelLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(mkdir((directory_ / "far").c_str(), 0700), 0);
    ASSERT_EQ(symlink("far/middle", link_.c_str()), 0);
    ASSERT_EQ(symlink((directory_ / "far/channel").c_str(), (directory_ / "far/middle").c_str()),
              0);
  }

  const SharedMemoryDirectory directory_;
  const std::string link_ = directory_ / "link";  // through another one
  const std::string target_ = directory_ / "far/channel";
};

TEST_F(ChannelLinkTest, CreateThroughADanglingLinkCreatesItsTarget) {
  for (const ExistPolicy policy : {ExistPolicy::kFail, ExistPolicy::kOpen, ExistPolicy::kReplace,
                                   ExistPolicy::kOpenOrReplace}) {
    EXPECT_THAT(Channel::Open(link_),
                StatusIs(absl::StatusCode::kNotFound,
                         AllOf(HasSubstr(link_), HasSubstr("a dangling link"))));
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(link_, With(policy)));
    EXPECT_EQ(channel.path(), link_);
    EXPECT_TRUE(IsLink(link_));
    EXPECT_FALSE(IsLink(target_));
    EXPECT_EQ(IdAt(target_), channel.id());
    EXPECT_EQ(IdAt(link_), channel.id());
    EXPECT_EQ(CountNames(directory_.path()), 2);
    EXPECT_EQ(CountNames(directory_ / "far"), 2);
    ASSERT_EQ(unlink(target_.c_str()), 0);
  }
}

TEST_F(ChannelLinkTest, LinkToAnExistingFileIsATakenPath) {
  ASSERT_OK(Channel::Create(target_, With(ExistPolicy::kFail)));
  EXPECT_THAT(Channel::Create(link_, With(ExistPolicy::kFail)),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       AllOf(HasSubstr(link_), HasSubstr("a link"), HasSubstr(target_))));
}

TEST_F(ChannelLinkTest, ReplaceThroughALinkReplacesItsTarget) {
  ASSERT_OK_AND_ASSIGN(const Channel old, Channel::Create(target_, With(ExistPolicy::kFail)));
  ASSERT_OK_AND_ASSIGN(const Channel fresh, Channel::Create(link_, With(ExistPolicy::kReplace)));
  EXPECT_TRUE(IsLink(link_));
  EXPECT_EQ(IdAt(target_), fresh.id());
  EXPECT_EQ(old.state(), ChannelState::kReplaced);
  EXPECT_EQ(fresh.state(), ChannelState::kOpen);
  EXPECT_EQ(CountNames(directory_ / "far"), 2);
}

TEST_F(ChannelLinkTest, LinkIntoAMissingDirectory) {
  ASSERT_EQ(symlink("none/a", (directory_ / "lost").c_str()), 0);
  for (const ExistPolicy policy : {ExistPolicy::kFail, ExistPolicy::kOpen, ExistPolicy::kReplace}) {
    EXPECT_THAT(Channel::Create(directory_ / "lost", With(policy)),
                StatusIs(absl::StatusCode::kNotFound,
                         AllOf(HasSubstr(directory_ / "lost"), HasSubstr(directory_ / "none/a"))));
  }
}

TEST_F(ChannelLinkTest, CyclicLinks) {
  ASSERT_EQ(symlink("loop", (directory_ / "loop").c_str()), 0);
  for (const ExistPolicy policy : {ExistPolicy::kFail, ExistPolicy::kOpen, ExistPolicy::kReplace}) {
    EXPECT_THAT(Channel::Create(directory_ / "loop", With(policy)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(directory_ / "loop")));
  }
}

TEST_F(ChannelLinkTest, LinkInProcIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous({}));
  const std::string path = absl::StrCat("/proc/self/fd/", channel.fd());
  EXPECT_EQ(IdAt(path), channel.id());
  EXPECT_THAT(Channel::Create(path, With(ExistPolicy::kReplace)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(path)));
  EXPECT_EQ(channel.state(), ChannelState::kOpen);
}

// The owner of such a link could redirect this user to any place where it may write.
TEST_F(ChannelLinkTest, LinkOfAnotherUserInAWorldWritableDirectoryIsNotFollowed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root makes files of other users";
  const std::string link = directory_ / "planted";
  ASSERT_EQ(symlink("far/channel", link.c_str()), 0);
  if (lchown(link.c_str(), 4711, 4711) != 0) GTEST_SKIP() << "lchown: " << strerror(errno);
  ASSERT_EQ(chmod(directory_.path().c_str(), 01777), 0);
  for (const ExistPolicy policy : {ExistPolicy::kFail, ExistPolicy::kReplace}) {
    EXPECT_THAT(
        Channel::Create(link, With(policy)),
        StatusIs(absl::StatusCode::kPermissionDenied, AllOf(HasSubstr(link), HasSubstr("4711"))));
  }
  EXPECT_EQ(CountNames(directory_ / "far"), 1);
  ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
  EXPECT_OK(Channel::Create(link, With(ExistPolicy::kFail)));
}

TEST_F(ChannelLinkTest, ReplacedFileKeepsItsOtherNames) {
  ASSERT_OK_AND_ASSIGN(const Channel old, Channel::Create(directory_ / "a", With({})));
  ASSERT_EQ(::link((directory_ / "a").c_str(), (directory_ / "b").c_str()), 0);
  ASSERT_OK_AND_ASSIGN(const Channel fresh,
                       Channel::Create(directory_ / "b", With(ExistPolicy::kReplace)));
  EXPECT_EQ(old.state(), ChannelState::kOpen);
  EXPECT_EQ(IdAt(directory_ / "a"), old.id());
  EXPECT_EQ(IdAt(directory_ / "b"), fresh.id());
  ASSERT_OK_AND_ASSIGN(const Channel opened,
                       Channel::Create(directory_ / "a", With(ExistPolicy::kOpen)));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(opened));
  EXPECT_OK(sender.TrySend("goes on"));
  // Its last name.
  ASSERT_OK(Channel::Create(directory_ / "a", With(ExistPolicy::kReplace)));
  EXPECT_EQ(old.state(), ChannelState::kReplaced);
  EXPECT_THAT(sender.TrySend("no more"), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(ChannelLinkTest, MountPointIsNotReplaced) {
  ASSERT_OK_AND_ASSIGN(const Channel old, Channel::Create(directory_ / "a", With({})));
  WriteFile(directory_ / "mounted", "");
  const std::string result = InChild([&]() -> std::string {
    const std::string entered = EnterOwnMounts();
    if (!entered.empty()) return absl::StrCat("cannot: ", entered);
    if (mount((directory_ / "a").c_str(), (directory_ / "mounted").c_str(), nullptr, MS_BIND,
              nullptr) != 0) {
      return absl::StrCat("cannot: mount(bind): ", strerror(errno));
    }
    return absl::StrCat(
        IdAt(directory_ / "mounted"), " ",
        Channel::Create(directory_ / "mounted", With(ExistPolicy::kReplace)).status().ToString());
  });
  if (absl::StartsWith(result, "cannot: ")) GTEST_SKIP() << result;
  EXPECT_THAT(result, AllOf(HasSubstr(old.id()), HasSubstr("FAILED_PRECONDITION"),
                            HasSubstr(absl::StrCat(directory_ / "mounted", " is a mount point")),
                            HasSubstr("mount the directory")));
  EXPECT_EQ(old.state(), ChannelState::kOpen);
  EXPECT_EQ(CountNames(directory_.path()), 4) << "nothing stays behind";
}

}  // namespace
}  // namespace ipmpsc
