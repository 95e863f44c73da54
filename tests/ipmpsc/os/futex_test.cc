// Tests every way to sleep on a word. The test's timeout catches a wait that does not end.
#include "ipmpsc/internal/os/futex.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <new>
#include <vector>

#include "gtest/gtest.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/os/clock.h"
#include "tests/testing/process/child_process.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::ChildProcess;

class FutexTest : public ::testing::Test {
 protected:
  FutexTest()
      : page_(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        word_(new (page_) std::atomic<uint32_t>(1)) {}
  ~FutexTest() override { munmap(page_, kPage); }

  // Starts processes that sleep without a deadline while the word is 1.
  void StartSleepers(int count) {
    for (int i = 0; i < count; ++i) {
      sleepers_.push_back(ChildProcess::Fork([&] {
        while (word_->load() == 1) FutexWait(word_, 1, Deadline::kNever);
        return 0;
      }));
    }
  }
  void ExpectSleepersEnd() {
    for (ChildProcess& sleeper : sleepers_) EXPECT_EQ(sleeper.Wait(), "exited 0");
  }

  static constexpr size_t kPage = 4096;
  void* const page_;
  std::atomic<uint32_t>* const word_;
  std::vector<ChildProcess> sleepers_;
};

TEST_F(FutexTest, WaitReturnsAtOnceIfTheValueDiffers) { FutexWait(word_, 2, Deadline::kNever); }

TEST_F(FutexTest, WaitReturnsAtOnceAfterTheDeadline) {
  FutexWait(word_, 1, 0);
  FutexWait(word_, 1, MonotonicNow());
}

TEST_F(FutexTest, EndsAtTheDeadline) {
  const int64_t deadline = MonotonicNow() + 20'000'000;
  while (MonotonicNow() < deadline) FutexWait(word_, 1, deadline);
}

TEST_F(FutexTest, AnotherProcessWakesOne) {
  StartSleepers(1);
  usleep(20'000);  // Usually it sleeps by then. The wait must end in either case.
  word_->store(2);
  FutexWakeOne(word_);
  ExpectSleepersEnd();
}

TEST_F(FutexTest, AnotherProcessWakesAll) {
  StartSleepers(4);
  usleep(20'000);
  word_->store(2);
  FutexWakeAll(word_);
  ExpectSleepersEnd();
}

}  // namespace
}  // namespace ipmpsc::internal
