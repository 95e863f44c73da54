// What holds of each way to sleep on a word. A wait that does not end is noticed by the test's timeout.
#include "ipmpsc/internal/os/futex.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <new>
#include <vector>

#include "gtest/gtest.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::internal {
namespace {

class FutexTest : public ::testing::Test {
 protected:
  FutexTest()
      : page_(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        word_(new (page_) std::atomic<uint32_t>(1)) {}
  ~FutexTest() override { munmap(page_, kPage); }

  // Processes that sleep while the word is 1, without a deadline.
  void StartSleepers(int count) {
    for (int i = 0; i < count; ++i) {
      const pid_t sleeper = fork();
      if (sleeper == 0) {
        while (word_->load() == 1) FutexWait(word_, 1, Deadline::kNever);
        _exit(0);
      }
      ASSERT_GT(sleeper, 0);
      sleepers_.push_back(sleeper);
    }
  }
  void ExpectSleepersEnd() {
    for (const pid_t sleeper : sleepers_) {
      int status = -1;
      EXPECT_EQ(waitpid(sleeper, &status, 0), sleeper);
      EXPECT_EQ(status, 0);
    }
  }

  static constexpr size_t kPage = 4096;
  void* const page_;
  std::atomic<uint32_t>* const word_;
  std::vector<pid_t> sleepers_;
};

TEST_F(FutexTest, AnotherValueIsNotWaitedFor) { FutexWait(word_, 2, Deadline::kNever); }

TEST_F(FutexTest, ADeadlineThatHasPassedIsNotWaitedFor) {
  FutexWait(word_, 1, 0);
  FutexWait(word_, 1, MonotonicNow());
}

TEST_F(FutexTest, EndsAtTheDeadline) {
  const int64_t deadline = MonotonicNow() + 20'000'000;
  while (MonotonicNow() < deadline) FutexWait(word_, 1, deadline);
}

TEST_F(FutexTest, AnotherProcessWakesOne) {
  ASSERT_NO_FATAL_FAILURE(StartSleepers(1));
  usleep(20'000);  // So that it sleeps; it must end in either case.
  word_->store(2);
  FutexWakeOne(word_);
  ExpectSleepersEnd();
}

TEST_F(FutexTest, AnotherProcessWakesAll) {
  ASSERT_NO_FATAL_FAILURE(StartSleepers(4));
  usleep(20'000);
  word_->store(2);
  FutexWakeAll(word_);
  ExpectSleepersEnd();
}

}  // namespace
}  // namespace ipmpsc::internal
