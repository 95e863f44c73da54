// Channel: a shared-memory ring buffer that processes open to send to and receive from.
//
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::Channel::Create("/dev/shm/quotes", {});
//   absl::StatusOr<ipmpsc::Receiver> receiver = ipmpsc::Receiver::Attach(*channel);
//
// and elsewhere:
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::Channel::Open("/dev/shm/quotes");
//   absl::StatusOr<ipmpsc::Sender> sender = ipmpsc::Sender::Attach(*channel);
//
// What it promises: a channel that can be opened is complete (it gets its name last); a channel
// that was created has all its memory (a full file system is an error at creation, not a signal
// later); what is left in a channel stays there until it is received, also while no process has it
// open. What it does not: messages do not outlive the machine's memory, and somebody who may write
// the file may also truncate it. Opening it or attaching to it fails then (kDataLoss), and a process
// that is attached is killed by SIGBUS when it touches what is gone. An anonymous channel cannot be
// truncated.
//
// Where the kernel refuses something for a reason that the lists of errors do not name (an I/O
// error, a filter of system calls), the code is what `absl::ErrnoToStatus` makes of it, and the
// text says what was refused. That holds for attaching, too.
//
// Whether a file may be opened is asked when it is: who has a channel open and is attached goes on
// when its mode is changed or its name is removed.
#ifndef IPMPSC_CHANNEL_H_
#define IPMPSC_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel_options.h"

namespace ipmpsc {

namespace internal {
class Segment;
}  // namespace internal

enum class ChannelState {
  kOpen,
  kClosed,    // by `Close()`; final
  kReplaced,  // by a new channel at its path; final
  // Open, and sending and receiving go on; but the file is no longer at `path()` (it was removed,
  // moved away or exchanged for another), so no program opens it any more.
  kUnlinked,
};

// A cheap copy refers to the same mapping. Thread-safe.
class Channel {
 public:
  // Creates the channel at `path`, in a directory of a file system in memory (/dev/shm) or on disk.
  //
  // Errors:
  //  * kInvalidArgument    - capacity, max_senders or description out of range; empty path; the
  //                          directory's name is no directory; exist_policy kOpen and kReplace:
  //                          what is there is no channel
  //  * kNotFound           - no such directory
  //  * kPermissionDenied   - the directory may not be written (kOpen: what is there may not be
  //                          opened)
  //  * kAlreadyExists      - the path is taken (exist_policy kFail)
  //  * kResourceExhausted  - no space for it on the file system, or no file descriptors or address
  //                          space left
  //  * kAborted            - exist_policy kOpen and kReplace: others kept creating and removing
  //                          what is there
  //  * kUnavailable        - the kernel gives no random numbers
  //  * what `Open` returns - exist_policy kOpen, what is there is damaged or of another version
  static absl::StatusOr<Channel> Create(absl::string_view path, const ChannelOptions& options);

  // Creates a channel under a new name in /dev/shm ($TMPDIR where that is not there), told by
  // `path()`. The name goes when the last copy of this `Channel` and the last end attached through
  // it are destroyed. `exist_policy` is not used.
  //
  // Errors: as `Create`.
  static absl::StatusOr<Channel> CreateTemp(const ChannelOptions& options);

  // Creates a channel without a name, in a memfd that is sealed against being resized. It reaches
  // other processes as `fd()`, inherited or passed over a Unix socket (fd_passing.h). `mode` and
  // `exist_policy` are not used.
  //
  // Errors: kInvalidArgument, kResourceExhausted and kUnavailable as `Create`.
  static absl::StatusOr<Channel> CreateAnonymous(const ChannelOptions& options);

  // Opens the channel at `path`.
  //
  // Errors:
  //  * kNotFound           - no such path
  //  * kPermissionDenied   - the file may not be read and written
  //  * kInvalidArgument    - not a channel (a directory, a device, a file with other content); an
  //                          empty path
  //  * kFailedPrecondition - a channel of another ABI version, byte order or page size
  //  * kDataLoss           - a channel whose file is truncated, or whose header contradicts itself
  //  * kResourceExhausted  - no file descriptors or address space left
  static absl::StatusOr<Channel> Open(absl::string_view path, const OpenOptions& options = {});

  // Opens the channel behind a file descriptor, which stays the caller's.
  //
  // Errors: as `Open`; kInvalidArgument where `fd` is not open.
  static absl::StatusOr<Channel> OpenFd(int fd, const OpenOptions& options = {});

  // Ends the channel for all, exactly: a message whose `Send` returns OK is received before the
  // receiver gets kOutOfRange, and every other send fails with kFailedPrecondition. A loan that is
  // open stays so: the receiver waits for it. Wakes all who wait.
  void Close();

  // The first that is true of: replaced, closed, unlinked. The last takes a system call.
  ChannelState state() const;

  // Whether a receiver, or any sender, is attached and lives. One system call each. Where the
  // kernel does not say: true.
  bool HasReceiver() const;
  bool HasSender() const;

  // The path it was created or opened by; empty where it has none.
  const std::string& path() const ABSL_ATTRIBUTE_LIFETIME_BOUND;
  // Stays the channel's; duplicate it to keep it.
  int fd() const;
  // Bytes for records.
  uint64_t capacity() const;
  // The longest message that can be sent: below `capacity()`, and below 2 GiB.
  size_t max_payload() const;
  uint32_t max_senders() const;
  // 32 hexadecimal digits, random, other for every channel ever created.
  std::string id() const;
  absl::string_view description() const ABSL_ATTRIBUTE_LIFETIME_BOUND;

  // End of public interfaces.

  explicit Channel(std::shared_ptr<internal::Segment> segment) : segment_(std::move(segment)) {}
  const std::shared_ptr<internal::Segment>& segment() const { return segment_; }

 private:
  std::shared_ptr<internal::Segment> segment_;
};

}  // namespace ipmpsc

#endif  // IPMPSC_CHANNEL_H_
