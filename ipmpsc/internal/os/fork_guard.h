// Handles after a fork: the child may not use those of its parent, and must not keep the parent's
// locks alive.
//
// Handles compare a number that is another in the child. It lies on a page that the kernel wipes at
// fork, so it is right even where fork handlers do not run (_Fork, raw clone).
//
// A participant's lock belongs to an open file, and a forked child shares its parent's. So a lock is
// kept by a mapping that no child inherits (participant_lock.h), and has a descriptor only while it is
// made: in a ForkFreeSection.
#ifndef IPMPSC_INTERNAL_OS_FORK_GUARD_H_
#define IPMPSC_INTERNAL_OS_FORK_GUARD_H_

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace ipmpsc::internal {

class ForkGuard {
 public:
  // Of this process.
  ForkGuard();

  // Whether this is still the process in which the guard was made. The child of a vfork counts as the
  // same, since it shares the memory: it may do nothing but exec or exit.
  bool InSameProcess() const {
    // Relaxed: another process's number is in this one's memory from its beginning on.
    return current_->load(std::memory_order_relaxed) == generation_;
  }

 private:
  const std::atomic<uint64_t>* current_;
  uint64_t generation_;
};

// A few system calls between which this process should not fork: what they open must not live on in a
// child.
//
// Nothing here waits without a bound, and no fork waits for what its own thread holds: the section
// blocks this thread's signals, whose handlers may fork, and forks of other threads wait for its end
// for 0.1 s at most. A fork that went on all the same is told by `Guard`, and from then on the child's
// fork handler closes the guarded descriptor. One gap remains: a child that another thread makes without
// fork handlers (_Fork, raw clone; posix_spawn and vfork until they exec) just between these calls.
class ForkFreeSection {
 public:
  // Waits for the forks of other threads that are under way, for 0.1 s at most.
  ForkFreeSection();
  ForkFreeSection(const ForkFreeSection&) = delete;
  ForkFreeSection& operator=(const ForkFreeSection&) = delete;
  ~ForkFreeSection();

  // From here on a forked child closes `fd`, which is the file (device, inode), before all else. False:
  // a fork came in since the section began, and its child may have got what was opened meanwhile. Once.
  bool Guard(int fd, dev_t device, ino_t inode);

  // Whether no fork has come in since the section began.
  bool Undisturbed() const;

  // Closes the guarded descriptor. `other`, any other descriptor, which children may have, takes its
  // place for a moment, so that the number is nobody else's before forks that have come in are over.
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
