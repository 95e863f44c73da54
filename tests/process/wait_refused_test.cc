// Tests wait sets where a filter of system calls refuses what they sleep with, as in many
// containers: the next mechanism is used, and the statistics say why.
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_options.h"
#include "ipmpsc/wait_set.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/restrictions.h"

namespace ipmpsc::testing {
namespace {

// SYS_futex_waitv, which is younger than the kernel headers of some systems.
constexpr long kFutexWaitv = 449;

std::string Deny(long number, int error) { return DenySyscall(number, 0, 0, error); }

// Returns why the calling machine cannot have the mechanism anyway, or "".
std::string Lacks(WaitMechanism mechanism) {
  const absl::Status status = WaitSet::Create({mechanism}).status();
  return absl::IsUnimplemented(status) ? std::string(status.message()) : "";
}

// A set with a channel's two ends. Runs in a forked child, so it reports by strings: "" is good.
class Exchange {
 public:
  std::string Begin(const WaitSetOptions& options = {}) {
    absl::StatusOr<Channel> channel = Channel::CreateAnonymous({});
    if (!channel.ok()) return channel.status().ToString();
    absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
    absl::StatusOr<Sender> sender = Sender::Attach(*channel);
    absl::StatusOr<WaitSet> set = WaitSet::Create(options);
    if (!receiver.ok() || !sender.ok()) return "cannot attach";
    if (!set.ok()) return set.status().ToString();
    receiver_.emplace(*std::move(receiver));
    sender_.emplace(*std::move(sender));
    set_.emplace(*std::move(set));
    return std::string(set_->Add(*receiver_, 5).message());
  }

  // Messages end sleeps, and make the descriptor of an outer loop readable.
  std::string Run() {
    for (int i = 0; i < 10; ++i) {
      std::thread sends([&] {
        // Meets the set before, while and after it falls asleep.
        absl::SleepFor(absl::Milliseconds(i % 4));
        (void)sender_->TrySend("a").ok();
      });
      std::string wrong = i < 5 ? Wait() : WaitOutside();
      sends.join();
      if (!wrong.empty()) return wrong;
      const absl::Status received = receiver_->TryReceive().status();
      if (!received.ok()) return received.ToString();
    }
    return "";
  }

  WaitSet& set() { return *set_; }
  Receiver& receiver() { return *receiver_; }

 private:
  std::string Wait() {
    Ready ready;
    const absl::StatusOr<size_t> count = set_->Wait(kPatience, absl::MakeSpan(&ready, 1));
    if (!count.ok()) return count.status().ToString();
    return *count == 1 && ready.tag == 5 ? "" : absl::StrCat(*count, " are ready");
  }
  std::string WaitOutside() {
    const absl::StatusOr<int> fd = set_->fd();
    if (!fd.ok()) return fd.status().ToString();
    Ready ready;
    for (;;) {
      const absl::StatusOr<size_t> count =
          set_->Wait(absl::ZeroDuration(), absl::MakeSpan(&ready, 1));
      if (!count.ok()) return count.status().ToString();
      if (*count == 1) return "";
      pollfd polled = {*fd, POLLIN, 0};
      const int found = poll(&polled, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience)));
      if (found == 0) return "the descriptor does not become readable";
    }
  }

  std::optional<Receiver> receiver_;
  std::optional<Sender> sender_;
  std::optional<WaitSet> set_;
};

// Denies the calls in a child and exchanges messages there. Returns "mechanism; refused", or what
// is wrong.
std::string MechanismWithout(const std::vector<long>& calls, int error) {
  return InChild([&]() -> std::string {
    for (const long call : calls) {
      std::string failed = Deny(call, error);
      if (!failed.empty()) return absl::StrCat("cannot: ", failed);
    }
    Exchange exchange;
    if (std::string wrong = exchange.Begin(); !wrong.empty()) return wrong;
    if (std::string wrong = exchange.Run(); !wrong.empty()) return wrong;
    const WaitSetStatistics statistics = exchange.set().statistics();
    return absl::StrCat(static_cast<int>(statistics.mechanism), "; ", statistics.refused);
  });
}

