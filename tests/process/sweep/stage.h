// Stage: a channel on which a process dies, and all other participants.
//
// A forked child has a copy of the stage and attaches in its copy. The segment and the board are
// shared.
#ifndef TESTS_PROCESS_SWEEP_STAGE_H_
#define TESTS_PROCESS_SWEEP_STAGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/message.h"

namespace ipmpsc::testing {

// A message that was found in the ring or received.
struct Message {
  internal::Position position;
  MessageIdentity identity;
  size_t size;
  std::string wrong;  // what is wrong with its bytes, or ""
  uint16_t slot = 0;
  uint64_t sequence = 0;  // in channels with timestamps
};

// A receiver in its own process, which receives until it is killed.
class ReceiverProcess {
 public:
  explicit ReceiverProcess(const Channel& channel);
  // Waits until it sleeps before `position`, claimed or not. Returns false if it does not go to
  // sleep.
  bool AwaitAsleep(const internal::Ring& ring, internal::Position position) const;
  absl::StatusOr<Message> Next(absl::Duration patience);

 private:
  Board board_;
  uint64_t next_ = 0;
  ChildProcess child_;
};

// Streams.
inline constexpr uint64_t kStepped = 1;  // of the stepped sender
inline constexpr uint64_t kRival = 2;    // of the rival
inline constexpr uint64_t kFilling = 3;  // of the test
inline constexpr uint64_t kFresh = 4;    // of the sender after the death

class Stage {
 public:
  static constexpr uint64_t kCapacity = 4096;
  static constexpr uint32_t kSlots = 4;

  explicit Stage(bool timestamps = false);

  const internal::Ring& ring() const { return internal::ChannelAccess::SegmentOf(channel)->ring(); }
  internal::Position claim_position() const;
  internal::Position release_position() const;
  // Whether the channel is closed or replaced. It is of no further use then.
  bool HasEnded() const;
  // The shared memory of all participants, from the control block to the end of the data.
  absl::string_view Segment() const;

  // Forgets the last round. Only the test's receiver remains.
  void Begin();

  // Returns the bytes of a new message.
  std::string NewMessage(uint64_t stream, size_t size);
  // Returns an error if the bytes are none of this round's messages, or "".
  std::string Examine(absl::string_view bytes) const;
  Message MessageIn(internal::Position position, absl::string_view payload) const;

  // Sends from a new sender, which then detaches. Aborts on failure.
  void SendMessage(uint64_t stream, size_t size);
  // Sends until the ring is full. REQUIRES: the ring is empty.
  void FillUp();
  // Leaves the claim of a sender that died before the commit.
  void LeaveOrphan(size_t size);
  // Leaves the intent of a sender that died before its CAS, at the next claim position.
  void LeaveLoser(size_t size);

  // Returns every message that is committed and not released. Only the stamps decide, not intents
  // or lengths. The releases of a receiver in another process are unknown. Then these are the
  // messages after the last settled position.
  std::vector<Message> Committed() const;
  // Leaves the turn that a dead sender took for `size` bytes, `ago` in the past.
  void LeaveTurn(uint64_t size, absl::Duration ago);

  // Settles everything up to here: it was due and has arrived.
  void Settled() { settled_ = claim_position(); }

  // Returns the number of owners that all slots have had.
  uint64_t Owners() const;

  // Attaches the receiver if there is none.
  absl::Status AttachReceiver(const ReceiverOptions& options = {});
  // Receives the survivor's next message and releases it at once.
  absl::StatusOr<Message> Receive(absl::Duration patience);

  Channel channel;
  Board board;
  std::optional<Receiver> receiver;
  std::unique_ptr<ReceiverProcess> receiver_process;  // instead of `receiver`

  // --- For one round ---
  std::string message;                   // sent by the stepped sender
  std::string batched[2];                // sent in the same batch
  std::optional<Sender> sender;          // of the stepped process
  std::optional<Loan> loan;              // of the stepped process
  std::vector<Lease> leases;             // of the stepped process
  std::optional<Sender> rival;           // of the test
  std::optional<Loan> rival_loan;        // of the test
  int rival_claims = 0;                  // how often a rival has claimed in between
  absl::Status rival_status;             // of its last send
  ChildProcess other;                    // a living sender, which ends after its send
  std::vector<MessageIdentity> pending;  // still to be committed by living senders
  std::vector<Message> arranged;         // committed in advance
  uint64_t owners_before = 0;

 private:
  std::map<std::pair<uint64_t, uint64_t>, size_t> sizes_;
  uint64_t next_number_ = 0;
  internal::Position settled_ = 0;
};

// Ends the program: the preparation of a sweep failed.
[[noreturn]] void GiveUp(absl::string_view what);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_STAGE_H_
