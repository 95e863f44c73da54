// Tests changes to the file of a channel in use: its permissions, its name, its length.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/peer.h"
#include "tests/testing/process/restrictions.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ChannelOptions Options() {
  ChannelOptions options;
  options.capacity = 4096;
  return options;
}

uint64_t State(ChannelState state) { return static_cast<uint64_t>(state); }

// Runs on disk and in shared memory.
class FileFaultTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    path_ = GetParam() ? PathOnDisk("channel") : directory_ / "channel";
    ASSERT_OK_AND_ASSIGN(Channel channel, Channel::Create(path_, Options()));
    channel_.emplace(std::move(channel));
  }

  // Attaches two processes to the channel.
  void AttachPeers() {
    for (Peer* peer : {&sender_, &receiver_}) ASSERT_OK(peer->Ask("open " + path_).status());
    ASSERT_OK(sender_.Ask("attach_sender 0").status());
    ASSERT_OK(receiver_.Ask("attach_receiver").status());
  }

  // Sends a message from one peer to the other. The receiver may be asleep before.
  void ExpectPeersGoOn() {
    receiver_.Tell("receive 20000");
    EXPECT_OK(sender_.Ask(absl::StrCat("send 7 ", number_, " 100 20000")).status());
    const Reply received = receiver_.Answer();
    ASSERT_OK(received.status());
    EXPECT_THAT(received.numbers, ElementsAre(::testing::_, 0u, 100u, 7u, number_));
    ASSERT_OK(receiver_.Ask("release_all").status());
    ++number_;
  }

  void ExpectStates(ChannelState state) {
    EXPECT_EQ(State(channel_->state()), State(state));
    for (Peer* peer : {&sender_, &receiver_}) {
      EXPECT_THAT(peer->Ask("state").numbers, ElementsAre(State(state)));
    }
  }

  const SharedMemoryDirectory directory_;
  std::string path_;
  std::optional<Channel> channel_;
  Board board_;
  Peer sender_{board_};
  Peer receiver_{board_};
  uint64_t number_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Files, FileFaultTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "OnDisk" : "InMemory"; });

// --- Permissions ---

TEST_P(FileFaultTest, LivePeersContinueWithoutPermissionAndNewOnesAreRefused) {
  enum Cell : size_t { kAttached, kForbidden };
  ChildProcess peer = ChildProcess::Fork([&] {
    const auto wrong = [](const absl::Status& status) {
      fprintf(stderr, "%s\n", status.ToString().c_str());
      return 1;
    };
    if (!DropFileCapabilities().empty()) return 2;
    absl::StatusOr<Channel> channel = Channel::Open(path_);
    if (!channel.ok()) return wrong(channel.status());
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
    if (!receiver.ok()) return wrong(receiver.status());
    std::optional<Sender> sender(*Sender::Attach(*channel));
    board_[kAttached] = 1;
    if (!Await([&] { return board_[kForbidden] == 1; })) return 3;

    // The process keeps both ends, and can still ask the kernel about other participants.
    if (!sender->TrySend("its own").ok()) return 4;
    for (const char* expected : {"the test's", "its own"}) {
      const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
      if (!lease.ok()) return wrong(lease.status());
      if (lease->payload() != expected) return 5;
    }
    if (!channel->HasReceiver() || !channel->HasSender()) return 6;
    // Operations that open the file again fail.
    const absl::Status refused[] = {Channel::Open(path_).status(),
                                    Sender::Attach(*channel).status(),
                                    Receiver::Attach(*channel).status()};
    for (const absl::Status& status : refused) {
      if (!absl::IsPermissionDenied(status) || status.message().empty()) return wrong(status);
    }
    // The process can still detach.
    sender.reset();
    return channel->HasSender() ? 0 : 7;
  });
  ASSERT_TRUE(Await([&] { return board_[kAttached] == 1; })) << peer.Wait(absl::Seconds(1));
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
  ASSERT_EQ(chmod(path_.c_str(), 0), 0);
  ASSERT_OK(sender.TrySend("the test's"));
  board_[kForbidden] = 1;
  EXPECT_EQ(peer.Wait(), "exited 0");
  EXPECT_EQ(channel_->state(), ChannelState::kOpen);
}

