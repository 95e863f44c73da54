// Tests the properties of every channel, however it was made: accessors, seals, file descriptors,
// closing.
#include "ipmpsc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

ChannelOptions Small() {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 3;
  return options;
}

TEST(ChannelTest, ReportsItsProperties) {
  const SharedMemoryDirectory directory;
  ChannelOptions options = Small();
  options.capacity = 5000;
  options.description = std::string("with\0zero", 9);
  ASSERT_OK_AND_ASSIGN(const Channel created, Channel::Create(directory / "a", options));
  ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::Open(directory / "a"));
  for (const Channel& channel : {created, opened}) {
    EXPECT_EQ(channel.path(), directory / "a");
    EXPECT_EQ(channel.capacity(), 8192u);
    EXPECT_EQ(channel.max_payload(), 8192u - 16);
    EXPECT_EQ(channel.max_senders(), 3u);
    EXPECT_EQ(channel.description(), options.description);
    EXPECT_EQ(channel.state(), ChannelState::kOpen);
    EXPECT_GE(fcntl(channel.fd(), F_GETFD), 0);
    EXPECT_EQ(channel.id(), created.id());
  }
}

TEST(ChannelTest, IdsAre32HexadecimalDigitsAndDiffer) {
  ASSERT_OK_AND_ASSIGN(const Channel a, Channel::CreateAnonymous(Small()));
  ASSERT_OK_AND_ASSIGN(const Channel b, Channel::CreateAnonymous(Small()));
  EXPECT_EQ(a.id().size(), 32u);
  const std::string id = a.id();
  EXPECT_TRUE(std::all_of(id.begin(), id.end(), absl::ascii_isxdigit));
  EXPECT_NE(a.id(), b.id());
}

TEST(ChannelTest, CopySharesTheMappingAndOutlivesTheOriginal) {
  std::optional<Channel> copy;
  {
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(Small()));
    copy = channel;
    EXPECT_EQ(copy->fd(), channel.fd());
  }
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*copy));
  EXPECT_OK(sender.TrySend("still there"));
}

TEST(ChannelTest, MessagesStayWhileNoProcessHasTheChannelOpen) {
  const SharedMemoryDirectory directory;
  {
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(directory / "a", Small()));
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
    ASSERT_OK(sender.TrySend("kept"));
  }
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(directory / "a"));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "kept");
}

TEST(ChannelTest, CloseIsSeenThroughEveryMappingAndKeepsTheMessages) {
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::CreateAnonymous(Small()));
  ASSERT_OK_AND_ASSIGN(const Channel other, Channel::OpenFd(channel.fd()));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(other));
  ASSERT_OK(sender.TrySend("last"));
  channel.Close();
  channel.Close();
  EXPECT_EQ(channel.state(), ChannelState::kClosed);
  EXPECT_EQ(other.state(), ChannelState::kClosed);
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(other));
  EXPECT_OK(receiver.TryReceive());
}

TEST(ChannelTest, ClosedChannelCanBeOpenedToReceiveTheRest) {
  const SharedMemoryDirectory directory;
  ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(directory / "a", Small()));
  channel.Close();
  ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::Open(directory / "a"));
  EXPECT_EQ(opened.state(), ChannelState::kClosed);
  EXPECT_OK(Receiver::Attach(opened));
}

// Anonymous channels.

TEST(AnonymousChannelTest, HasNoPathAndCannotBeResized) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(Small()));
  EXPECT_EQ(channel.path(), "");
  struct stat before;
  ASSERT_EQ(fstat(channel.fd(), &before), 0);
  EXPECT_NE(ftruncate(channel.fd(), 0), 0);
  EXPECT_EQ(errno, EPERM);
  EXPECT_NE(ftruncate(channel.fd(), before.st_size + 4096), 0);
  EXPECT_EQ(errno, EPERM);
  EXPECT_NE(fcntl(channel.fd(), F_ADD_SEALS, F_SEAL_WRITE), 0)
      << "or one peer could end it for all";
  struct stat after;
  ASSERT_EQ(fstat(channel.fd(), &after), 0);
  EXPECT_EQ(after.st_size, before.st_size);
}

