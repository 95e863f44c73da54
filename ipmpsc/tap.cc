#include "ipmpsc/tap.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/endpoint/errors.h"
#include "ipmpsc/internal/endpoint/participant.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/os/participant_lock.h"
#include "ipmpsc/internal/os/sleep.h"
#include "ipmpsc/internal/ring/observer.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc {
namespace internal {
namespace {

// Nanoseconds. How long a record may be unfinished before the tap asks whether its sender lives,
// and how often it asks. The receiver asks too, so there is no hurry.
constexpr int64_t kScanInterval = 10'000'000;
// After which a scan ends without a verdict, as in the receiver.
constexpr int64_t kScanBudget = 4'000'000;
// How many scans in a row may find claimed bytes without an owner, as in the receiver.
constexpr int kMostUnownedLooks = 3;
// How many holes one call steps over. A hostile peer may make them without end.
constexpr int kMostHoles = 256;

// The pauses between looks.
constexpr int64_t kShortestPause = 50'000;
constexpr int64_t kLongestPause = 2'000'000;

Observer::Start StartOf(TapStart start) {
  switch (start) {
    case TapStart::kOldestUnreleased:
      return Observer::Start::kRelease;
    case TapStart::kOldestKept:
      return Observer::Start::kKept;
    case TapStart::kNow:
      break;
  }
  return Observer::Start::kClaim;
}

}  // namespace

class TapCore {
 public:
  TapCore(const Channel& channel, const TapOptions& options)
      : channel_(channel),
        segment_(*ChannelAccess::SegmentOf(channel)),
        ring_(segment_.ring()),
        starts_now_(options.start == TapStart::kNow),
        last_(ring_.trailer_size != 0 ? ring_.sender_slot_count : 0) {
    // Before the first position is read: later messages have greater numbers.
    for (size_t slot = 0; slot < last_.size(); ++slot) {
      // Relaxed: diagnostics only.
      last_[slot].sequence = ring_.sender_slots[slot].sequence.load(std::memory_order_relaxed);
    }
    observer_.emplace(ring_, StartOf(options.start));
  }

  absl::Status TryNext(TapMessage* message) {
    ObservedRecord record;
    for (int i = 0; i < kMostHoles; ++i) {
      switch (observer_->Next(&record, &message->payload)) {
        case Observation::kMessage:
          Fill(record, message);
          return absl::OkStatus();
        case Observation::kNothing:
          return None();
        case Observation::kEnded:
          return EndedForReceiver(segment_, observer_->end());
        case Observation::kCorrupt:
          return Corrupt();
        case Observation::kHole:
          break;
        case Observation::kMore:
          return None();
        case Observation::kUnfinished: {
          const absl::Status status = ResolveUnfinished();
          if (!status.ok()) return status;
          break;
        }
      }
    }
    return None();
  }

  absl::Status Next(Deadline deadline, TapMessage* message) {
    const MonotonicNanos begin = MonotonicNow();
    int64_t pause = kShortestPause;
    for (;;) {
      const Position before = observer_->cursor();
      absl::Status status = TryNext(message);
      if (!absl::IsUnavailable(status)) return status;
      if (deadline.Passed()) return NothingCame(segment_, MonotonicNow() - begin, status.message());
      // Moved: it searches, and has more to look at.
      if (observer_->cursor() != before) continue;
      SleepUntil(std::min(MonotonicNow() + pause, deadline.nanoseconds()));
      pause = std::min(2 * pause, kLongestPause);
    }
  }

  TapLoss loss() const {
    const ObserverGaps& gaps = observer_->gaps();
    TapLoss loss;
    loss.bytes = gaps.lost_bytes;
    loss.overtakings = gaps.overtakings;
    loss.holes = gaps.holes;
    loss.hole_bytes = gaps.hole_bytes;
    if (loss.bytes == 0) return loss;
    loss.messages_are_exact = !last_.empty() && !inexact_ && EachSenderIsHeard();
    loss.messages = last_.empty() ? EstimateMessages(loss.bytes) : lost_messages_;
    return loss;
  }

  uint64_t position() const { return observer_->cursor(); }
  const Channel& channel() const { return channel_; }

 private:
  struct LastOfSlot {
    uint64_t sequence = 0;
    uint64_t overtakings = 0;  // of the tap, when that message was read
    bool seen = false;
  };

  static absl::Status None(absl::string_view text = "") {
    return absl::Status(absl::StatusCode::kUnavailable, text);
  }

  void Fill(const ObservedRecord& record, TapMessage* message) {
    message->position = record.position;
    message->sender = record.sender;
    message->sent_at_nanoseconds = record.trailer.committed;
    message->sequence = record.trailer.sequence;
    const ObserverGaps& gaps = observer_->gaps();
    message->lost_before = gaps.lost_bytes - lost_bytes_;
    lost_bytes_ = gaps.lost_bytes;
    unowned_looks_ = 0;
    ++messages_;
    record_bytes_ += ring_.RecordSizeOf(message->payload.size());
    if (!last_.empty()) CountLostMessages(record);
  }

  // Compares the number of a message with the one before from the same slot. Numbers that are
  // missing without a loss in between were taken by senders that died.
  void CountLostMessages(const ObservedRecord& record) {
    const ObserverGaps& gaps = observer_->gaps();
    LastOfSlot& last = last_[record.sender];  // checked by the observer
    const uint64_t sequence = record.trailer.sequence;
    if (last.overtakings != gaps.overtakings) {
      const uint64_t missing = sequence - last.sequence - 1;
      // The tap began with older messages than those whose numbers it knows. Or a peer wrote
      // numbers that cannot be.
      const bool unknown = !last.seen && !starts_now_;
      if (unknown || sequence <= last.sequence || missing > gaps.lost_bytes / kRecordAlignment) {
        inexact_ = true;
      } else {
        lost_messages_ += missing;
      }
    }
    last = {sequence, gaps.overtakings, true};
  }

