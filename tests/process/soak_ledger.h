// SoakLedger: the records of the processes of a soak run, in memory that survives their deaths.
// Senders record the messages that they begin to commit and have committed. Receivers record the
// messages that they have taken and released. The ledger checks each message that a receiver takes.
//
// The life of a sender is a stream, whose messages are numbered. A message of 16 bytes or more
// contains both. A shorter one is the next of the stream that has the slot. The first of a stream
// is never short.
#ifndef TESTS_PROCESS_SOAK_LEDGER_H_
#define TESTS_PROCESS_SOAK_LEDGER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "ipmpsc/receiver.h"
#include "tests/testing/process/message.h"

namespace ipmpsc::testing {

enum class SoakFault { kLost, kTorn, kHung, kOther };

class SoakLedger {
 public:
  static constexpr size_t kStreams = size_t{1} << 20;
  static constexpr size_t kSlots = 64;
  // More than the number of records in the ring at one time.
  static constexpr size_t kLogSize = size_t{1} << 14;

  struct Stream {
    std::atomic<uint64_t> attempted;  // upper bound of the messages that it has begun to send
    std::atomic<uint64_t> committed;  // lower bound of its committed messages
    std::atomic<uint64_t> received;   // its messages in the log
  };

  // A message that a receiver has taken.
  struct Entry {
    uint64_t position;
    MessageIdentity identity;
    uint64_t size;
    uint64_t sequence;
    uint64_t orphans;  // stepped over so far
    uint16_t slot;
    std::atomic<bool> release_began;
    std::atomic<bool> released;
  };

  // Creates a ledger that forked children share.
  static SoakLedger* Create();

  Stream& stream(uint64_t number) { return streams_[number % kStreams]; }
  uint64_t messages() const { return logged_.load(); }
  Entry& entry(uint64_t index) { return log_[index % kLogSize]; }

  // Tells senders and receivers to end.
  std::atomic<bool> stop;
  // Channels that were closed or replaced while senders sent.
  std::atomic<uint64_t> ends;

  // Counts a fault and keeps the text of the first.
  void Report(SoakFault fault, absl::string_view text);
  uint64_t faults(SoakFault fault) const { return faults_[static_cast<size_t>(fault)].load(); }
  bool has_faults() const;
  std::string first_fault() const { return first_fault_; }

  // The life of one receiver, from its attachment.
  class ReceiverLife {
   public:
    explicit ReceiverLife(SoakLedger* ledger);

    // Enters the next message that was taken and reports errors in it. `orphans` is the number of
    // records that all receivers have stepped over. Returns the index in the log.
    uint64_t Enter(const Lease& lease, uint64_t orphans);

   private:
    uint64_t EnterRepeated(const Lease& lease);
    uint64_t EnterNew(const Lease& lease, uint64_t orphans);
    // Sequence numbers of a slot have no gaps except after a dead sender's orphan.
    void CheckSequence(const Lease& lease, uint64_t orphans);
    // Checks the first message of a life at log index `index`: all before it must be released, and
    // it must not.
    void CheckStart(uint64_t index);

    SoakLedger* const ledger_;
    bool started_ = false;
    uint64_t next_ = 0;  // log index of the next message
  };

  // Called after the last process has ended: checks for committed messages that were never
  // received.
  void CheckStreams(uint64_t streams);

 private:
  void Commit(const Entry& entry);

  std::atomic<uint64_t> faults_[4];
  std::atomic<bool> has_first_fault_;
  char first_fault_[512];
  std::atomic<uint64_t> logged_;
  std::atomic<uint64_t> stream_of_slot_[kSlots];
  std::atomic<uint64_t> sequence_of_slot_[kSlots];
  std::atomic<uint64_t> orphans_of_slot_[kSlots];  // when its last message was entered
  Entry log_[kLogSize];
  Stream streams_[kStreams];
};

}  // namespace ipmpsc::testing

#endif  // TESTS_PROCESS_SOAK_LEDGER_H_
