// Tests the library's descriptors. None of them is ever a standard stream. A program that closes or
// reuses one of them gets an error and no further damage.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::PathOnDisk;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

const auto kClosedByProgram =
    StatusIs(absl::StatusCode::kFailedPrecondition,
             AllOf(HasSubstr("closed the channel's file descriptor"), HasSubstr("anew")));

ChannelOptions Options(ExistPolicy policy = ExistPolicy::kFail) {
  ChannelOptions options;
  options.capacity = 4096;
  options.exist_policy = policy;
  return options;
}

std::string Front(const std::string& path) {
  std::string bytes(4096, '\0');
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || pread(fd, bytes.data(), bytes.size(), 0) != 4096) bytes = "unreadable";
  close(fd);
  return bytes;
}

// --- Closed standard streams ---

class ClosedStreamsTest : public ::testing::TestWithParam<int> {
 protected:
  // Bit n of the parameter: stream n is closed.
  static bool IsClosed(int fd) { return (GetParam() >> fd & 1) != 0; }
  static void CloseStreams() {
    for (const int fd : {0, 1, 2}) {
      if (IsClosed(fd)) close(fd);
    }
  }
  // Returns the closed streams that are open now, or "".
  static std::string Opened() {
    for (const int fd : {0, 1, 2}) {
      if (IsClosed(fd) && fcntl(fd, F_GETFD) >= 0) return absl::StrCat(fd, " is open");
    }
    return "";
  }
};

INSTANTIATE_TEST_SUITE_P(OneAndAll, ClosedStreamsTest, ::testing::Values(1, 2, 4, 6, 7));

TEST_P(ClosedStreamsTest, LibraryDoesNotTakeTheNumbersOfClosedStreams) {
  EXPECT_EQ(InChild([&]() -> std::string {
              CloseStreams();
              const std::string path = PathOnDisk("closed_streams");
              absl::StatusOr<Channel> made = Channel::Create(path, Options());
              if (!made.ok()) return made.status().ToString();
              const std::string front = Front(path);
              std::vector<absl::StatusOr<Channel>> channels;
              channels.push_back(*made);
              channels.push_back(Channel::Open(path));
              channels.push_back(Channel::OpenFd(made->fd()));
              channels.push_back(Channel::CreateAnonymous(Options()));
              channels.push_back(Channel::CreateTemp(Options()));
              for (const absl::StatusOr<Channel>& channel : channels) {
                if (!channel.ok()) return channel.status().ToString();
                if (channel->fd() < 3) return absl::StrCat("fd ", channel->fd());
              }
              absl::StatusOr<Receiver> receiver = Receiver::Attach(*made);
              absl::StatusOr<Sender> sender = Sender::Attach(*made);
              if (!receiver.ok() || !sender.ok()) return "attach";
              if (!Opened().empty()) return Opened();
              std::cerr << "a line of the log\n" << std::flush;
              std::cout << "a line of output\n" << std::flush;
              if (Front(path) != front) return "the header has changed";
              if (!sender->TrySend("x").ok() || !receiver->TryReceive().ok()) return "no message";
              const absl::StatusOr<Channel> replaced =
                  Channel::Create(path, Options(ExistPolicy::kReplace));
              if (!replaced.ok() || replaced->fd() < 3) return "replace";
              return Opened();
            }),
            "");
}

// Another thread logs all the time, even while files are opened.
TEST_P(ClosedStreamsTest, ThreadThatLogsMeanwhileWritesIntoNoFileOfTheLibrary) {
  EXPECT_EQ(InChild([&]() -> std::string {
              const std::string path = PathOnDisk("closed_streams_log");
              if (!Channel::Create(path, Options()).ok()) return "create";
              CloseStreams();
              const std::string front = Front(path);
              std::atomic<bool> done = false;
              std::atomic<int> written = 0;
              std::thread log([&] {
                while (!done) {
                  for (const int fd : {0, 1, 2}) {
                    if (IsClosed(fd) && write(fd, "log", 3) > 0) ++written;
                  }
                }
              });
              std::string wrong;
              for (int i = 0; i < 500 && wrong.empty(); ++i) {
                absl::StatusOr<Channel> channel = Channel::Open(path);
                if (!channel.ok()) {
                  wrong = channel.status().ToString();
                } else if (!Sender::Attach(*channel).ok() || !Receiver::Attach(*channel).ok()) {
                  wrong = "attach";
                }
              }
              done = true;
              log.join();
              if (written != 0) return absl::StrCat(written.load(), " lines went somewhere");
              return Front(path) == front ? wrong : "the header has changed";
            }),
            "");
}

// --- Programs that close the library's descriptors ---

class ClosedByProgramTest : public ::testing::Test {
 protected:
  // Opened again, so that its number becomes the lowest free one after a close.
  ClosedByProgramTest() : channel_(*Channel::Create(path_, Options())) {
    channel_ = *Channel::Open(path_);
  }

  int fd() const { return internal::ChannelAccess::SegmentOf(*channel_)->fd(); }
  const std::string path_ = PathOnDisk("channel");
  std::optional<Channel> channel_;
};

TEST_F(ClosedByProgramTest, CallsThatNeedTheDescriptorReportIt) {
  for (const bool reused : {false, true}) {
    SCOPED_TRACE(reused);
    if (reused) {
      ASSERT_EQ(dup2(STDIN_FILENO, fd()), fd());
    } else {
      close(fd());
    }
    EXPECT_EQ(channel_->fd(), -1);
    EXPECT_THAT(Sender::Attach(*channel_), kClosedByProgram);
    EXPECT_THAT(Receiver::Attach(*channel_), kClosedByProgram);
    EXPECT_TRUE(channel_->HasReceiver());
    EXPECT_TRUE(channel_->HasSender());
    EXPECT_EQ(channel_->state(), ChannelState::kOpen);
  }
  close(fd());
}