  // Whether the tap has read a message of each sender since the last loss, or the sender has sent
  // none since the one that the tap read last.
  bool EachSenderIsHeard() const {
    for (size_t slot = 0; slot < last_.size(); ++slot) {
      // Relaxed: diagnostics only.
      const uint64_t sent = ring_.sender_slots[slot].sequence.load(std::memory_order_relaxed);
      const LastOfSlot& last = last_[slot];
      if (last.overtakings != observer_->gaps().overtakings && last.sequence != sent) return false;
    }
    return true;
  }

  // In a channel without numbers.
  uint64_t EstimateMessages(uint64_t bytes) const {
    uint64_t messages = messages_;
    uint64_t record_bytes = record_bytes_;
    if (messages == 0) {
      for (uint32_t slot = 0; slot < ring_.sender_slot_count; ++slot) {
        // Relaxed, both: diagnostics only.
        const uint64_t sent = ring_.sender_slots[slot].sent_records.load(std::memory_order_relaxed);
        messages += sent;
        record_bytes += ring_.sender_slots[slot].sent_bytes.load(std::memory_order_relaxed) +
                        sent * kRecordAlignment;
      }
    }
    const double mean =
        messages == 0 ? 0 : static_cast<double>(record_bytes) / static_cast<double>(messages);
    return static_cast<uint64_t>(static_cast<double>(bytes) /
                                 std::max(mean, static_cast<double>(kRecordAlignment)));
  }

  // Returns OK if the record at the cursor is not unfinished any more.
  absl::Status ResolveUnfinished() {
    const MonotonicNanos now = MonotonicNow();
    if (unfinished_ != observer_->cursor() || next_scan_ == 0) {
      unfinished_ = observer_->cursor();
      next_scan_ = now + kScanInterval;
      writer_.clear();
      unowned_looks_ = 0;
    }
    if (now < next_scan_) return None(writer_);
    next_scan_ = now + kScanInterval;
    int questions = 0;
    const Scan scan = observer_->StepOverOrphan([&](uint16_t slot) {
      if (questions++ > 0 && MonotonicNow() >= now + kScanBudget) return OwnerState::kUnknown;
      const absl::StatusOr<bool> held = segment_.IsAnyHeld(ParticipantLock::OfSender(slot), 1);
      if (!held.ok()) return OwnerState::kUnknown;
      return *held ? OwnerState::kAlive : OwnerState::kDead;
    });
    switch (scan.result) {
      case ScanResult::kOrphaned:
      case ScanResult::kCommitted:
        next_scan_ = 0;
        return absl::OkStatus();
      case ScanResult::kOwnerAlive:
        writer_ = absl::StrCat(DescribeOwner(ring_.sender_slots[scan.slot], scan.slot),
                               " is writing the next message");
        break;
      case ScanResult::kUnowned:
        if (++unowned_looks_ >= kMostUnownedLooks) return Corrupt();
        break;
      case ScanResult::kUnclaimed:
      case ScanResult::kUndecided:
        break;
    }
    return None(writer_);
  }

  absl::Status Corrupt() const {
    if (ObservePositions(ring_).damaged) return CorruptPositions(segment_);
    return ChannelError(absl::StatusCode::kDataLoss, segment_,
                        absl::StrCat("the channel is damaged at position ", observer_->cursor(),
                                     ": a record or a claim there contradicts the positions; "
                                     "replace the channel"));
  }

  const Channel channel_;
  const Segment& segment_;
  const Ring ring_;
  const bool starts_now_;
  std::optional<Observer> observer_;
  uint64_t lost_bytes_ = 0;  // up to the last message
  uint64_t messages_ = 0;
  uint64_t record_bytes_ = 0;     // of these messages
  std::vector<LastOfSlot> last_;  // empty in channels without timestamps
  uint64_t lost_messages_ = 0;
  bool inexact_ = false;
  Position unfinished_ = 0;
  MonotonicNanos next_scan_ = 0;  // 0: `unfinished_` is not set
  std::string writer_;
  int unowned_looks_ = 0;
};

}  // namespace internal

absl::Time TapMessage::sent_at() const {
  return sequence == 0 ? absl::InfinitePast() : absl::FromUnixNanos(sent_at_nanoseconds);
}

absl::StatusOr<Tap> Tap::Open(absl::string_view path, const TapOptions& options) {
  const absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
  if (!channel.ok()) return channel.status();
  return Over(*channel, options);
}

Tap Tap::Over(const Channel& channel, const TapOptions& options) {
  return Tap(std::make_unique<internal::TapCore>(channel, options));
}

Tap::Tap(std::unique_ptr<internal::TapCore> core) : core_(std::move(core)) {}
Tap::Tap(Tap&& other) noexcept = default;
Tap& Tap::operator=(Tap&& other) noexcept = default;
Tap::~Tap() = default;

absl::Status Tap::TryNext(TapMessage* message) { return core_->TryNext(message); }

absl::Status Tap::Next(Deadline deadline, TapMessage* message) {
  return core_->Next(deadline, message);
}

absl::StatusOr<TapMessage> Tap::TryNext() {
  TapMessage message;
  absl::Status status = TryNext(&message);
  if (!status.ok()) return status;
  return message;
}

absl::StatusOr<TapMessage> Tap::Next(Deadline deadline) {
  TapMessage message;
  absl::Status status = Next(deadline, &message);
  if (!status.ok()) return status;
  return message;
}

TapLoss Tap::loss() const { return core_->loss(); }
uint64_t Tap::position() const { return core_->position(); }
const Channel& Tap::channel() const { return core_->channel(); }

}  // namespace ipmpsc
