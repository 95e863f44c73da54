#include "ipmpsc/fd_passing.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::internal::UniqueFd;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(20);

struct Pair {
  UniqueFd here, there;
};

Pair SocketPair(int type) {
  int fds[2] = {-1, -1};
  EXPECT_EQ(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// Sends `bytes` with standard input attached `count` times.
void SendBytes(int socket, std::string bytes, int count) {
  alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {};
  iovec part = {bytes.data(), bytes.size()};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (count > 0) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(static_cast<size_t>(count) * sizeof(int));
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(static_cast<size_t>(count) * sizeof(int));
    const int fds[4] = {0, 0, 0, 0};
    std::memcpy(CMSG_DATA(rights), fds, static_cast<size_t>(count) * sizeof(int));
  }
  ASSERT_EQ(sendmsg(socket, &header, 0), static_cast<ssize_t>(bytes.size()));
}

size_t OpenFiles() {
  size_t count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

class FdPassingTest : public ::testing::TestWithParam<int> {
 protected:
  FdPassingTest() : pair_(SocketPair(GetParam())) {
    ChannelOptions options;
    options.capacity = 4096;
    options.description = "handed on";
    channel_ = *Channel::CreateAnonymous(options);
  }

  int here() const { return pair_.here.get(); }
  int there() const { return pair_.there.get(); }

  Pair pair_;
  absl::StatusOr<Channel> channel_;
};

INSTANTIATE_TEST_SUITE_P(SocketTypes, FdPassingTest,
                         ::testing::Values(SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM));

TEST_P(FdPassingTest, AnotherProcessReceivesTheSameChannel) {
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
  ASSERT_OK(SendFd(here(), *channel_, kPatience));
  EXPECT_EQ(InChild([&]() -> std::string {
              absl::StatusOr<Channel> channel = ReceiveFd(there(), kPatience);
              if (!channel.ok()) return channel.status().ToString();
              absl::StatusOr<Sender> sender = Sender::Attach(*channel);
              if (!sender.ok()) return sender.status().ToString();
              const absl::Status sent = sender->TrySend("from the child");
              return sent.ok() ? std::string(channel->description()) : sent.ToString();
            }),
            "handed on");
  ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
  EXPECT_EQ(lease.payload(), "from the child");
}

TEST_P(FdPassingTest, SeveralInARow) {
  ASSERT_OK_AND_ASSIGN(Channel other, Channel::CreateAnonymous({}));
  const size_t files = OpenFiles();
  ASSERT_OK(SendFd(here(), *channel_, kPatience));
  ASSERT_OK(SendFd(here(), other, kPatience));
  {
    ASSERT_OK_AND_ASSIGN(const Channel first, ReceiveFd(there(), kPatience));
    ASSERT_OK_AND_ASSIGN(const Channel second, ReceiveFd(there(), kPatience));
    EXPECT_EQ(first.id(), channel_->id());
    EXPECT_EQ(second.id(), other.id());
    EXPECT_EQ(fcntl(first.fd(), F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(OpenFiles(), files);
}

TEST_P(FdPassingTest, ReceiveFdEndsAtItsDeadline) {
  EXPECT_THAT(ReceiveFd(there(), absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(
      ReceiveFd(there(), absl::Milliseconds(2)),
      StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("not ready before the deadline")));
}

TEST_P(FdPassingTest, SendFdEndsAtItsDeadline) {
  absl::Status status;
  for (int i = 0; i < 100'000 && status.ok(); ++i) {
    status = SendFd(here(), *channel_, absl::ZeroDuration());
  }
  // The system decides which limit comes first: the socket's buffer, or the user's descriptors.
  EXPECT_TRUE(absl::IsDeadlineExceeded(status) || absl::IsResourceExhausted(status)) << status;
}

TEST_P(FdPassingTest, DisconnectedPeerIsUnavailable) {
  pair_.there = UniqueFd();
  EXPECT_THAT(SendFd(here(), *channel_, kPatience),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no longer connected")));
  // A datagram socket has no visible end.
  EXPECT_THAT(ReceiveFd(here(), absl::Milliseconds(2)),
              StatusIs(GetParam() == SOCK_DGRAM ? absl::StatusCode::kDeadlineExceeded
                                                : absl::StatusCode::kUnavailable));
}

TEST_P(FdPassingTest, OtherMessagesAreRefused) {
  const size_t files = OpenFiles();
  const auto something_else =
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("does not come from SendFd"));
  SendBytes(here(), "C", 0);
  EXPECT_THAT(ReceiveFd(there(), kPatience), something_else);
  SendBytes(here(), "x", 1);
  EXPECT_THAT(ReceiveFd(there(), kPatience), something_else);
  SendBytes(here(), "C", 3);
  EXPECT_THAT(ReceiveFd(there(), kPatience), something_else);
  SendBytes(here(), "C", 1);  // standard input is no channel
  EXPECT_THAT(ReceiveFd(there(), kPatience), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(OpenFiles(), files);
  ASSERT_OK(SendFd(here(), *channel_, kPatience));
  EXPECT_OK(ReceiveFd(there(), kPatience));
}

TEST_P(FdPassingTest, UnsealedFileNeedsTheOption) {
  // A copy with all but one of the seals.
  struct stat whole;
  ASSERT_EQ(fstat(channel_->fd(), &whole), 0);
  std::string bytes(static_cast<size_t>(whole.st_size), '\0');
  ASSERT_EQ(pread(channel_->fd(), bytes.data(), bytes.size(), 0), whole.st_size);
  for (const int seals :
       {0, F_SEAL_GROW | F_SEAL_SEAL, F_SEAL_SHRINK | F_SEAL_SEAL, F_SEAL_SHRINK | F_SEAL_GROW}) {
    const UniqueFd file(memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(pwrite(file.get(), bytes.data(), bytes.size(), 0), whole.st_size);
    ASSERT_EQ(fcntl(file.get(), F_ADD_SEALS, seals), 0);
    ASSERT_OK_AND_ASSIGN(const Channel unsealed, Channel::OpenFd(file.get()));
    const size_t files = OpenFiles();
    ASSERT_OK(SendFd(here(), unsealed, kPatience));
    EXPECT_THAT(ReceiveFd(there(), kPatience),
                StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("allow_unsealed")));
    ASSERT_OK(SendFd(here(), unsealed, kPatience));
    {
      ReceiveFdOptions options;
      options.allow_unsealed = true;
      ASSERT_OK_AND_ASSIGN(const Channel received, ReceiveFd(there(), kPatience, options));
      EXPECT_EQ(received.id(), channel_->id());
    }
    EXPECT_EQ(OpenFiles(), files);
  }
}

TEST_P(FdPassingTest, SocketOptionsDoNotMatter) {
  for (const int option : {SO_PASSCRED, SO_PASSSEC, SO_TIMESTAMP}) {
    const int on = 1;
    // Some kernels have no security module.
    if (setsockopt(there(), SOL_SOCKET, option, &on, sizeof(on)) != 0) continue;
    const size_t files = OpenFiles();
    ASSERT_OK(SendFd(here(), *channel_, kPatience));
    {
      ASSERT_OK_AND_ASSIGN(const Channel received, ReceiveFd(there(), kPatience));
      EXPECT_EQ(received.id(), channel_->id()) << option;
    }
    SendBytes(here(), "C", 4);
    EXPECT_THAT(ReceiveFd(there(), kPatience), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(OpenFiles(), files) << option;
  }
}

TEST_P(FdPassingTest, AnEmptyMessageIsNotTheEnd) {
  if (GetParam() == SOCK_STREAM) GTEST_SKIP() << "a stream has no messages";
  const size_t files = OpenFiles();
  SendBytes(here(), "", 0);
  EXPECT_THAT(ReceiveFd(there(), kPatience),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("does not come from SendFd")));
  SendBytes(here(), "", 1);
  EXPECT_THAT(ReceiveFd(there(), kPatience),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("does not come from SendFd")));
  EXPECT_EQ(OpenFiles(), files);
  ASSERT_OK(SendFd(here(), *channel_, kPatience));
  EXPECT_OK(ReceiveFd(there(), kPatience));
}

TEST_P(FdPassingTest, WithStandardStreamsClosed) {
  ASSERT_OK(SendFd(here(), *channel_, kPatience));
  EXPECT_EQ(InChild([&]() -> std::string {
              for (const int fd : {0, 1, 2}) close(fd);
              absl::StatusOr<Channel> channel = ReceiveFd(there(), kPatience);
              if (!channel.ok()) return channel.status().ToString();
              for (const int fd : {0, 1, 2}) {
                if (fcntl(fd, F_GETFD) >= 0) return "one of them is open";
              }
              return channel->fd() > 2 ? "" : "a low number";
            }),
            "");
}

TEST_P(FdPassingTest, ClosedDescriptorIsReported) {
  close(internal::ChannelAccess::SegmentOf(*channel_)->fd());
  EXPECT_THAT(SendFd(here(), *channel_, kPatience),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("open the channel anew")));
}

TEST_P(FdPassingTest, DescriptorLimitIsReported) {
  ASSERT_OK(SendFd(here(), *channel_, kPatience));
  EXPECT_THAT(InChild([&]() -> std::string {
                const rlimit none = {3, 3};
                if (setrlimit(RLIMIT_NOFILE, &none) != 0) return "no limit";
                return ReceiveFd(there(), kPatience).status().ToString();
              }),
              HasSubstr("RESOURCE_EXHAUSTED"));
}

TEST(FdPassingSocketTest, OtherSocketIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous({}));
  const UniqueFd internet(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  for (const int fd : {-1, channel.fd(), internet.get()}) {
    EXPECT_THAT(SendFd(fd, channel, kPatience),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a Unix socket")));
    EXPECT_THAT(ReceiveFd(fd, kPatience),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a Unix socket")));
  }
}

TEST(FdPassingSocketTest, UnconnectedSocketIsRefused) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous({}));
  const UniqueFd lonely(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_THAT(SendFd(lonely.get(), channel, kPatience), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(ReceiveFd(lonely.get(), kPatience), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace ipmpsc
