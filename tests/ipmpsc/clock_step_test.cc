// Tests that waits do not depend on the wall clock. The clock is set back and forth by years all
// the time. This program replaces `clock_gettime` for that.
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/status_matchers.h"

namespace {

std::atomic<uint64_t> wall_clock_calls{0};

// Steps the time by years, alternately forward and back.
void Step(time_t* seconds) {
  constexpr time_t kYears = 10 * 365 * 24 * 3600;
  *seconds += wall_clock_calls.fetch_add(1) % 2 == 0 ? kYears : -kYears;
}

}  // namespace

// Replaces the C library's functions for all code in this program. glibc declares them noexcept,
// and musl does not.
extern "C" int clock_gettime(clockid_t clock,
                             timespec* time) noexcept(noexcept(::clock_gettime(clock, time))) {
  const int result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) Step(&time->tv_sec);
  return result;
}
extern "C" time_t time(time_t* result) noexcept(noexcept(::time(result))) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != nullptr) *result = now.tv_sec;
  return now.tv_sec;
}
extern "C" int gettimeofday(timeval* time,
                            void* zone) noexcept(noexcept(::gettimeofday(time, zone))) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

namespace ipmpsc {
namespace {

using ::ipmpsc::testing::StatusIs;

constexpr absl::Duration kWait = absl::Milliseconds(20);

class ClockStepTest : public ::testing::Test {
 protected:
  ClockStepTest() {
    ChannelOptions options;
    options.capacity = 4096;
    channel_ = *Channel::CreateAnonymous(options);
  }

  // Checks the duration of the wait by the clock that does not step. Delays by the machine are
  // allowed, years would be a hang.
  template <typename Work>
  void ExpectWaits(Work work) {
    // No wait reads the stepping clock. (Attaching reads it, to write the time into the slot.)
    const uint64_t calls = wall_clock_calls;
    const int64_t begin = internal::MonotonicNow();
    work();
    EXPECT_EQ(wall_clock_calls, calls);
    EXPECT_GE(internal::MonotonicNow() - begin, absl::ToInt64Nanoseconds(kWait));
  }

  absl::StatusOr<Channel> channel_{absl::UnknownError("")};
};

TEST(ClockTest, ClockOfTheTestSteps) {
  const time_t now = time(nullptr);
  const time_t then = time(nullptr);
  EXPECT_GT(now > then ? now - then : then - now, 1'000'000);
  const uint64_t calls = wall_clock_calls;
  ASSERT_OK(Channel::CreateAnonymous({}));
  EXPECT_GT(wall_clock_calls, calls) << "a channel knows when it was created, so it must be asked";
}

TEST_F(ClockStepTest, VainReceiveEndsAtItsDeadline) {
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
  ExpectWaits(
      [&] { EXPECT_THAT(receiver.Receive(kWait), StatusIs(absl::StatusCode::kDeadlineExceeded)); });
}

TEST_F(ClockStepTest, VainSendEndsAtItsDeadline) {
  ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
  ASSERT_OK(sender.TrySend(std::string(channel_->max_payload(), 'x')));
  ExpectWaits(
      [&] { EXPECT_THAT(sender.Send("y", kWait), StatusIs(absl::StatusCode::kDeadlineExceeded)); });
  ExpectWaits([&] {
    EXPECT_THAT(sender.SendWhenEmpty("y", kWait), StatusIs(absl::StatusCode::kDeadlineExceeded));
  });
}

TEST_F(ClockStepTest, VainTakeOverEndsAtItsDeadline) {
  ASSERT_OK_AND_ASSIGN(const Receiver receiver, Receiver::Attach(*channel_));
  ReceiverOptions options;
  options.deadline = kWait;
  ExpectWaits([&] {
    EXPECT_THAT(Receiver::Attach(*channel_, options), StatusIs(absl::StatusCode::kAlreadyExists));
  });
}

TEST_F(ClockStepTest, AwaitedMessagesArrive) {
  ASSERT_OK_AND_ASSIGN(Receiver receiver, Receiver::Attach(*channel_));
  std::thread sending([&] {
    ASSERT_OK_AND_ASSIGN(Sender sender, Sender::Attach(*channel_));
    for (int i = 0; i < 2000; ++i) ASSERT_OK(sender.Send(std::string(400, 'x'), absl::Hours(1)));
  });
  for (int i = 0; i < 2000; ++i) ASSERT_OK(receiver.Receive(absl::Hours(1)));
  sending.join();
}

}  // namespace
}  // namespace ipmpsc
