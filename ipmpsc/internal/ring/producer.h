// Producer: a sender's half of the protocol. It claims, then commits or discards. It never waits
// for another process, but pauses briefly after a race that it lost.
//
//   intent --CAS won--> claimed --Commit()--> committed
//     |                    `----Commit(kDiscarded)--> discarded
//     `--full, ended, another's turn, or lost too often--> no intent
//
// A death leaves one of these: an intent that claimed nothing; a claimed run whose length is in the
// intent, which the receiver steps over; or a whole record.
#ifndef IPMPSC_INTERNAL_RING_PRODUCER_H_
#define IPMPSC_INTERNAL_RING_PRODUCER_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/base/casts.h"
#include "absl/base/optimization.h"
#include "ipmpsc/internal/ring/cache_lines.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/ring/spin_pause.h"
#include "ipmpsc/internal/ring/tuning.h"

namespace ipmpsc::internal {

enum class ClaimResult {
  kClaimed,
  kFull,       // too little space, or (ClaimWhenEmpty) the ring is not empty
  kTurnTaken,  // the turn bit is set
  kEnded,      // the channel is closed or replaced
  kContended,  // lost to other senders `kMaxLostRaces` times in a row
  kCorrupt,    // the shared positions contradict themselves
};

// How a claim treats the turn bit.
enum class TurnBit {
  kRespect,  // does not claim: `kTurnTaken`
  kKeep,     // claims beside the holder of the turn
  kClear,    // claims as the holder of the turn, and gives it back in the same step
};

class Producer {
 public:
  static constexpr int kMaxLostRaces = 1000;

  // REQUIRES: this sender owns the slot, and its intent is clear.
  Producer(const Ring& ring, uint16_t slot)
      : ring_(ring),
        slot_(&ring.sender_slots[slot]),
        slot_number_(slot),
        prefetch_(ChoosePrefetch(ChooseLinePreparation())),
        // [space] acquire; pairs with [release] release: payloads are read before their bytes are
        // written again.
        release_(ring.control->release_position.load(std::memory_order_acquire)),
        last_end_(release_) {}

  // Returns how many `SpinPause` a sender makes that has lost a race to `word`, and `lost` others
  // before.
  static int PausesAfterLostRace(ClaimWord word, int lost) {
    const int pauses =
        std::min(tuning::kLostRacePauses << std::min(lost, 16), tuning::kMostLostRacePauses);
    // Not all losers of a race come back at the same time: each has seen another position. The top
    // bits of the product depend on all bits of the position, since records may all be of one size.
    constexpr uint64_t kMixer = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
    const int eighths = static_cast<int>(word / kCacheLine * kMixer >> 61);
    return pauses + pauses * eighths / 8;
  }

  // Claims `size` bytes, a `RecordSize`, if the claim word has no special bits, this sender knows
  // of space, and no other sender is faster. False: `Claim` finds out why. REQUIRES: size <=
  // capacity.
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool TryFastClaim(uint64_t size, Position* claimed) {
    // Relaxed: the CAS orders it.
    ClaimWord word = ring_.control->claim_word.load(std::memory_order_relaxed);
    if (ABSL_PREDICT_FALSE(word - release_ > ring_.capacity - size || !IsAligned(word)))
      return false;
    if (ABSL_PREDICT_TRUE(TryClaimAt(&word, word + size, size, claimed))) return true;
    LeaveToOthers(word, 0);
    return false;
  }

  // Claims `size` bytes, a `RecordSize`, and leaves at least `reserved` other bytes free.
  // REQUIRES: size <= capacity.
  ClaimResult Claim(uint64_t size, Position* claimed, TurnBit turn_bit = TurnBit::kRespect,
                    uint64_t reserved = 0) {
    if (reserved > ring_.capacity - size) return ClaimResult::kFull;
    return ClaimWithin(size, ring_.capacity - size - reserved, turn_bit, claimed);
  }

  // The same, but claims only at a moment when all earlier claims have been released.
  ClaimResult ClaimWhenEmpty(uint64_t size, Position* claimed,
                             TurnBit turn_bit = TurnBit::kRespect) {
    return ClaimWithin(size, 0, turn_bit, claimed);
  }

