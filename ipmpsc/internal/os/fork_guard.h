// The effects of a fork on handles: the child may not use its parent's handles, and must not keep
// the parent's locks alive.
//
// Handles compare a number that differs in the child. It is on a page that the kernel wipes at
// fork, so it is right even if fork handlers do not run (_Fork, raw clone).
//
// A participant's lock belongs to an open file, and a forked child shares its parent's open files.
// So a mapping that no child inherits keeps the lock (participant_lock.h). The lock has a
// descriptor only while it is made, in a ForkFreeSection.
#ifndef IPMPSC_INTERNAL_OS_FORK_GUARD_H_
#define IPMPSC_INTERNAL_OS_FORK_GUARD_H_

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace ipmpsc::internal {

class ForkGuard {
 public:
  // A guard of this process.
  ForkGuard();

  // Whether this is still the process that made the guard. The child of a vfork counts as the same,
  // since it shares the memory: it may only exec or exit.
  bool InSameProcess() const {
    // Relaxed: another process has its number in its memory from its beginning.
    return current_->load(std::memory_order_relaxed) == generation_;
  }

 private:
  const std::atomic<uint64_t>* current_;
  uint64_t generation_;
};

// A few system calls during which this process should not fork: a child must not keep the files
// that they open.
//
// All waits here are bounded, and a fork never waits for its own thread. The section blocks this
// thread's signals, since their handlers may fork. Forks of other threads wait for its end, at most
// 0.1 s. `Guard` reports a fork that did not wait. After `Guard` the child's fork handler closes
// the guarded descriptor. One case remains: another thread makes a child without fork handlers just
// between these calls (_Fork, raw clone; posix_spawn and vfork until they exec).
class ForkFreeSection {
 public:
  // Waits for forks that other threads have begun, at most 0.1 s.
  ForkFreeSection();
  ForkFreeSection(const ForkFreeSection&) = delete;
  ForkFreeSection& operator=(const ForkFreeSection&) = delete;
  ~ForkFreeSection();

  // Makes every later forked child close `fd`, which is the file (device, inode), before all else.
  // False: a fork happened since the section began, and its child may have got the files opened
  // meanwhile. Call it once.
  bool Guard(int fd, dev_t device, ino_t inode);

  // Whether no fork has happened since the section began.
  bool Undisturbed() const;

  // Closes the guarded descriptor. `other` is any other descriptor that children may have. It takes
  // the place of `fd` for a moment, so that the number is not reused before the current forks have
  // ended.
  void Close(int fd, int other);

 private:
  void Unguard();

  ForkGuard process_;
  sigset_t signals_;
  bool signals_blocked_;
  uint64_t begun_;
  int entry_ = -1;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_FORK_GUARD_H_
