// SoakLedger: what the processes of a soak run write down, in memory that stays when they are killed:
// senders what they are about to commit and have committed, receivers what they have taken and
// released. It says what is wrong with each message that a receiver takes.
//
// A sender life is a stream, whose messages are numbered. A message of 16 bytes or more tells both;
// a shorter one is the next of the stream that has the slot. The first of a stream is never short.
#ifndef TESTS_PROCESS_SOAK_LEDGER_H_
#define TESTS_PROCESS_SOAK_LEDGER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "ipmpsc/receiver.h"
#include "tests/testing/process_message.h"

namespace ipmpsc::testing {

enum class SoakFault { kLost, kTorn, kHung, kOther };

class SoakLedger {
 public:
  static constexpr size_t kStreams = size_t{1} << 20;
  static constexpr size_t kSlots = 64;
  // More than there are records in the ring at one time.
  static constexpr size_t kLogSize = size_t{1} << 14;

  struct Stream {
    std::atomic<uint64_t> attempted;  // how many messages it has begun to send, at most
    std::atomic<uint64_t> committed;  // how many surely
    std::atomic<uint64_t> received;   // how many have been logged
  };

  // A message that a receiver has taken.
  struct Entry {
    uint64_t position;
    MessageIdentity identity;
    uint64_t size;
    uint64_t sequence;
    uint64_t orphans;  // that had been stepped over then
    uint16_t slot;
    std::atomic<bool> release_began;
    std::atomic<bool> released;
  };

  // A new one, which forked children share.
  static SoakLedger* Create();

  Stream& stream(uint64_t number) { return streams_[number % kStreams]; }
  uint64_t messages() const { return logged_.load(); }
  Entry& entry(uint64_t index) { return log_[index % kLogSize]; }

  // Told to senders and receivers: end.
  std::atomic<bool> stop;
  // Channels that were closed or replaced while senders sent.
  std::atomic<uint64_t> ends;

  // Counts a fault; the first one's text is kept.
  void Report(SoakFault fault, absl::string_view text);
  uint64_t faults(SoakFault fault) const { return faults_[static_cast<size_t>(fault)].load(); }
  bool has_faults() const;
  std::string first_fault() const { return first_fault_; }

  // The life of one receiver, from its attachment on.
  class ReceiverLife {
   public:
    explicit ReceiverLife(SoakLedger* ledger);

    // Enters the message that was taken next; reports what is wrong with it. `orphans`: how many
    // records all receivers have stepped over. Returns its index in the log.
    uint64_t Enter(const Lease& lease, uint64_t orphans);

   private:
    uint64_t EnterRepeated(const Lease& lease);
    uint64_t EnterNew(const Lease& lease, uint64_t orphans);
    // A slot's messages are numbered without a gap, but where a dead sender has left an orphan.
    void CheckSequence(const Lease& lease, uint64_t orphans);
    // A first message at log index `index`: all before it must be released, and not it too.
    void CheckStart(uint64_t index);

    SoakLedger* const ledger_;
    bool started_ = false;
    uint64_t next_ = 0;  // where the next message belongs in the log
  };

  // At the end, with nobody left: what was committed and never received.
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
