// Stage: a channel on which somebody is going to die, and everybody who takes part.
//
// A forked child has a copy of it: what the child attaches, it attaches in its copy. The segment
// and the board are shared.
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
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/testing/process_board.h"
#include "tests/testing/process_child.h"
#include "tests/testing/process_message.h"

namespace ipmpsc::testing {

// A message as it was found in the ring, or as it was received.
struct Message {
  internal::Position position;
  MessageIdentity identity;
  size_t size;
  std::string wrong;  // with its bytes; "": nothing
  uint16_t slot = 0;
  uint64_t sequence = 0;  // in channels with timestamps
};

// A receiver in a process of its own, which receives until it is killed.
class ReceiverProcess {
 public:
  explicit ReceiverProcess(const Channel& channel);
  // Waits until it sleeps before `position`, claimed or not. False: it does not go to sleep.
  bool AwaitAsleep(const internal::Ring& ring, internal::Position position) const;
  absl::StatusOr<Message> Next(absl::Duration patience);

 private:
  Board board_;
  uint64_t next_ = 0;
  ChildProcess child_;
};

// Streams.
inline constexpr uint64_t kStepped = 1;  // of who is stepped
inline constexpr uint64_t kRival = 2;    // of who gets in between
inline constexpr uint64_t kFilling = 3;  // of the test
inline constexpr uint64_t kFresh = 4;    // of who comes after the death

class Stage {
 public:
  static constexpr uint64_t kCapacity = 4096;
  static constexpr uint32_t kSlots = 4;

  explicit Stage(bool timestamps = false);

  const internal::Ring& ring() const { return channel.segment()->ring(); }
  internal::Position claim_position() const;
  internal::Position release_position() const;
  // Whether the channel is closed or replaced: nothing more can be done on it.
  bool HasEnded() const;
  // The shared bytes, from the control block to the end of the data.
  absl::string_view Segment() const;

  // Forgets the last round; everybody has gone but the test's receiver.
  void Begin();

  // The bytes of a new message.
  std::string NewMessage(uint64_t stream, size_t size);
  // Returns the fault of bytes that should be one of this round's messages, or "".
  std::string Examine(absl::string_view bytes) const;
  Message MessageIn(internal::Position position, absl::string_view payload) const;

  // Sends as another sender that comes and goes. Aborts where that is impossible.
  void SendMessage(uint64_t stream, size_t size);
  // Sends until the ring is full. REQUIRES: it is empty.
  void FillUp();
  // Leaves the claim of somebody who died before the commit.
  void LeaveOrphan(size_t size);
  // Leaves the intent of somebody who died before its CAS, at what is claimed next.
  void LeaveLoser(size_t size);

  // Every message that is committed and not released, told by the stamps alone: what the intents
  // and lengths say does not count. Of a receiver elsewhere nobody knows here what it has released
  // meanwhile; there it is every message behind what was due before.
  std::vector<Message> Committed() const;
  // Leaves the turn that a dead sender took for `size` bytes so long ago.
  void LeaveTurn(uint64_t size, absl::Duration ago);

  // Everything up to here was due, and has come.
  void Settled() { settled_ = claim_position(); }

  // How many owners all slots have had.
  uint64_t Owners() const;

  // Becomes the receiver, if nobody is.
  absl::Status AttachReceiver();
  // The next message of the surviving receiver, released at once.
  absl::StatusOr<Message> Receive(absl::Duration patience);

  Channel channel;
  Board board;
  std::optional<Receiver> receiver;
  std::unique_ptr<ReceiverProcess> receiver_process;  // instead of `receiver`

  // --- For one round ---
  std::string message;                   // what the stepped one sends
  std::string batched[2];                // what it sends together with that
  std::optional<Sender> sender;          // of the stepped one
  std::optional<Loan> loan;              // of the stepped one
  std::vector<Lease> leases;             // of the stepped one
  std::optional<Sender> rival;           // of the test
  std::optional<Loan> rival_loan;        // of the test
  int rival_claims = 0;                  // how often a rival has got in between
  absl::Status rival_status;             // of its last send
  ChildProcess other;                    // a sender that lives, and ends when it has sent
  std::vector<MessageIdentity> pending;  // living senders will still commit them
  std::vector<Message> arranged;         // what was committed before
  uint64_t owners_before = 0;

 private:
  std::map<std::pair<uint64_t, uint64_t>, size_t> sizes_;
  uint64_t next_number_ = 0;
  internal::Position settled_ = 0;
};

// Ends the program: what a sweep stands on does not hold.
[[noreturn]] void GiveUp(absl::string_view what);

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SWEEP_STAGE_H_
