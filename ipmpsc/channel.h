// Channel: a shared-memory ring buffer that processes open to send to and receive from.
//
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::Channel::Create("/dev/shm/quotes", {});
//   absl::StatusOr<ipmpsc::Receiver> receiver = ipmpsc::Receiver::Attach(*channel);
//
// and elsewhere:
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::Channel::Open("/dev/shm/quotes");
//   absl::StatusOr<ipmpsc::Sender> sender = ipmpsc::Sender::Attach(*channel);
//
// A channel promises:
//  * A channel that can be opened is complete: its file gets its name last.
//  * All its memory is allocated when it is created. A full file system or a memory limit is an
//    error at creation, not a signal later.
//  * Messages stay in it until they are received, also while no process has it open.
//
// It does not promise:
//  * that messages outlive the machine's memory;
//  * that no process truncates the file. Every process that may write the file may also truncate
//    it. Opening the channel or attaching to it then fails (kDataLoss), and SIGBUS kills an
//    attached process that touches the missing pages. An anonymous channel cannot be truncated.
//
// The memory of a channel in memory is charged to the control group of the process that created it,
// for as long as the channel exists.
//
// A process that has a channel open marks its file as in use with a shared flock. systemd-tmpfiles
// leaves such a file alone from version 254 on (Debian 13). Older versions (252 in Debian 12) and
// tmpreaper go by the youngest of a file's times, which opening moves to the present.
//
// To share a channel with a container, mount its directory, not the file. A file that is mounted by
// itself cannot be replaced in the container (kFailedPrecondition). If it is replaced outside, the
// container still sees the old file, which says that it was replaced however often it is opened.
//
// If the kernel refuses a call for a reason that the lists of errors do not name (an I/O error, a
// filter of system calls), `absl::ErrnoToStatus` gives the code and the text names the call. This
// holds for attaching, too.
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
#include "ipmpsc/options.h"
#include "ipmpsc/stats.h"

namespace ipmpsc {

namespace internal {
class ChannelAccess;
class Segment;
}  // namespace internal

// The state of a channel.
enum class ChannelState {
  kOpen,      // sending and receiving work, and programs can open it at its path
  kClosed,    // by `Close()`; final
  kReplaced,  // by a new channel at its path; final
  // Open: sending and receiving work. But the file is no longer at `path()` (it was removed, moved
  // away or exchanged for another), so no program can open it any more.
  kUnlinked,
};

// An open channel. Copies are cheap and refer to the same mapping. Thread-safe.
class Channel {
 public:
  // Creates the channel at `path`, in a directory of a file system in memory (/dev/shm) or on disk.
  // If `path` is a symbolic link, its target is created, opened or replaced, and the link stays. If
  // the old channel's file has other names (hard links), kReplace removes only one of them: the old
  // channel continues under the others and is not marked as replaced. Also removes unused files in
  // that directory that dead creators left under hidden names (.ipmpsc- and 16 hexadecimal digits).
  //
  // Errors:
  //  * kInvalidArgument    - capacity, max_senders, mode or description out of range; empty path;
  //                          the directory's name is no directory; a directory on hugetlbfs; all
  //                          policies but kFail: the existing file is no channel
  //  * kNotFound           - no such directory
  //  * kPermissionDenied   - the directory may not be written (kOpen: the existing file may not be
  //                          opened); a link of another user in a directory that everybody may
  //                          write
  //  * kAlreadyExists      - the path is taken (exist_policy kFail)
  //  * kFailedPrecondition - exist_policy kOpen: the channel there has ended (closed or replaced);
  //                          kOpen and kOpenOrReplace: the channel there has less than `options`
  //                          ask for (see `ChannelOptions::accept_smaller`), and the text gives
  //                          both figures, or another `on_full`; kReplace: `path` is a mount point
  //  * kResourceExhausted  - one of these has run out, and the text says which: space or quota of
  //                          the file system; the file size that RLIMIT_FSIZE allows; the memory
  //                          limit of a control group; the machine's memory; file descriptors;
  //                          address space; memory that may be locked (under mlockall)
  //  * kAborted            - all policies but kFail: other processes kept creating and removing the
  //                          file
  //  * kUnavailable        - /proc is not mounted; the kernel gives no random numbers
  //  * errors of `Open`    - exist_policy kOpen and kOpenOrReplace: the existing channel is damaged
  //                          or of another version
  static absl::StatusOr<Channel> Create(absl::string_view path, const ChannelOptions& options);

  // Creates a channel under a new absolute name in /dev/shm, which `path()` returns. If /dev/shm
  // cannot be written, the directory is TMPDIR or else /tmp. The name is removed when the last copy
  // of this `Channel` and the last end attached through it are destroyed. If this process is killed
  // before that, the name stays until the same user calls `CreateTemp` there while no process has
  // the channel open. Names of the form ipmpsc- and 16 hexadecimal digits are reserved for this
  // function. `exist_policy` is not used.
  //
  // Errors: as `Create`.
  static absl::StatusOr<Channel> CreateTemp(const ChannelOptions& options);

