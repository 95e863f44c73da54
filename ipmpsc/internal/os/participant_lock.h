// ParticipantLock: how a participant shows that it lives, and how others see it.
//
// An open-file-description lock on one byte, far behind the data of the segment's file: byte 0 for
// the receiver, 1 + slot for a sender. The kernel drops it when the process ends, however it ends;
// and unlike a pid it means the same in every PID namespace and is never reused.
//
// The lock belongs to an open file of its own, which is kept open by a mapping of one page, and not by
// a descriptor. So a program that closes descriptors that are not its own does not lose it, nothing can
// be written to it, and forked children, which do not inherit the mapping, do not keep it.
#ifndef IPMPSC_INTERNAL_OS_PARTICIPANT_LOCK_H_
#define IPMPSC_INTERNAL_OS_PARTICIPANT_LOCK_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/kept_file.h"

namespace ipmpsc::internal {

class ParticipantLock {
 public:
  static constexpr uint32_t kReceiver = 0;
  static constexpr uint32_t OfSender(uint32_t slot) { return 1 + slot; }

  // Takes the lock of `participant`. Nothing: another participant holds it. A dozen system calls, so
  // whoever has many to try asks with `IsAnyHeld` first.
  //
  // Errors: kResourceExhausted (no file descriptors, mappings or locks), kPermissionDenied,
  // kUnavailable (no /proc), kFailedPrecondition (the program has closed the segment's descriptor).
  static absl::StatusOr<std::optional<ParticipantLock>> TryLock(const KeptFile& segment,
                                                                uint32_t participant);

  ParticipantLock(ParticipantLock&& other) noexcept
      : page_(std::exchange(other.page_, nullptr)), fork_guard_(other.fork_guard_) {}
  ParticipantLock& operator=(ParticipantLock&& other) noexcept {
    std::swap(page_, other.page_);
    std::swap(fork_guard_, other.fork_guard_);
    return *this;
  }
  ~ParticipantLock() { Unlock(); }

  // Drops the lock. In a forked child it does nothing, since the lock is the parent's.
  void Unlock();

  // Whether one of `count` participants in a row is held, by whatever process, this one included.
  // Where the kernel does not say, it counts as held: a living sender must never be taken for dead.
  //
  // Errors: kFailedPrecondition - the program has closed the segment's descriptor.
  static absl::StatusOr<bool> IsAnyHeld(const KeptFile& segment, uint32_t first, uint32_t count);

 private:
  explicit ParticipantLock(void* page) : page_(page) {}

  void* page_;  // null when moved from or unlocked
  ForkGuard fork_guard_;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_PARTICIPANT_LOCK_H_