  // Whether `size` bytes could be claimed now, by the receiver's progress. For a sender that waits.
  bool HasSpace(uint64_t size, bool when_empty) {
    // [space] acquire; pairs with [release] release: payloads are read before their bytes are
    // written again.
    release_ = ring_.control->release_position.load(std::memory_order_acquire);
    // Relaxed: a guess; `Claim` decides.
    const Position claim = ClaimPosition(ring_.control->claim_word.load(std::memory_order_relaxed));
    return claim - release_ <= (when_empty ? 0 : ring_.capacity - size);
  }

  // Makes a claimed record visible to the receiver. The payload and the trailer (if the ring has
  // trailers) must be in place. REQUIRES: a claim of at least ring.RecordSizeOf(length) at
  // `position`.
  void Commit(Position position, uint32_t length, RecordKind kind) {
    RecordHeader* header = ring_.HeaderAt(position);
    // Relaxed: published by the stamp.
    header->description.store(
        absl::bit_cast<uint64_t>(RecordDescription{length, slot_number_, kind, 0}),
        std::memory_order_relaxed);
    // [commit] release; pairs with [take] acquire: payload and header before stamp.
    header->stamp.store(ring_.StampOf(position), std::memory_order_release);
  }

  // Diagnostics only. Call it after the commit, so that it does not delay the receiver.
  void CountSent(uint64_t records, uint64_t payload_bytes) {
    AddToOwnCounter(&slot_->sent_records, records);
    AddToOwnCounter(&slot_->sent_bytes, payload_bytes);
  }

  // Returns the end of this sender's last claim. Before its first one, a position that is released.
  Position last_end() const { return last_end_; }

  // Withdraws an intent that claimed nothing, so that the receiver does not wait for it.
  void ClearIntent() {
    // [intent] release; pairs with [scan] acquire: the stamp of the previous record before the next
    // intent.
    slot_->intent_position.store(kNoIntent, std::memory_order_release);
  }

 private:
  // The lines that a sender prefetches, in bytes: those of records up to `longest_record`, at most
  // `most_ahead` ahead of a claim.
  struct Prefetch {
    uint64_t longest_record;
    uint64_t most_ahead;
  };

  static Prefetch ChoosePrefetch(LinePreparation preparation) {
    if (!preparation.sender_prefetches) return {0, 0};
    // Where the receiver flushes lines, a line that it has not flushed is in this processor's cache
    // too, and a prefetch would only take time.
    if (preparation.receiver_flushes)
      return {tuning::kFlushLongestRecord, tuning::kPrefetchLeastAhead};
    return {tuning::kPrefetchLongestRecord, tuning::kPrefetchMostAhead};
  }

  // Notes the intent, then claims by replacing `*word` with `next`. False: another participant has
  // changed the word, and `*word` has its new value.
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool TryClaimAt(ClaimWord* word, ClaimWord next, uint64_t size,
                                               Position* claimed) {
    const Position position = ClaimPosition(*word);
    // Relaxed: published by the intent's position.
    slot_->intent_size.store(size, std::memory_order_relaxed);
    // [intent] release; pairs with [scan] acquire: size before position, and the stamp of the
    // previous record before this intent.
    slot_->intent_position.store(position, std::memory_order_release);
    // [claim] release; pairs with [claimed] acquire: intent before claim. Failure is relaxed: the
    // new value guards nothing that was read.
    if (ABSL_PREDICT_FALSE(!ring_.control->claim_word.compare_exchange_strong(
            *word, next, std::memory_order_release, std::memory_order_relaxed)))
      return false;
    // [reused] release; pairs with [overtaken] acquire: the claim before the bytes that
    // are written into it, for readers that hold no lock.
    std::atomic_thread_fence(std::memory_order_release);
    *claimed = position;
    const bool alone = position == last_end_;
    last_end_ = position + size;
    // Prepares the lines that this sender will write a few records ahead (cache_lines.h). Each line
    // is prefetched once, and not if other senders write them.
    if (ABSL_PREDICT_TRUE(alone && size <= prefetch_.longest_record)) {
      const uint64_t ahead =
          size <= kCacheLine ? tuning::kPrefetchLeastAhead
                             : std::min(tuning::kPrefetchRecordsAhead * size, prefetch_.most_ahead);
      const Position end = last_end_ + ahead;
      for (Position line = end - size; line != end; line += kCacheLine)
        PrefetchForWrite(ring_.At(line));
    }
    return true;
  }