  // Creates a channel without a name, in a memfd that is sealed against being resized. Other
  // processes get it as `fd()`, inherited or passed over a Unix socket (fd_passing.h). `mode` and
  // `exist_policy` are not used.
  //
  // Errors: kInvalidArgument, kResourceExhausted and kUnavailable as `Create`.
  static absl::StatusOr<Channel> CreateAnonymous(const ChannelOptions& options);

  // Opens the channel at `path`. A channel that has ended can be opened too, and its remaining
  // messages received. Takes no memory but page tables, unless `options` ask for more.
  //
  // With a deadline it waits until a channel is created at `path`, so either end may start first:
  //   Channel::Open("/dev/shm/quotes", {absl::Seconds(10)})
  // It looks 60 times a second. A file that is no channel is an error at once, and so is a
  // directory that is missing.
  //
  // Errors:
  //  * kNotFound           - no such path; with a deadline: no such directory
  //  * kDeadlineExceeded   - no channel was created at the path until `options.deadline`. The text
  //                          says how long the call has waited
  //  * kPermissionDenied   - the file may not be read and written
  //  * kInvalidArgument    - not a channel (a directory, a device, a file with other content); an
  //                          empty path
  //  * kFailedPrecondition - a channel of another ABI version, byte order or page size
  //  * kDataLoss           - a channel whose file is truncated or has holes (copying programs may
  //                          leave them), or whose header contradicts itself
  //  * kResourceExhausted  - no file descriptors, address space or memory that may be locked left
  static absl::StatusOr<Channel> Open(absl::string_view path, const OpenOptions& options = {});

  // Opens the channel behind a file descriptor. The descriptor stays the caller's.
  //
  // Errors: as `Open`; kInvalidArgument where `fd` is not open.
  static absl::StatusOr<Channel> OpenFd(int fd, const OpenOptions& options = {});

  // Opens the channel at `path` to look: `Stats()`, and a `Tap` (tap.h). Needs only the permission
  // to read, so a channel of mode 0640 lets a group look and nothing more. Maps the file read-only,
  // takes no slot and no lock, and leaves the file's times alone (that of the last access only for
  // the file's owner and root), so no user of the channel notices it. `Close()` has no effect.
  // Attaching to it fails with kPermissionDenied.
  //
  // Errors: as `Open`; kPermissionDenied - the file may not be read.
  static absl::StatusOr<Channel> OpenReadOnly(absl::string_view path,
                                              const OpenOptions& options = {});

  // Ends the channel for all participants, exactly: the receiver gets every message whose `Send`
  // returns OK before it gets kOutOfRange, and every other send fails with kFailedPrecondition. An
  // open loan stays open, and the receiver waits for it. Wakes all waiting processes.
  void Close();

  // Returns the first state that applies, in the order replaced, closed, unlinked. Checking for the
  // last takes a system call.
  ChannelState state() const;

  // Whether a receiver, or any sender, is attached and lives. At most two system calls each. True
  // if the kernel does not say, or if the program has closed the channel's descriptor.
  bool HasReceiver() const;
  bool HasSender() const;

  // Returns the position up to which the receiver has released all messages: it holds and reads
  // nothing before it any more. `Sender::WaitUntilReleased` waits for it.
  uint64_t released_position() const;

  // Returns what the channel holds, and who uses it. Never fails or waits, whatever the channel
  // contains. Takes one system call for each slot that has had an owner, and asks no more after 10
  // milliseconds.
  ChannelStats Stats() const;

  // The path by which it was created or opened. Empty if it has none.
  const std::string& path() const ABSL_ATTRIBUTE_LIFETIME_BOUND;
  // The descriptor belongs to the channel: duplicate it to keep it. It is above 2 and
  // close-on-exec. Returns -1 if the program has closed it (one system call).
  int fd() const;
  // Bytes for records.
  uint64_t capacity() const;
  // The longest message that can be sent: below `capacity()`, and below 2 GiB.
  size_t max_payload() const;
  uint32_t max_senders() const;
  OnFull on_full() const;
  // 32 random hexadecimal digits, different for every channel ever created.
  std::string id() const;
  absl::string_view description() const ABSL_ATTRIBUTE_LIFETIME_BOUND;

 private:
  friend class internal::ChannelAccess;

  static absl::StatusOr<Channel> Over(absl::StatusOr<std::shared_ptr<internal::Segment>> segment);

  explicit Channel(std::shared_ptr<internal::Segment> segment) : segment_(std::move(segment)) {}

  std::shared_ptr<internal::Segment> segment_;
};

}  // namespace ipmpsc

#endif  // IPMPSC_CHANNEL_H_
