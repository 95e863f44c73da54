#include "ipmpsc/internal/os/fork_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <new>

#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/sleep.h"

namespace ipmpsc::internal {
namespace {

// Fork handlers use this state, and may run in signal handlers. So it has no lock, allocates
// nothing, and is never destroyed.

// How long forks and sections wait for each other, in nanoseconds. A section also lets waiting
// forks go first for `kCourtesy`, so that many sections in a row do not hold them up.
constexpr int64_t kLongestWait = 100'000'000;
constexpr int64_t kCourtesy = 5'000'000;
constexpr int64_t kPause = 20'000;
constexpr int kLongWaits = 10;

std::atomic<uint64_t> last_generation{1};
std::atomic<uint64_t> generation_without_page{1};
std::atomic<std::atomic<uint64_t>*> generation_word{nullptr};

std::atomic<uint32_t> sections{0};
std::atomic<uint32_t> forks_waiting{0};
std::atomic<uint32_t> forks_under_way{0};
std::atomic<uint64_t> forks_begun{0};

// Descriptors that a child closes, one for each thread that attaches at the same moment. Beyond
// this number only `forks_begun` shows a fork.
struct GuardedFd {
  std::atomic<bool> taken{false};
  std::atomic<int> fd{-1};
  std::atomic<uint64_t> device{0};
  std::atomic<uint64_t> inode{0};
};
GuardedFd guarded_fds[16];

// Resets the counts of the parent's threads, which do not exist in a child.
void ForgetThreadsOfParent() {
  // Relaxed, all: the child's first use of the library, before it has threads that use it.
  for (GuardedFd& guarded : guarded_fds) {
    guarded.fd.store(-1, std::memory_order_relaxed);
    guarded.taken.store(false, std::memory_order_relaxed);
  }
  sections.store(0, std::memory_order_relaxed);
  forks_waiting.store(0, std::memory_order_relaxed);
  forks_under_way.store(0, std::memory_order_relaxed);
}

void BeginGeneration(std::atomic<uint64_t>* word, uint64_t old) {
  // Relaxed, all: they only tell processes apart, and a process has its number before it is
  // compared.
  const uint64_t generation = last_generation.fetch_add(1, std::memory_order_relaxed) + 1;
  word->compare_exchange_strong(old, generation, std::memory_order_relaxed,
                                std::memory_order_relaxed);
}

// Waits until `done`. False if that takes longer than `longest`.
template <typename Done>
bool WaitFor(Done done, int64_t longest = kLongestWait) {
  if (done()) return true;
  const MonotonicNanos end = MonotonicNow() + longest;
  while (MonotonicNow() < end) {
    SleepUntil(std::min(end, MonotonicNow() + kPause));
    if (done()) return true;
  }
  return false;
}

bool NoForkUnderWay() {
  // [section] seq_cst; pairs with [fork] seq_cst: of a section and a fork that begin together, at
  // least one sees the other.
  return forks_under_way.load(std::memory_order_seq_cst) == 0;
}

const std::atomic<uint64_t>* Generation();

// Runs before the fork, in the process that forks.
void BeforeFork() {
  const int saved = errno;
  // In case this is a child in which no fork handler ran.
  Generation();
  bool waited_enough = false;
  // Relaxed: advice.
  forks_waiting.fetch_add(1, std::memory_order_relaxed);
  for (;;) {
    // [fork] seq_cst; pairs with [section] seq_cst: as there.
    forks_under_way.fetch_add(1, std::memory_order_seq_cst);
    // [fork] seq_cst; pairs with [section] seq_cst: as there.
    if (sections.load(std::memory_order_seq_cst) == 0 || waited_enough) break;
    // [fork] seq_cst; pairs with [section] seq_cst: as there.
    forks_under_way.fetch_sub(1, std::memory_order_seq_cst);
    waited_enough = !WaitFor([] {
      // Relaxed: checked once more, in order.
      return sections.load(std::memory_order_relaxed) == 0;
    });
  }
  // Relaxed: advice.
  forks_waiting.fetch_sub(1, std::memory_order_relaxed);
  // [fork] seq_cst; pairs with [section] seq_cst: a section that does not see it has listed the
  // descriptor that the child closes.
  forks_begun.fetch_add(1, std::memory_order_seq_cst);
  errno = saved;
}

void AfterForkInParent() {
  // [fork] seq_cst; pairs with [section] seq_cst: the child has got all that it will ever get.
  forks_under_way.fetch_sub(1, std::memory_order_seq_cst);
}

void AfterForkInChild() {
  const int saved = errno;
  for (GuardedFd& guarded : guarded_fds) {
    // Relaxed, all: this thread is alone, and its memory has all writes from before the fork.
    const int fd = guarded.fd.load(std::memory_order_relaxed);
    struct stat file;
    if (fd >= 0 && fstat(fd, &file) == 0 &&
        file.st_dev == guarded.device.load(std::memory_order_relaxed) &&
        file.st_ino == guarded.inode.load(std::memory_order_relaxed)) {
      close(fd);
    }
  }
  ForgetThreadsOfParent();
  // A substitute if the kernel does not wipe the page. Relaxed, all: as above.
  std::atomic<uint64_t>* const word = generation_word.load(std::memory_order_relaxed);
  if (word != nullptr) BeginGeneration(word, word->load(std::memory_order_relaxed));
  errno = saved;
}

// Makes the page and registers the fork handlers. Several threads may do it at once, also one that
// a signal interrupted, and a child whose parent was doing it. One page is used. Handlers that are
// registered twice do everything twice.
std::atomic<uint64_t>* SetUp() {
  std::atomic<uint64_t>* word = &generation_without_page;
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const memory =
      mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) {
    // If the kernel cannot do it, only the fork handler keeps the number right.
    madvise(memory, page, MADV_WIPEONFORK);
    word = new (memory) std::atomic<uint64_t>(1);
  }
  pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);
  std::atomic<uint64_t>* expected = nullptr;
  // [page] acq_rel; pairs with [page] acquire: the number before its place.
  if (generation_word.compare_exchange_strong(expected, word, std::memory_order_acq_rel))
    return word;
  if (memory != MAP_FAILED) munmap(memory, page);
  return expected;
}

