// ParticipantLock: how a participant shows that it lives, and how others see it.
//
// An open-file-description lock on one byte, far behind the data of the segment's file: byte 0 for
// the receiver, 1 + slot for a sender. The kernel drops it when the process ends, however it ends;
// and unlike a pid it means the same in every PID namespace and is never reused.
#ifndef IPMPSC_INTERNAL_OS_PARTICIPANT_LOCK_H_
#define IPMPSC_INTERNAL_OS_PARTICIPANT_LOCK_H_

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "ipmpsc/internal/os/fork_guard.h"

namespace ipmpsc::internal {

class ParticipantLock {
 public:
  static constexpr uint32_t kReceiver = 0;
  static constexpr uint32_t OfSender(uint32_t slot) { return 1 + slot; }

  // Opens the file behind `segment_fd` once more, since locks belong to open files and every
  // participant needs its own.
  //
  // Errors: kResourceExhausted (no file descriptors), kPermissionDenied, kUnavailable (no /proc).
  static absl::StatusOr<ParticipantLock> Open(int segment_fd);

  ParticipantLock(ParticipantLock&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), fork_guard_(other.fork_guard_) {}
  ParticipantLock& operator=(ParticipantLock&& other) = delete;
  // Drops what it holds. In a forked child it does nothing: there the file is closed already.
  ~ParticipantLock();

  // False: another participant holds it.
  absl::StatusOr<bool> TryLock(uint32_t participant);
  void Unlock(uint32_t participant);

  // Whether a participant other than this one holds it. Where the kernel does not say, it counts as
  // held: a living sender must never be taken for dead.
  bool IsHeld(uint32_t participant) const { return IsAnyHeld(fd_, participant, 1); }

  // The same for any of `count` participants in a row, asked through any file descriptor of the
  // segment: whether one is held through another open file.
  static bool IsAnyHeld(int fd, uint32_t first, uint32_t count);

 private:
  explicit ParticipantLock(int fd) : fd_(fd) {}

  int fd_;  // -1 when moved from
  ForkGuard fork_guard_;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_OS_PARTICIPANT_LOCK_H_