std::string Is(WaitMechanism mechanism) { return absl::StrCat(static_cast<int>(mechanism), "; "); }

class WaitRefusedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string lacks = Lacks(WaitMechanism::kHelperThread);
    if (!lacks.empty()) GTEST_SKIP() << lacks;
  }
};

TEST_F(WaitRefusedTest, WithoutIoUringAThreadWaits) {
  for (const long call : {SYS_io_uring_setup, SYS_io_uring_enter}) {
    for (const int error : {EPERM, ENOSYS, EACCES}) {
      const std::string result = MechanismWithout({call}, error);
      EXPECT_TRUE(absl::StartsWith(result, Is(WaitMechanism::kHelperThread))) << result;
      EXPECT_TRUE(absl::StrContains(result, "io_uring")) << result;
      EXPECT_TRUE(absl::StrContains(result, strerror(error)) ||
                  !Lacks(WaitMechanism::kIoUring).empty())
          << result;
    }
  }
}

TEST_F(WaitRefusedTest, WithoutBothItPolls) {
  const std::string result = MechanismWithout({SYS_io_uring_setup, kFutexWaitv}, EPERM);
  EXPECT_TRUE(absl::StartsWith(result, Is(WaitMechanism::kPolling))) << result;
  EXPECT_TRUE(absl::StrContains(result, "io_uring")) << result;
  EXPECT_TRUE(absl::StrContains(result, "futex_waitv")) << result;
}

TEST_F(WaitRefusedTest, AMechanismThatIsDemandedIsRefusedWithItsReason) {
  EXPECT_EQ(InChild([]() -> std::string {
              for (const long call : {static_cast<long>(SYS_io_uring_setup), kFutexWaitv}) {
                std::string failed = Deny(call, EPERM);
                if (!failed.empty()) return failed;
              }
              for (const auto& [mechanism, name] :
                   {std::pair{WaitMechanism::kIoUring, "io_uring"},
                    std::pair{WaitMechanism::kHelperThread, "futex_waitv"}}) {
                const absl::Status status = WaitSet::Create({mechanism}).status();
                if (!absl::IsUnimplemented(status) || !absl::StrContains(status.message(), name)) {
                  return status.ToString();
                }
              }
              return std::string(WaitSet::Create({WaitMechanism::kPolling}).status().message());
            }),
            "");
}

// A filter may come after the set: then its ring is useless, and it looks by itself.
TEST_F(WaitRefusedTest, ASetSurvivesALaterFilter) {
  const std::string lacks = Lacks(WaitMechanism::kIoUring);
  if (!lacks.empty()) GTEST_SKIP() << lacks;
  for (const int error : {EPERM, ENOSYS}) {
    EXPECT_EQ(InChild([error]() -> std::string {
                Exchange exchange;
                if (std::string wrong = exchange.Begin({WaitMechanism::kIoUring}); !wrong.empty()) {
                  return wrong;
                }
                if (std::string wrong = exchange.Run(); !wrong.empty()) return wrong;
                if (std::string wrong = Deny(SYS_io_uring_enter, error); !wrong.empty()) {
                  return wrong;
                }
                return exchange.Run();
              }),
              "");
  }
}

// Without futex_waitv a receiver that sleeps by itself looks at its flag every 100 ms.
TEST_F(WaitRefusedTest, InterruptWorksWithoutFutexWaitv) {
  EXPECT_EQ(InChild([]() -> std::string {
              if (std::string wrong = Deny(kFutexWaitv, ENOSYS); !wrong.empty()) return wrong;
              Exchange exchange;
              if (std::string wrong = exchange.Begin(); !wrong.empty()) return wrong;
              for (int i = 0; i < 5; ++i) {
                std::thread interrupts([&] {
                  // Meets the receiver before and after it falls asleep.
                  absl::SleepFor(absl::Milliseconds(i));
                  exchange.receiver().Interrupt();
                });
                const absl::Status status = exchange.receiver().Receive(kPatience).status();
                interrupts.join();
                if (!absl::IsCancelled(status)) return status.ToString();
              }
              return exchange.Run();
            }),
            "");
}

}  // namespace
}  // namespace ipmpsc::testing
