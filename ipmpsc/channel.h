// Channel: a shared-memory ring buffer that processes open to send to and receive from.
//
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::Channel::Create("/dev/shm/quotes", {});
//   absl::StatusOr<ipmpsc::Receiver> receiver = ipmpsc::Receiver::Attach(*channel);
//
// and elsewhere:
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::Channel::Open("/dev/shm/quotes");
//   absl::StatusOr<ipmpsc::Sender> sender = ipmpsc::Sender::Attach(*channel);
//
// Promises:
//  * A channel that can be opened is complete: it gets its name last.
//  * A channel has all its memory from its creation on. A full file system or a memory limit is an
//    error at creation, not a signal later.
//  * Messages stay in the channel until they are received, also while no process has it open.
// Does not promise:
//  * Messages do not outlive the machine's memory.
//  * A process that may write the file may also truncate it. Opening and attaching fail then
//    (kDataLoss), and SIGBUS kills an attached process that touches the missing pages. An anonymous
//    channel cannot be truncated.
//
// The memory of a channel in memory is charged to the control group of the process that created it,
// as long as the channel exists.
//
// A channel that a process has open is marked as in use by a shared flock on its file. systemd-tmpfiles
// leaves such a file alone from version 254 on (Debian 13). Older versions (252 in Debian 12) and
// tmpreaper go by the youngest of a file's times, which opening moves to the present.
//
// A container that is to use a channel needs its directory mounted, not the file: a file that is
// mounted by itself cannot be replaced there (kFailedPrecondition), and after it was replaced outside
// the container goes on seeing the old one, which says that it was replaced however often it is opened.
//
// Where the kernel refuses something for a reason that the lists of errors do not name (an I/O
// error, a filter of system calls), the code is what `absl::ErrnoToStatus` makes of it, and the
// text says what was refused. That holds for attaching, too.
//
// Permissions are checked when a channel is opened and when something attaches to it. A participant
// that is attached is not affected if the mode is changed or the name is removed later.
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
  // Where `path` is a symbolic link, its target is created, opened or replaced, and the link stays.
  // Where the old channel's file has other names (hard links), kReplace takes one of them away: the old
  // channel goes on under the others and is not told. Removes files that creators which died have left
  // in that directory under hidden names (.ipmpsc- and 16 hexadecimal digits) and that nobody has open.
  //
  // Errors:
  //  * kInvalidArgument    - capacity, max_senders, mode or description out of range; empty path; the
  //                          directory's name is no directory; a directory on hugetlbfs; all policies
  //                          but kFail: what is there is no channel
  //  * kNotFound           - no such directory
  //  * kPermissionDenied   - the directory may not be written (kOpen: what is there may not be
  //                          opened); a link of another user in a directory that everybody may write
  //  * kAlreadyExists      - the path is taken (exist_policy kFail)
  //  * kFailedPrecondition - exist_policy kOpen: the channel there has ended (closed or replaced);
  //                          kReplace: `path` is a mount point
  //  * kResourceExhausted  - one of these has run out, and the text says which: space or quota of the
  //                          file system; what RLIMIT_FSIZE allows; the memory limit of a control
  //                          group; the machine's memory; file descriptors; address space; memory that
  //                          may be locked (under mlockall)
  //  * kAborted            - all policies but kFail: others kept creating and removing what is there
  //  * kUnavailable        - /proc is not mounted; the kernel gives no random numbers
  //  * what `Open` returns - exist_policy kOpen and kOpenOrReplace, what is there is damaged or of
  //                          another version
  static absl::StatusOr<Channel> Create(absl::string_view path, const ChannelOptions& options);

  // Creates a channel under a new name in /dev/shm, told by `path()`, which is absolute. Where /dev/shm
  // cannot be written, TMPDIR names the directory, or else it is /tmp. The name goes when the last copy
  // of this `Channel` and the last end attached through it are destroyed. If this process is killed
  // before that, the name stays until the next `CreateTemp` there by the same user while no process has
  // the channel open: names of the form ipmpsc- and 16 hexadecimal digits are for this function alone.
  // `exist_policy` is not used.
  //
  // Errors: as `Create`.
  static absl::StatusOr<Channel> CreateTemp(const ChannelOptions& options);

  // Creates a channel without a name, in a memfd that is sealed against being resized. It reaches
  // other processes as `fd()`, inherited or passed over a Unix socket (fd_passing.h). `mode` and
  // `exist_policy` are not used.
  //
  // Errors: kInvalidArgument, kResourceExhausted and kUnavailable as `Create`.
  static absl::StatusOr<Channel> CreateAnonymous(const ChannelOptions& options);

  // Opens the channel at `path`, also one that has ended: what is left in it can be received. Takes no
  // memory but for page tables, unless `options` ask for more.
  //
  // Errors:
  //  * kNotFound           - no such path
  //  * kPermissionDenied   - the file may not be read and written
  //  * kInvalidArgument    - not a channel (a directory, a device, a file with other content); an
  //                          empty path
  //  * kFailedPrecondition - a channel of another ABI version, byte order or page size
  //  * kDataLoss           - a channel whose file is truncated or has holes (as a copying program may
  //                          leave them), or whose header contradicts itself
  //  * kResourceExhausted  - no file descriptors, address space or memory that may be locked left
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

  // Whether a receiver, or any sender, is attached and lives. Two system calls each at most. Where
  // the kernel does not say, or the program has closed the channel's descriptor: true.
  bool HasReceiver() const;
  bool HasSender() const;

  // The path it was created or opened by; empty where it has none.
  const std::string& path() const ABSL_ATTRIBUTE_LIFETIME_BOUND;
  // Stays the channel's; duplicate it to keep it. Above 2, close-on-exec. -1 where the program has
  // closed it (one system call).
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
