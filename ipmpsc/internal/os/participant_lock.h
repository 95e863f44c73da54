// ParticipantLock: shows that a participant lives.
//
// An open-file-description lock on one byte, far beyond the data of the segment's file: byte 0 for
// the receiver, 1 + slot for a sender. The kernel drops it however the process ends. Unlike a pid
// it means the same in every PID namespace and is never reused.
//
// The lock belongs to an open file of its own, kept open by a mapping of one page and not by a
// descriptor. So a program that closes descriptors that are not its own does not lose it, and
// cannot write to it. Forked children do not inherit the mapping, so they do not keep the lock.
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

  // Takes the lock of `participant`. Returns nullopt if another participant holds it. It takes a
  // dozen system calls, so a caller that tries many checks with `IsAnyHeld` first.
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

  // Drops the lock. Does nothing in a forked child, since the lock is the parent's.
  void Unlock();

  // Whether any process, including this one, holds one of `count` participants in a row. True if
  // the kernel gives no answer: a living sender must never be taken for dead.
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