// --- Names ---

TEST_P(FileFaultTest, RemovedNameIsReportedAndPeersContinue) {
  ASSERT_NO_FATAL_FAILURE(AttachPeers());
  ExpectStates(ChannelState::kOpen);
  ExpectPeersGoOn();
  ASSERT_EQ(unlink(path_.c_str()), 0);
  ExpectStates(ChannelState::kUnlinked);
  ExpectPeersGoOn();
  EXPECT_THAT(Channel::Open(path_), StatusIs(absl::StatusCode::kNotFound));
  // A process that has the channel open can still attach.
  {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
    EXPECT_EQ(sender.slot(), 1);
  }
  // A new channel at the path is independent of the old one.
  ASSERT_OK_AND_ASSIGN(const Channel other, Channel::Create(path_, Options()));
  EXPECT_NE(other.id(), channel_->id());
  EXPECT_EQ(other.state(), ChannelState::kOpen);
  ExpectStates(ChannelState::kUnlinked);
  ExpectPeersGoOn();
  // A final state takes precedence.
  channel_->Close();
  ExpectStates(ChannelState::kClosed);
}

TEST_P(FileFaultTest, MovedFileIsGoneFromItsPath) {
  ASSERT_EQ(rename(path_.c_str(), (path_ + "-elsewhere").c_str()), 0);
  EXPECT_EQ(channel_->state(), ChannelState::kUnlinked);
  ASSERT_OK_AND_ASSIGN(const Channel opened, Channel::Open(path_ + "-elsewhere"));
  EXPECT_EQ(opened.id(), channel_->id());
  EXPECT_EQ(opened.state(), ChannelState::kOpen);
}

TEST_P(FileFaultTest, ReplacedFileIsReportedToAll) {
  ASSERT_NO_FATAL_FAILURE(AttachPeers());
  receiver_.Tell("receive 20000");
  ChannelOptions options = Options();
  options.exist_policy = ExistPolicy::kReplace;
  ASSERT_OK(Channel::Create(path_, options));
  EXPECT_THAT(receiver_.Answer().status(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(sender_.Ask("try_send 7 0 100").status(), StatusIs(absl::StatusCode::kAborted));
  ExpectStates(ChannelState::kReplaced);
}

TEST(FileFaultNameTest, TemporaryChannelReportsTheRemovedName) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateTemp(Options()));
  EXPECT_EQ(channel.state(), ChannelState::kOpen);
  ASSERT_EQ(unlink(channel.path().c_str()), 0);
  EXPECT_EQ(channel.state(), ChannelState::kUnlinked);
}

TEST(FileFaultNameTest, AnonymousChannelIsNotGoneFromItsPath) {
  ASSERT_OK_AND_ASSIGN(const Channel anonymous, Channel::CreateAnonymous(Options()));
  EXPECT_EQ(anonymous.state(), ChannelState::kOpen);
  ASSERT_OK_AND_ASSIGN(const Channel passed, Channel::OpenFd(anonymous.fd()));
  EXPECT_EQ(passed.state(), ChannelState::kOpen);
}

// --- Lengths ---

