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
#include "ipmpsc/channel_options.h"
#include "ipmpsc/internal/os/fork_guard.h"
#include "ipmpsc/internal/os/kept_file.h"
#include "ipmpsc/internal/os/mapping.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/layout.h"

namespace ipmpsc::internal {

class Segment {
 public:
  // Checks and maps the file. Errors name `path`, which may be empty.
  //
  // Errors: as `Channel::Open`.
  static absl::StatusOr<std::shared_ptr<Segment>> FromFd(UniqueFd fd, absl::string_view path,
                                                         const OpenOptions& options = {});

  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;
  ~Segment();

  const SegmentHeader& header() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return header_; }
  const Ring& ring() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return ring_; }
  absl::string_view description() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return description_; }
  const std::string& path() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return path_; }
  const KeptFile& file() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return file_; }
  // May be another file's, if the program has closed it: `CheckFd` tells.
  int fd() const { return file_.fd(); }

  // Whether its file is not at `path()` any more: the name was removed, moved away, given to another
  // file, or covered by a mount. One system call (stat). False where the channel has no path, or where
  // the kernel does not say. A relative path counts from the working directory at the time of opening.
  bool IsGoneFromPath() const;

  // Whether it was closed or replaced.
  bool HasEnded() const;

  // Moves the file's times to the present, if that was not done for an hour, so that programs that
  // remove old files leave it alone. For places that sleep or are slow anyway. Writing to a mapped file does not move
  // them: not at all in memory, and not always on disk. `now`: as `MonotonicNow`.
  void KeepFresh(int64_t now) const;

  // To be asked before the mapping is used for the first time by a new participant: behind the end
  // of a file that somebody has truncated, every touch is a SIGBUS.
  //
  // Errors: kDataLoss - it is shorter than its header says, or has holes; as `CheckFd`.
  absl::Status CheckFileSize() const;

  // The name goes with this object, unless it is another file's by then.
  void UnlinkWhenDone() { unlink_when_done_ = true; }

  // The longest message: what the data holds beside a header, and the trailer if there are any.
  size_t max_payload() const;

  // Errors: kFailedPrecondition - the program has closed the channel's descriptor.
  absl::Status CheckFd() const;

  // Whether one of `count` participants in a row (`ParticipantLock`) lives. Where the kernel does not
  // say: true.
  //
  // Errors: as `CheckFd`.
  absl::StatusOr<bool> IsAnyHeld(uint32_t first, uint32_t count) const;
  absl::StatusOr<bool> HasReceiver() const;
  absl::StatusOr<bool> HasSender() const;

  // Sets `end`, one of `kClaimEnded`, in the claim word, and wakes all who wait. Each claim precedes
  // it or fails.
  void End(ClaimWord end);

 private:
  Segment(KeptFile file, absl::string_view path, const SegmentHeader& header, Mapping mapping);

  const std::string path_;
  const SegmentHeader header_;  // a private copy, checked
  const Mapping mapping_;
  // Behind the mapping, so that it goes first: while the open file is mapped, its mark is there.
  const KeptFile file_;
  const Ring ring_;
  const std::string description_;  // a private copy
  const ForkGuard fork_guard_;
  // Where to look for the file, absolute; empty where nobody can know.
  const std::string absolute_path_;
  mutable std::atomic<int64_t> refreshed_;  // on the monotonic clock
  bool unlink_when_done_ = false;
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_SEGMENT_SEGMENT_H_
