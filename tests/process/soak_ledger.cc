#include "tests/process/soak_ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace ipmpsc::testing {

SoakLedger* SoakLedger::Create() {
  // Zeros are the initial state. Untouched pages take no memory.
  void* const memory = mmap(nullptr, sizeof(SoakLedger), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    perror("soak: mmap");
    exit(1);
  }
  return static_cast<SoakLedger*>(memory);
}

void SoakLedger::Report(SoakFault fault, absl::string_view text) {
  faults_[static_cast<size_t>(fault)].fetch_add(1);
  if (has_first_fault_.exchange(true)) return;
  const size_t size = std::min(text.size(), sizeof(first_fault_) - 1);
  std::memcpy(first_fault_, text.data(), size);
}

bool SoakLedger::has_faults() const {
  return std::any_of(std::begin(faults_), std::end(faults_),
                     [](const std::atomic<uint64_t>& count) { return count.load() != 0; });
}

SoakLedger::ReceiverLife::ReceiverLife(SoakLedger* ledger) : ledger_(ledger) {
  // The last receiver may have died between the log entry and the update that follows.
  const uint64_t logged = ledger_->logged_.load();
  if (logged != 0) ledger_->Commit(ledger_->entry(logged - 1));
}

void SoakLedger::Commit(const Entry& entry) {
  stream(entry.identity.stream).received.store(entry.identity.number + 1);
  stream_of_slot_[entry.slot % kSlots].store(entry.identity.stream);
  sequence_of_slot_[entry.slot % kSlots].store(entry.sequence);
  orphans_of_slot_[entry.slot % kSlots].store(entry.orphans);
}

uint64_t SoakLedger::ReceiverLife::Enter(const Lease& lease, uint64_t orphans) {
  const uint64_t logged = ledger_->logged_.load();
  const bool repeated = logged != 0 && lease.position() <= ledger_->entry(logged - 1).position;
  const uint64_t index = repeated ? EnterRepeated(lease) : EnterNew(lease, orphans);
  started_ = true;
  next_ = index + 1;
  return index;
}

void SoakLedger::ReceiverLife::CheckStart(uint64_t index) {
  const uint64_t oldest = index - std::min<uint64_t>(index, kLogSize / 2);
  bool all_released = true;
  for (uint64_t before = oldest; before < index; ++before) {
    const Entry& entry = ledger_->entry(before);
    all_released &= entry.released.load();
    if (entry.release_began.load()) continue;
    ledger_->Report(SoakFault::kLost,
                    absl::StrCat("a new receiver begins with message ", index, ", and message ",
                                 before, " was never released"));
  }
  if (index < ledger_->logged_.load() && all_released && ledger_->entry(index).released.load()) {
    ledger_->Report(SoakFault::kOther, absl::StrCat("message ", index, " was released before"));
  }
}

uint64_t SoakLedger::ReceiverLife::EnterRepeated(const Lease& lease) {
  uint64_t index = ledger_->logged_.load();
  const uint64_t oldest = index - std::min<uint64_t>(index, kLogSize / 2);
  while (index > oldest && ledger_->entry(index - 1).position >= lease.position()) --index;
  const Entry& entry = ledger_->entry(index);
  if (entry.position != lease.position() || entry.size != lease.payload().size() ||
      entry.slot != lease.sender() || entry.sequence != lease.sequence()) {
    ledger_->Report(SoakFault::kTorn, absl::StrCat("the message at position ", lease.position(),
                                                   " is another one when it is repeated"));
    return index;
  }
  const std::string wrong = CheckMessage(entry.identity, lease.payload());
  if (!wrong.empty()) ledger_->Report(SoakFault::kTorn, absl::StrCat("repeated, ", wrong));
  if (!started_) {
    CheckStart(index);
  } else if (index != next_) {
    ledger_->Report(index > next_ ? SoakFault::kLost : SoakFault::kOther,
                    absl::StrCat("message ", index, " is repeated where ", next_, " must be"));
  }
  return index;
}

void SoakLedger::ReceiverLife::CheckSequence(const Lease& lease, uint64_t orphans) {
  const size_t slot = lease.sender() % kSlots;
  const uint64_t last = ledger_->sequence_of_slot_[slot].load();
  if (lease.sequence() <= last) {
    ledger_->Report(SoakFault::kOther, absl::StrCat("slot ", slot, " has message number ",
                                                    lease.sequence(), " behind number ", last));
  } else if (lease.sequence() != last + 1 && orphans == ledger_->orphans_of_slot_[slot].load()) {
    ledger_->Report(SoakFault::kLost,
                    absl::StrCat("slot ", slot, " has message number ", lease.sequence(),
                                 " behind ", last, ", and no orphan between"));
  }
  if (lease.sent_at() == absl::InfinitePast()) ledger_->Report(SoakFault::kOther, "no time");
}

uint64_t SoakLedger::ReceiverLife::EnterNew(const Lease& lease, uint64_t orphans) {
  const uint64_t index = ledger_->logged_.load();
  if (!started_) {
    CheckStart(index);
  } else if (index != next_) {
    ledger_->Report(SoakFault::kLost, absl::StrCat("messages ", next_, " to ", index - 1,
                                                   " are not repeated to a new receiver"));
  }
  const absl::string_view payload = lease.payload();
  MessageIdentity identity;
  identity.stream = payload.size() >= kIdentitySize
                        ? IdentityOf(payload).stream
                        : ledger_->stream_of_slot_[lease.sender() % kSlots].load();
  const Stream& stream = ledger_->stream(identity.stream);
  identity.number =
      payload.size() >= kIdentitySize ? IdentityOf(payload).number : stream.received.load();
  const std::string wrong = CheckMessage(identity, payload);
  if (!wrong.empty()) {
    ledger_->Report(SoakFault::kTorn, wrong);
  } else if (identity.number != stream.received.load()) {
    ledger_->Report(identity.number > stream.received.load() ? SoakFault::kLost : SoakFault::kOther,
                    absl::StrCat("message ", identity.number, " of stream ", identity.stream,
                                 " comes where ", stream.received.load(), " must"));
  } else if (identity.number >= stream.attempted.load()) {
    ledger_->Report(SoakFault::kOther, absl::StrCat("message ", identity.number, " of stream ",
                                                    identity.stream, " was never sent"));
  }
  CheckSequence(lease, orphans);
  Entry& entry = ledger_->entry(index);
  entry.sequence = lease.sequence();
  entry.orphans = orphans;
  entry.position = lease.position();
  entry.identity = identity;
  entry.size = payload.size();
  entry.slot = lease.sender();
  entry.release_began.store(false);
  entry.released.store(false);
  ledger_->logged_.store(index + 1);
  ledger_->Commit(entry);
  return index;
}

void SoakLedger::CheckStreams(uint64_t streams) {
  for (uint64_t number = 0; number < streams; ++number) {
    const Stream& stream = this->stream(number);
    for (uint64_t lost = stream.received.load(); lost < stream.committed.load(); ++lost) {
      Report(SoakFault::kLost, absl::StrCat("message ", lost, " of stream ", number,
                                            " was committed and never received"));
    }
  }
}

}  // namespace ipmpsc::testing