// Returns the number of this process.
const std::atomic<uint64_t>* Generation() {
  // [page] acquire; pairs with [page] acq_rel: the number before its place.
  std::atomic<uint64_t>* word = generation_word.load(std::memory_order_acquire);
  if (word == nullptr) word = SetUp();
  // Relaxed: only a child in which no fork handler ran has no number, and it makes its own.
  if (word->load(std::memory_order_relaxed) == 0) {
    ForgetThreadsOfParent();
    BeginGeneration(word, 0);
  }
  return word;
}

// Runs before main, so that no two threads have to.
[[maybe_unused]] const std::atomic<uint64_t>* const set_up = Generation();

}  // namespace

ForkGuard::ForkGuard()
    : current_(Generation()),
      // Relaxed: as in `InSameProcess`.
      generation_(current_->load(std::memory_order_relaxed)) {}

ForkFreeSection::ForkFreeSection() {
  sigset_t handled_later;
  sigfillset(&handled_later);
  // Signals that a thread raises by its own fault cannot be deferred.
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) {
    sigdelset(&handled_later, signal);
  }
  signals_blocked_ = pthread_sigmask(SIG_BLOCK, &handled_later, &signals_) == 0;
  WaitFor(
      [] {
        // Relaxed, both: advice.
        return forks_waiting.load(std::memory_order_relaxed) == 0 &&
               forks_under_way.load(std::memory_order_relaxed) == 0;
      },
      kCourtesy);
  // [section] seq_cst; pairs with [fork] seq_cst: as in `NoForkUnderWay`.
  sections.fetch_add(1, std::memory_order_seq_cst);
  WaitFor(NoForkUnderWay);
  // [section] seq_cst; pairs with [fork] seq_cst: as in `BeforeFork`.
  begun_ = forks_begun.load(std::memory_order_seq_cst);
}

ForkFreeSection::~ForkFreeSection() {
  const int saved = errno;
  Unguard();
  if (process_.InSameProcess()) {
    // [section] seq_cst; pairs with [fork] seq_cst: as in `NoForkUnderWay`.
    sections.fetch_sub(1, std::memory_order_seq_cst);
  }
  if (signals_blocked_) pthread_sigmask(SIG_SETMASK, &signals_, nullptr);
  errno = saved;
}

bool ForkFreeSection::Undisturbed() const {
  // A fork that waits for this section also shows for a moment.
  if (!NoForkUnderWay() && !WaitFor(NoForkUnderWay)) return false;
  // [section] seq_cst; pairs with [fork] seq_cst: as in `BeforeFork`.
  return forks_begun.load(std::memory_order_seq_cst) == begun_;
}

bool ForkFreeSection::Guard(int fd, dev_t device, ino_t inode) {
  constexpr int kEntries = sizeof(guarded_fds) / sizeof(guarded_fds[0]);
  for (int i = 0; i < kEntries && entry_ < 0; ++i) {
    // Relaxed, both: only a child reads the rest, and that is ordered below.
    if (!guarded_fds[i].taken.exchange(true, std::memory_order_relaxed)) entry_ = i;
  }
  if (entry_ >= 0) {
    GuardedFd& guarded = guarded_fds[entry_];
    // Relaxed, both: stored before the number, for every child that forks after `Undisturbed`.
    guarded.device.store(device, std::memory_order_relaxed);
    guarded.inode.store(inode, std::memory_order_relaxed);
    // [section] seq_cst; pairs with [fork] seq_cst: a fork that the check below does not see has it
    // in its child.
    guarded.fd.store(fd, std::memory_order_seq_cst);
  }
  return Undisturbed();
}

void ForkFreeSection::Close(int fd, int other) {
  // A child has one file or the other under this number, and closes it.
  if (dup3(other, fd, O_CLOEXEC) >= 0 && !Undisturbed()) {
    // The fork of a large process takes long.
    for (int i = 0; i < kLongWaits && !WaitFor(NoForkUnderWay); ++i) {
    }
  }
  Unguard();
  close(fd);
}

void ForkFreeSection::Unguard() {
  if (entry_ < 0 || !process_.InSameProcess()) return;
  // [section] seq_cst; pairs with [fork] seq_cst: before the number can be another file's.
  guarded_fds[entry_].fd.store(-1, std::memory_order_seq_cst);
  // [section] seq_cst; pairs with [fork] seq_cst: after that.
  guarded_fds[entry_].taken.store(false, std::memory_order_seq_cst);
  entry_ = -1;
}

}  // namespace ipmpsc::internal