TEST_P(FileFaultTest, TruncatedFileIsRefusedAtAttach) {
  struct stat whole;
  ASSERT_EQ(fstat(channel_->fd(), &whole), 0);
  for (const off_t size : {whole.st_size - 1, off_t{8192}, off_t{5000}, off_t{100}, off_t{0}}) {
    ASSERT_EQ(truncate(path_.c_str(), size), 0);
    const auto truncated =
        StatusIs(absl::StatusCode::kDataLoss,
                 AllOf(HasSubstr(path_), HasSubstr("truncated"), HasSubstr(absl::StrCat(size, " ")),
                       HasSubstr(absl::StrCat(whole.st_size))));
    EXPECT_THAT(Sender::Attach(*channel_), truncated);
    EXPECT_THAT(Receiver::Attach(*channel_), truncated);
    // A file without magic bytes is no channel.
    const absl::Status opened = Channel::Open(path_).status();
    EXPECT_TRUE(size == 0 ? absl::IsInvalidArgument(opened) : absl::IsDataLoss(opened)) << opened;
    EXPECT_TRUE(absl::StrContains(opened.message(), path_)) << opened;
  }
}

// An attached process cannot be told of a truncation.
TEST_P(FileFaultTest, AttachedProcessDiesOfATruncation) {
  enum Cell : size_t { kReady, kTruncated = 8 };
  enum End { kSender, kReceiver, kLoan, kLease };
  for (const End end : {kSender, kReceiver, kLoan, kLease}) {
    const std::string path = absl::StrCat(path_, "-", end);
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Create(path, Options()));
    ChildProcess peer = ChildProcess::Fork([&] {
      // A sanitizer would turn the signal into an exit.
      signal(SIGBUS, SIG_DFL);
      Sender sender = *Sender::Attach(channel);
      Receiver receiver = *Receiver::Attach(channel);
      if (!sender.TrySend("before").ok()) return 1;
      const Lease lease = *receiver.TryReceive();
      Loan loan = *sender.TryClaim(10);
      if (end == kSender) std::move(loan).Publish();
      board_[kReady + end] = 1;
      if (!Await([&] { return board_[kTruncated + end] == 1; })) return 2;
      switch (end) {
        case kSender:
          (void)sender.TrySend("after");
          break;
        case kReceiver:
          (void)receiver.TryReceive();
          break;
        case kLoan:
          loan.payload()[0] = 'x';
          break;
        case kLease:
          return static_cast<int>(lease.payload()[0]);
      }
      return 0;
    });
    ASSERT_TRUE(Await([&] { return board_[kReady + end] == 1; }));
    ASSERT_EQ(truncate(path.c_str(), 0), 0);
    board_[kTruncated + end] = 1;
    EXPECT_EQ(peer.Wait(), absl::StrCat("killed by ", SIGBUS)) << end;
  }
}

TEST(FileFaultLengthTest, LengthOfAnAnonymousChannelIsFixed) {
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::CreateAnonymous(Options()));
  struct stat whole;
  ASSERT_EQ(fstat(channel.fd(), &whole), 0);
  // Opens the file again in another process, to test the rights of a new open file description.
  EXPECT_EQ(InChild([&]() -> std::string {
              const int fd =
                  open(absl::StrCat("/proc/self/fd/", channel.fd()).c_str(), O_RDWR | O_CLOEXEC);
              if (fd < 0) return "open";
              for (const off_t size : {off_t{0}, off_t{4096}, whole.st_size - 1, whole.st_size + 1,
                                       whole.st_size + 4096}) {
                if (ftruncate(fd, size) == 0 || errno != EPERM) return absl::StrCat("size ", size);
              }
              if (fallocate(fd, 0, whole.st_size, 4096) == 0 || errno != EPERM) return "fallocate";
              if (open(absl::StrCat("/proc/self/fd/", fd).c_str(), O_RDWR | O_TRUNC) >= 0 ||
                  errno != EPERM) {
                return "O_TRUNC";
              }
              // The seals remain, and further ones are refused.
              for (const int seals : {0, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE}) {
                if (fcntl(fd, F_ADD_SEALS, seals) == 0 || errno != EPERM) {
                  return absl::StrCat("seals ", seals);
                }
              }
              if (fcntl(fd, F_GET_SEALS) != (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
                return "other seals";
              }
              return "";
            }),
            "");
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(channel));
  EXPECT_OK(sender.TrySend(std::string(channel.max_payload(), 'x')));
}

}  // namespace
}  // namespace ipmpsc::testing
