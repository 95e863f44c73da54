// ChannelStats: what a channel holds, and who uses it, at one moment.
//
//   absl::StatusOr<ipmpsc::Channel> channel = ipmpsc::Channel::OpenReadOnly("/dev/shm/quotes");
//   const ipmpsc::ChannelStats stats = channel->Stats();
//   std::cout << stats.fill << " of " << stats.capacity << " bytes in use\n";
//
// A snapshot takes no lock and writes nothing, so no participant notices it. Its parts are read one
// after the other while the channel is in use, so counters of different participants may be some
// messages apart. Processes that may write the channel wrote all of it: a broken or hostile one may
// have put anything there. So names are bytes to be escaped before they are printed.
#ifndef IPMPSC_STATS_H_
#define IPMPSC_STATS_H_

#include "ipmpsc/platform.h"  // IWYU pragma: keep

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace ipmpsc {

// Whether the owner of a slot lives, by the kernel's answer about its lock.
enum class Liveness {
  kDead,     // the lock is free: no owner lives
  kAlive,    // a process holds the lock; it may be stopped
  kUnknown,  // the kernel gave no answer, the program has closed the channel's descriptor, or the
             // time for questions ran out
};

// The owner of a slot: the present one, or the last one.
struct ParticipantStats {
  // Whether it lives.
  Liveness liveness = Liveness::kDead;
  // At most 64 bytes, of any value but 0.
  std::string name;
  // 0: it has detached, or never attached. A dead owner that did not detach keeps its pid.
  uint32_t pid = 0;
  // Whether `pid` is known to be of this process's PID namespace. Otherwise it means nothing here.
  bool pid_is_ours = false;
  // By the owner's clock.
  absl::Time attached = absl::InfinitePast();

  // Whether it died without detaching: it left a pid and no lock.
  bool died() const { return liveness == Liveness::kDead && pid != 0; }
};

// A claimed record that is not committed: a loan that is being filled, or a dead sender's.
struct OpenClaim {
  uint64_t position = 0;  // in the order of all records
  uint64_t bytes = 0;     // with header and padding
  uint16_t sender = 0;    // its slot
};

// A sender: the owner of a slot, and the counters of the slot.
struct SenderStats : ParticipantStats {
  uint16_t slot = 0;  // 0 to `max_senders` - 1
  // All counters are over all owners of the slot.
  uint32_t owners = 0;                           // so far
  uint64_t sent_messages = 0;                    // committed
  uint64_t sent_bytes = 0;                       // of payload
  uint64_t last_sequence = 0;                    // in channels with timestamps
  uint64_t full_waits = 0;                       // waits for space
  absl::Duration waited = absl::ZeroDuration();  // their total time, also of one that lasts
  uint64_t lost_races = 0;                       // claims that another sender made first
  uint64_t turns = 0;                            // turns taken
  uint64_t refused = 0;                          // sends that found no space and did not wait
  uint64_t dropped_messages = 0;                 // in lossy channels: those that found no space
  uint64_t high_water = 0;  // most bytes in use that it saw when it looked for space
  // Its own, if it has one. With several senders and at the moment of a claim, one that is about to
  // learn that another sender was faster.
  std::optional<OpenClaim> open_claim;
};

// The receiver, and the counters of all receivers so far.
struct ReceiverStats : ParticipantStats {
  uint32_t epoch = 0;  // the number of receivers so far
  // All counters are over all receivers.
  uint64_t received_messages = 0;  // released
  uint64_t received_bytes = 0;     // their payload
  uint64_t discarded_records = 0;  // loans that their senders dropped
  uint64_t orphaned_records = 0;   // claims of dead senders that it stepped over
  uint64_t orphaned_bytes = 0;     // with headers and padding
  uint64_t sleeps = 0;             // waits in the kernel
  uint64_t redelivered_bytes = 0;  // claimed and not released when a receiver attached
  uint64_t skipped_messages = 0;   // of those received: passed over for newer ones

  // The event that it sleeps for.
  enum class Wait {
    kNone,       // it does not sleep, or no receiver is attached
    kForClaim,   // asleep until a sender claims: it has taken everything, so what is not released
                 // is held by its leases
    kForCommit,  // asleep until the oldest open claim is committed
  };
  Wait wait = Wait::kNone;  // now
};

// The turn of a sender that has waited long for space: the others leave it `bytes`.
struct TurnStats {
  uint16_t sender = 0;                         // its slot
  uint64_t bytes = 0;                          // with header and padding
  absl::Duration left = absl::ZeroDuration();  // at most 10 ms
};

// The oldest record that is not released: received and held by a lease, or not received yet.
struct OldestRecord {
  uint64_t position = 0;  // in the order of all records
  // Only if it is committed; else `ChannelStats::oldest_open_claim` says who has it.
  bool committed = false;
  uint64_t payload_bytes = 0;  // the size of the message, if it is committed
  uint16_t sender = 0;         // its slot, if it is committed
};

// The contents and the users of a channel at one moment.
struct ChannelStats {
  std::string id;                             // 32 hexadecimal digits
  std::string path;                           // by which it was opened; empty if it has none
  absl::Time created = absl::InfinitePast();  // by the clock of its creator
  uint64_t capacity = 0;                      // bytes for records
  uint64_t max_payload = 0;                   // the longest message, in bytes
  uint32_t max_senders = 0;                   // attached at the same time
  bool timestamps = false;                    // messages carry times and numbers
  bool huge_pages = false;                    // its creator asked for them
  bool drops_newest = false;                  // lossy: `OnFull::kDropNewest`
  // Some participant has no membarrier, so all senders run a full barrier.
  bool full_barriers = false;

  bool closed = false;    // by `Channel::Close()`
  bool replaced = false;  // by a new channel at its path
  // The positions contradict each other: no end of the channel works any more. `fill` is 0 then.
  bool damaged = false;
  uint64_t claim_position = 0;    // end of the claimed bytes, since the channel began
  uint64_t release_position = 0;  // end of the released bytes
  uint64_t fill = 0;              // bytes in use, with headers and padding: claimed, not released
  uint64_t high_water = 0;        // the largest of the senders'
  uint64_t dropped_messages = 0;  // the sum of the senders'

  std::optional<TurnStats> turn;  // if a sender has one
  // A turn has ended, or its words are damaged. The next sender clears it.
  bool stale_turn = false;
  bool senders_wait = false;  // some sender sleeps for space, or did so when it was killed

  // The last receiver, if there has been one. `liveness` says whether it is still there.
  std::optional<ReceiverStats> receiver;
  // By slot: each slot that has had an owner.
  std::vector<SenderStats> senders;

  std::optional<OpenClaim> oldest_open_claim;  // if any claim is open
  std::optional<OldestRecord> oldest_record;   // unless everything is released

  // The number of senders that are alive or unknown.
  uint32_t attached_senders() const {
    uint32_t count = 0;
    for (const SenderStats& sender : senders) count += sender.liveness != Liveness::kDead;
    return count;
  }
};

}  // namespace ipmpsc

#endif  // IPMPSC_STATS_H_
