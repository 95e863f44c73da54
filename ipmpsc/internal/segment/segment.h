// Segment: one open and mapped channel file.
#ifndef IPMPSC_INTERNAL_SEGMENT_SEGMENT_H_
#define IPMPSC_INTERNAL_SEGMENT_SEGMENT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/kept_file.h"
#include "ipmpsc/internal/os/mapping.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/options.h"

namespace ipmpsc::internal {

// How a process may use a segment that it has open.
enum class Access {
  kReadWrite,
  // Looks only: the mapping is read-only, and nothing marks the file or moves its times.
  kReadOnly,
};

class Segment {
 public:
  // Checks and maps the file. Errors name `path`, which may be empty.
  //
  // Errors: as `Channel::Open`.
  static absl::StatusOr<std::shared_ptr<Segment>> FromFd(UniqueFd fd, absl::string_view path,
                                                         const OpenOptions& options = {},
                                                         Access access = Access::kReadWrite);

  // Reads and checks the header of a channel's file, without mapping it.
  //
  // Errors: as `Channel::Open`, without the file's name.
  static absl::StatusOr<SegmentHeader> ReadHeader(int fd);

  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment();

  const SegmentHeader& header() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return header_; }
  const Ring& ring() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return ring_; }
  absl::string_view description() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return description_; }
  const std::string& path() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return path_; }
  const KeptFile& file() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return file_; }
  // May belong to another file if the program has closed it. `CheckFd` checks that.
  int fd() const { return file_.fd(); }

  // Whether its file is no longer at `path()`: the name was removed, moved away, given to another
  // file, or covered by a mount. One system call (stat). False if the channel has no path or the
  // kernel gives no answer. A relative path counts from the working directory at the time of
  // opening.
  bool IsGoneFromPath() const;

  bool read_only() const { return access_ == Access::kReadOnly; }

  // Whether it was closed or replaced.
  bool HasEnded() const;

  // Moves the file's times to the present, at most once an hour, so that programs that remove old
  // files leave it alone. Called where a participant sleeps or is slow anyway. Writing to a mapped
  // file does not move them: never in memory, and not always on disk. `now`: as `MonotonicNow`.
  void KeepFresh(MonotonicNanos now) const;

  // Checks the file before a new participant uses the mapping for the first time: after a
  // truncation, every touch beyond the file's end is a SIGBUS.
  //
  // Errors: kPermissionDenied - it was opened read-only; kDataLoss - it is shorter than its header
  // says, or has holes; as `CheckFd`.
  absl::Status CheckFileSize() const;

  // Removes the name with this object, unless it is another file's by then.
  void UnlinkWhenDone() { unlink_when_done_ = true; }

  // The longest message that fits into the data beside a header and the trailer, if there is one.
  size_t max_payload() const;

  // Errors: kFailedPrecondition - the program has closed the channel's descriptor.
  absl::Status CheckFd() const;

  // Whether one of `count` participants in a row (`ParticipantLock`) lives. True if the kernel
  // gives no answer.
  //
  // Errors: as `CheckFd`.
  absl::StatusOr<bool> IsAnyHeld(uint32_t first, uint32_t count) const;
  absl::StatusOr<bool> HasReceiver() const;
  absl::StatusOr<bool> HasSender() const;

  // Sets `end`, one of `kClaimEnded`, in the claim word, and wakes all sleepers. Each claim
  // precedes it or fails. Does nothing if it was opened read-only.
  void End(ClaimWord end);

 private:
  Segment(KeptFile file, absl::string_view path, const SegmentHeader& header, Mapping mapping,
          Access access);

  const std::string path_;
  const SegmentHeader header_;  // a private copy, checked
  const Access access_;
  const Mapping mapping_;
  // Declared after the mapping, so that it is destroyed first: its mark exists while the open file
  // is mapped.
  const KeptFile file_;
  const Ring ring_;
  const std::string description_;  // a private copy
  const ForkGuard fork_guard_;
  // The absolute path of the file. Empty if it is unknown.
  const std::string absolute_path_;
  mutable std::atomic<MonotonicNanos> refreshed_;
  bool unlink_when_done_ = false;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_SEGMENT_H_