TEST_F(ClosedByProgramTest, FileWithTheReusedNumberStaysOpen) {
  const int number = fd();
  // Reuses the number for another file, and for the same file opened again.
  for (const bool same : {false, true}) {
    SCOPED_TRACE(same);
    if (!channel_.has_value()) channel_ = *Channel::Open(path_);
    ASSERT_EQ(fd(), number);
    close(number);
    const int mine = open(same ? path_.c_str() : "/dev/null", O_RDWR | O_CLOEXEC);
    ASSERT_EQ(mine, number);
    channel_.reset();
    EXPECT_GE(fcntl(mine, F_GETFD), 0);
    close(mine);
  }
}

TEST_F(ClosedByProgramTest, TwoChannelsWithOneNumberCloseItOnce) {
  const int number = fd();
  close(number);
  ASSERT_OK_AND_ASSIGN(Channel second, Channel::Open(path_));
  ASSERT_EQ(second.fd(), number);
  channel_.reset();
  EXPECT_EQ(second.fd(), number);
  EXPECT_OK(Sender::Attach(second));
}

TEST_F(ClosedByProgramTest, AnUndisturbedDescriptorIsClosed) {
  const int number = fd();
  channel_.reset();
  EXPECT_EQ(fcntl(number, F_GETFD), -1);
}

TEST_F(ClosedByProgramTest, LocksAreKept) {
  ASSERT_OK_AND_ASSIGN(const Sender sender, Sender::Attach(*channel_));
  ASSERT_OK_AND_ASSIGN(const Receiver receiver, Receiver::Attach(*channel_));
  for (int i = 3; i < 256; ++i) {
    if (i != fd()) close(i);
  }
  EXPECT_TRUE(channel_->HasSender());
  EXPECT_TRUE(channel_->HasReceiver());
}

// A living sender is slow to fill its loan. Its receiver loses its descriptors, whose numbers are
// reused for other files.
TEST_F(ClosedByProgramTest, LivingSenderIsNotDeclaredDead) {
  enum Reuse { kNothing, kDevNull, kPipes, kSameFile };
  for (const Reuse reuse : {kNothing, kDevNull, kPipes, kSameFile}) {
    SCOPED_TRACE(reuse);
    ASSERT_OK_AND_ASSIGN(Channel theirs, Channel::Open(path_));
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(theirs));
    ASSERT_OK_AND_ASSIGN(Loan loan, sender.Claim(100, absl::Seconds(20)));
    EXPECT_EQ(InChild([&]() -> std::string {
                absl::StatusOr<Channel> channel = Channel::Open(path_);
                absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
                if (!receiver.ok()) return receiver.status().ToString();
                const int number = channel->fd();
                close(number);
                int pipes[2] = {-1, -1};
                std::optional<Channel> again;
                if (reuse == kDevNull && open("/dev/null", O_RDWR) != number) return "null";
                if (reuse == kPipes && (pipe(pipes) != 0 || pipes[0] != number)) return "pipe";
                if (reuse == kSameFile) again = *Channel::Open(path_);
                const absl::Status status = receiver->Receive(absl::Milliseconds(50)).status();
                const absl::Status tried = receiver->TryReceive().status();
                // A new descriptor of the same file gives the same answers.
                if (reuse == kSameFile) {
                  return absl::IsDeadlineExceeded(status) && absl::IsUnavailable(tried)
                             ? "right"
                             : status.ToString() + tried.ToString();
                }
                if (!absl::IsFailedPrecondition(status)) return status.ToString();
                // Opens the channel again, as the text advises.
                again = *Channel::Open(path_);
                receiver = absl::UnknownError("detached");
                receiver = Receiver::Attach(*again);
                if (!receiver.ok()) return receiver.status().ToString();
                const absl::Status waits = receiver->Receive(absl::Milliseconds(20)).status();
                return absl::IsDeadlineExceeded(waits) ? "right" : waits.ToString();
              }),
              "right");
    loan.payload()[0] = 'l';
    std::move(loan).Publish(1);
    ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
    ASSERT_OK_AND_ASSIGN(const Lease lease, receiver.TryReceive());
    EXPECT_EQ(lease.payload(), "l");
  }
}

TEST_F(ClosedByProgramTest, WaitForTheOtherSideEndsWithAnError) {
  ReceiverOptions until_gone;
  until_gone.end_without_senders = true;
  SenderOptions needs_receiver;
  needs_receiver.require_receiver = true;
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_, needs_receiver));
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_, until_gone));
  ASSERT_EQ(dup2(STDIN_FILENO, fd()), fd());
  EXPECT_THAT(sender.Send("x", absl::Seconds(20)), kClosedByProgram);
  EXPECT_THAT(receiver.Receive(absl::Seconds(20)), kClosedByProgram);
  close(fd());
}

TEST_F(ClosedByProgramTest, AnInheritedDescriptorIsClosedInTheChild) {
  EXPECT_EQ(InChild([&]() -> std::string {
              const int number = fd();
              channel_.reset();
              return fcntl(number, F_GETFD) < 0 ? "closed" : "open";
            }),
            "closed");
  // The mark still belongs to the parent. Its own reused number is recognised.
  const int number = fd();
  close(number);
  const int mine = open(path_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(mine, number);
  channel_.reset();
  EXPECT_GE(fcntl(mine, F_GETFD), 0);
  close(mine);
}

}  // namespace
}  // namespace ipmpsc