  // Claims `size` bytes if at most `most_used` are in use. Leaves no intent if it does not claim.
  ABSL_ATTRIBUTE_NOINLINE ClaimResult ClaimWithin(uint64_t size, uint64_t most_used,
                                                  TurnBit turn_bit, Position* claimed) {
    ClaimResult result = ClaimResult::kContended;
    // Relaxed: the CAS orders it.
    ClaimWord word = ring_.control->claim_word.load(std::memory_order_relaxed);
    for (int lost = 0; lost < kMaxLostRaces; ++lost) {
      result = CheckWord(word, turn_bit);
      if (result == ClaimResult::kClaimed && ClaimPosition(word) - release_ > most_used) {
        result = FindSpace(most_used, &word);
        // FindSpace has read the word again.
        if (result == ClaimResult::kClaimed) result = CheckWord(word, turn_bit);
      }
      if (ABSL_PREDICT_FALSE(result != ClaimResult::kClaimed)) break;
      const ClaimWord next = (turn_bit == TurnBit::kClear ? word & ~kClaimTurn : word) + size;
      if (ABSL_PREDICT_TRUE(TryClaimAt(&word, next, size, claimed))) return ClaimResult::kClaimed;
      result = ClaimResult::kContended;
      word = LeaveToOthers(word, lost);
    }
    ClearIntent();
    return result;
  }

  // Counts a lost race and pauses. The sender has lost `lost` others before, and `word` is the word
  // that it lost to. Returns the word as it is after the pause.
  ABSL_ATTRIBUTE_NOINLINE ClaimWord LeaveToOthers(ClaimWord word, int lost) const {
    AddToOwnCounter(&slot_->lost_races, 1);
    const int pauses = PausesAfterLostRace(word, lost);
    for (int i = 0; i < pauses; ++i) SpinPause();
    // Relaxed: the CAS orders it.
    return ring_.control->claim_word.load(std::memory_order_relaxed);
  }

  // kClaimed: the word does not prevent this sender from claiming.
  static ClaimResult CheckWord(ClaimWord word, TurnBit turn_bit) {
    if (ABSL_PREDICT_TRUE(IsAligned(word))) return ClaimResult::kClaimed;
    if (!IsValidClaimWord(word)) return ClaimResult::kCorrupt;
    if (HasEnded(word)) return ClaimResult::kEnded;
    return HasTurnBit(word) && turn_bit == TurnBit::kRespect ? ClaimResult::kTurnTaken
                                                             : ClaimResult::kClaimed;
  }

  // Reads both positions again. kClaimed: there is space at `*word`.
  ABSL_ATTRIBUTE_NOINLINE ClaimResult FindSpace(uint64_t most_used, ClaimWord* word) {
    Position release_before = release_;
    for (int look = 0; look < kMaxLostRaces; ++look) {
      // [claimed] acquire; pairs with [claim] release: a sender that claimed up to here had seen
      // the release that made room for it, so the next load sees it, too.
      *word = ring_.control->claim_word.load(std::memory_order_acquire);
      const Position claim = ClaimPosition(*word);
      if (look > 0 && IsBefore(claim, release_before)) return ClaimResult::kCorrupt;
      // [space] acquire; pairs with [release] release: payloads are read before their bytes are
      // written again.
      release_ = ring_.control->release_position.load(std::memory_order_acquire);
      if (!IsBefore(claim, release_)) {
        const uint64_t used = claim - release_;
        if (used > ring_.capacity) return ClaimResult::kCorrupt;
        RaiseOwnMark(&slot_->high_water, used);
        return used > most_used ? ClaimResult::kFull : ClaimResult::kClaimed;
      }
      // The release position is beyond the claim. That is valid only if others have claimed between
      // the two loads.
      release_before = release_;
    }
    return ClaimResult::kContended;
  }

  const Ring ring_;
  SenderSlot* const slot_;
  const uint16_t slot_number_;
  const Prefetch prefetch_;
  Position release_;   // as last seen
  Position last_end_;  // of this sender's last claim
};

}  // namespace ipmpsc::internal

#endif  // IPMPSC_INTERNAL_RING_PRODUCER_H_
