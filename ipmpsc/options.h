// The options with which a channel is created and opened, and with which its ends are attached.
#ifndef IPMPSC_OPTIONS_H_
#define IPMPSC_OPTIONS_H_

#include "ipmpsc/platform.h"  // IWYU pragma: keep

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc {

// The behavior of `Channel::Create` when the path is taken.
enum class ExistPolicy {
  kFail,     // returns kAlreadyExists
  kOpen,     // opens the existing channel unless it has ended
  kReplace,  // puts the new channel in its place, atomically. Users of the old channel get
             // kAborted, unless the old file has other names, under which the channel continues
  // As kOpen, but replaces a channel that has ended (was closed or replaced). If several processes
  // do so at the same time, one replaces it and all get the same new channel. Processes that have
  // the old channel open can still receive its remaining messages.
  kOpenOrReplace,
};

// The fate of a message for which a channel has no space.
enum class OnFull {
  kWait,  // its sender waits, as long as it wants to
  // A lossy channel: the new message is dropped. No function that sends ever waits for space. It
  // returns kResourceExhausted at once and counts the message: `Sender::dropped()`,
  // `Receiver::dropped()`, `SenderStats::dropped_messages`. A message whose send returns OK is
  // received, as in every channel.
  kDropNewest,
};

// The options of `Channel::Create` and its relatives.
struct ChannelOptions {
  // Bytes for records, 1 to 2^46. Rounded up to a power of two of at least one page. A message of n
  // bytes takes n + 16 (n + 32 with timestamps), rounded up to a multiple of 64.
  uint64_t capacity = uint64_t{1} << 20;
  // Maximum number of senders attached at the same time. 1 to 4096.
  uint32_t max_senders = 64;
  // Permission bits of the file, exactly: the umask is ignored. Senders and receivers need read and
  // write.
  mode_t mode = 0600;
  // The behaviour when the path is taken.
  ExistPolicy exist_policy = ExistPolicy::kFail;
  // Maps every page at creation instead of at its first touch, for this process. Other processes
  // choose for themselves, with `OpenOptions::prefault`.
  bool prefault = false;
  // Asks for huge pages, if the kernel has them for shared memory
  // (/sys/kernel/mm/transparent_hugepage/shmem_enabled). Rounds the capacity up to 2 MiB. Not an
  // error if the kernel has none.
  bool huge_pages = false;
  // Each message carries the time of its commit (CLOCK_REALTIME) and its number among the messages
  // of its sender's slot: `Lease::sent_at()`, `Lease::sequence()`. Reading the clock adds some tens
  // of nanoseconds to a send.
  bool timestamps = false;
  // With kOpen and kOpenOrReplace an existing channel that behaves otherwise is an error.
  OnFull on_full = OnFull::kWait;
  // With kOpen and kOpenOrReplace: accepts an existing channel that has less than these options ask
  // for: a smaller capacity or fewer senders, or no timestamps. Without it such a channel is an
  // error. An existing channel that has more is always accepted.
  bool accept_smaller = false;
  // A description of the channel, at most 16 MiB. The typed layer stores a serialised
  // `ipmpsc.ChannelInfo` here.
  std::string description;
};

// Options of a process that opens a channel. Nothing in the channel's file overrides them.
struct OpenOptions {
  // How long `Channel::Open` waits for a channel to be created at the path. Not used by `OpenFd`.
  Deadline deadline = absl::ZeroDuration();
  // Maps every page when opening instead of at its first touch. Takes time in proportion to the
  // capacity: a quarter of a second for each GiB.
  bool prefault = false;
};

// The options of `Sender::Attach`.
struct SenderOptions {
  // The name that errors and tools show for this sender. At most 64 bytes: a longer one is cut.
  // Empty: the program's name.
  std::string name;
  // How long to wait for a free slot if all have an owner. A sender that waits takes the slot 16
  // milliseconds after its owner has detached at most, or 100 milliseconds after it was killed.
  // If the owner died with an open claim, a receiver must step over the claim first.
  Deadline deadline = absl::ZeroDuration();
  // Every function that sends returns kUnavailable while no living receiver is attached to the
  // channel. The check takes a system call. The sender makes it at most once in a millisecond, and
  // every 100 milliseconds while it waits for space. Messages that were sent before stay in the
  // channel for the next receiver.
  bool require_receiver = false;
  // Every function that sends returns kAborted once the channel's file is no longer at its path (it
  // was removed, moved away or exchanged for another). The sender checks as often as for
  // `require_receiver`. This option has no effect on channels without a path.
  bool require_path = false;
};

// Where a receiver starts.
enum class ReceiverStart {
  kOldest,  // at the oldest message that is not released
  // At the newest: passes over all messages that were claimed before it attached, as if it had
  // received and released them. `Receiver::skipped()` counts them. A message whose sender is still
  // writing it is passed over as soon as it is committed.
  kNow,
};

// The options of `Receiver::Attach`.
struct ReceiverOptions {
  // The name that errors and tools show for this receiver, as for a sender.
  std::string name;
  // How long to wait for a living receiver to detach or to die. A receiver that waits is a hot
  // standby: it takes over within 10 milliseconds.
  Deadline deadline = absl::ZeroDuration();
  // Receiving returns kOutOfRange when all messages have been received and no sender is attached
  // any more. The receiver waits until a first sender is attached or has left a message. The end is
  // not final: receiving continues when another sender attaches. A receiver with this option checks
  // every 100 milliseconds while it waits.
  bool end_without_senders = false;
  // Receiving returns kAborted when all messages have been received and the channel's file is no
  // longer at its path. This is not final either. A receiver with this option checks every 100
  // milliseconds while it waits.
  bool require_path = false;
  // Whether it receives the messages that are in the channel when it attaches.
  ReceiverStart start = ReceiverStart::kOldest;
};

}  // namespace ipmpsc

#endif  // IPMPSC_OPTIONS_H_
