// What a fork does to handles: the child may not use those of its parent, and must not keep the
// parent's locks alive.
//
// The locks that say "this participant lives" belong to open files, which a forked child shares. So
// the child closes them, in a pthread_atfork handler, and handles compare a number that is another
// in the child. The number lies on a page that the kernel wipes at fork, so it is right even where
// fork handlers do not run (raw clone).
#ifndef IPMPSC_INTERNAL_OS_FORK_GUARD_H_
#define IPMPSC_INTERNAL_OS_FORK_GUARD_H_

#include <cstdint>

namespace ipmpsc::internal {

class ForkGuard {
 public:
  // Of this process.
  ForkGuard();

  // Whether this is still the process in which the guard was made.
  bool InSameProcess() const { return *current_ == generation_; }

 private:
  const volatile uint64_t* current_;
  uint64_t generation_;
};

// open(path, O_RDWR | O_CLOEXEC), for a file that a forked child closes before anything else. No
// fork comes between the opening and that. Returns -1 and sets errno as open does.
int OpenClosedInForkedChild(const char* path);

// Closes such a file. REQUIRES: this is the process that opened it.
void CloseInParent(int fd);

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_FORK_GUARD_H_