TEST(AnonymousChannelTest, IsNotInheritedThroughExec) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(Small()));
  EXPECT_NE(fcntl(channel.fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(AnonymousChannelTest, ModeAndExistPolicyAreNotUsed) {
  ChannelOptions options = Small();
  options.mode = 0;
  options.exist_policy = ExistPolicy::kReplace;
  EXPECT_OK(Channel::CreateAnonymous(options));
}

TEST(AnonymousChannelTest, OptionsOutOfRange) {
  ChannelOptions options = Small();
  options.capacity = 0;
  EXPECT_THAT(Channel::CreateAnonymous(options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("capacity")));
}

// Temporary channels.

TEST(TempChannelTest, NameIsRemovedWithTheLastCopyAndEnd) {
  std::optional<Channel> channel;
  std::optional<Sender> sender;
  std::string path;
  {
    ASSERT_OK_AND_ASSIGN(const Channel created, Channel::CreateTemp(Small()));
    path = created.path();
    EXPECT_TRUE(absl::StartsWith(path, "/dev/shm/")) << path;
    channel = created;
  }
  EXPECT_TRUE(Exists(path));
  ASSERT_OK_AND_ASSIGN(Channel opened, Channel::Open(path));
  {
    ASSERT_OK_AND_ASSIGN(Sender attached, Sender::Attach(*channel));
    sender.emplace(std::move(attached));
  }
  channel.reset();
  EXPECT_TRUE(Exists(path)) << "a sender is still attached through it";
  sender.reset();
  EXPECT_FALSE(Exists(path));
  // A process that opened the channel sees the state and continues.
  EXPECT_EQ(opened.state(), ChannelState::kUnlinked);
  EXPECT_OK(Sender::Attach(opened));
}

TEST(TempChannelTest, NamesDiffer) {
  ASSERT_OK_AND_ASSIGN(const Channel a, Channel::CreateTemp(Small()));
  ASSERT_OK_AND_ASSIGN(const Channel b, Channel::CreateTemp(Small()));
  EXPECT_NE(a.path(), b.path());
}

TEST(TempChannelTest, AForkedChildThatEndsDoesNotRemoveTheName) {
  std::optional<Channel> channel;
  {
    ASSERT_OK_AND_ASSIGN(const Channel created, Channel::CreateTemp(Small()));
    channel = created;
  }
  const std::string path = channel->path();
  EXPECT_EQ(InChild([&] {
              channel.reset();
              return std::string("destroyed");
            }),
            "destroyed");
  EXPECT_TRUE(Exists(path));
  channel.reset();
  EXPECT_FALSE(Exists(path));
}

// File descriptors.

TEST(OpenFdTest, CallerKeepsItsDescriptor) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(Small()));
  const int fd = dup(channel.fd());
  {
    ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::OpenFd(fd));
    EXPECT_NE(opened.fd(), fd);
    EXPECT_EQ(opened.path(), "");
    EXPECT_EQ(opened.id(), channel.id());
    EXPECT_GE(fcntl(fd, F_GETFD), 0);
  }
  EXPECT_GE(fcntl(fd, F_GETFD), 0) << "closed with the channel";
  ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::OpenFd(fd));
  close(fd);
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(opened));
  EXPECT_OK(sender.TrySend("through another descriptor"));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(channel));
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "through another descriptor");
}

TEST(OpenFdTest, ClosedDescriptorIsRefused) {
  EXPECT_THAT(Channel::OpenFd(-1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-1")));
  const int fd = dup(0);
  close(fd);
  EXPECT_THAT(Channel::OpenFd(fd),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::to_string(fd))));
}

TEST(OpenFdTest, OtherFileIsRefused) {
  const int empty = memfd_create("empty", MFD_CLOEXEC);
  EXPECT_THAT(Channel::OpenFd(empty),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not an ipmpsc channel")));
  close(empty);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_THAT(Channel::OpenFd(ends[0]), StatusIs(absl::StatusCode::kInvalidArgument));
  close(ends[0]);
  close(ends[1]);
}

TEST(OpenFdTest, DescriptorMustBeReadableAndWritable) {
  const SharedMemoryDirectory directory;
  ASSERT_OK(Channel::Create(directory / "a", Small()));
  for (const int flags : {O_RDONLY, O_WRONLY, O_PATH}) {
    const int fd = open((directory / "a").c_str(), flags | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    EXPECT_THAT(Channel::OpenFd(fd), StatusIs(absl::StatusCode::kPermissionDenied)) << flags;
    close(fd);
  }
}

}  // namespace
}  // namespace ipmpsc
