#include "ipmpsc/post_mortem.h"

#include <atomic>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/endpoint/errors.h"
#include "ipmpsc/internal/ring/observed_positions.h"
#include "ipmpsc/internal/ring/observer.h"
#include "ipmpsc/internal/ring/orphan_scan.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/internal/segment/segment_copy.h"

namespace ipmpsc {

using internal::Observation;
using internal::OwnerState;
using internal::Position;
using internal::Ring;
using internal::ScanResult;

struct PostMortem::Core {
  explicit Core(std::shared_ptr<internal::Segment> copy)
      : channel(internal::ChannelAccess::Over(std::move(copy))),
        ring(internal::ChannelAccess::SegmentOf(channel)->ring()),
        released(internal::ObservePositions(ring).released),
        observer(ring, internal::Observer::Start::kAll) {}

  bool IsReleased(Position position) const { return internal::IsBefore(position, released); }

  // Returns the slot whose owner claimed `size` bytes at `position`.
  std::optional<uint16_t> ClaimerOf(Position position, uint64_t size) const {
    for (uint32_t slot = 0; slot < ring.sender_slot_count; ++slot) {
      // Relaxed, both: nobody writes the copy.
      if (ring.sender_slots[slot].intent_position.load(std::memory_order_relaxed) == position &&
          ring.sender_slots[slot].intent_size.load(std::memory_order_relaxed) == size) {
        return static_cast<uint16_t>(slot);
      }
    }
    return std::nullopt;
  }

  // Steps over the claim at the cursor. Returns whether that was possible.
  bool StepOver() {
    const Position position = observer.cursor();
    const internal::Scan scan = observer.StepOverOrphan([](uint16_t) { return OwnerState::kDead; });
    if (scan.result != ScanResult::kOrphaned) return false;
    const uint64_t size = scan.end - position;
    orphans.push_back({position, size, ClaimerOf(position, size), false});
    return true;
  }

  const Channel channel;
  const Ring ring;
  const Position released;
  internal::Observer observer;
  std::vector<Orphan> orphans;
};

absl::StatusOr<PostMortem> PostMortem::Open(absl::string_view path) {
  absl::StatusOr<std::shared_ptr<internal::Segment>> copy = internal::CopySegment(path);
  if (!copy.ok()) return copy.status();
  return PostMortem(std::make_unique<Core>(*std::move(copy)));
}

PostMortem::PostMortem(std::unique_ptr<Core> core) : core_(std::move(core)) {}
PostMortem::PostMortem(PostMortem&& other) noexcept = default;
PostMortem& PostMortem::operator=(PostMortem&& other) noexcept = default;
PostMortem::~PostMortem() = default;

absl::StatusOr<PostMortemMessage> PostMortem::Next() {
  const internal::Segment& segment = *internal::ChannelAccess::SegmentOf(core_->channel);
  PostMortemMessage message;
  internal::ObservedRecord record;
  for (;;) {
    const Observation observation = core_->observer.Next(&record, &message.payload);
    switch (observation) {
      case Observation::kMessage:
        message.position = record.position;
        message.sender = record.sender;
        message.sent_at_nanoseconds = record.trailer.committed;
        message.sequence = record.trailer.sequence;
        message.released = core_->IsReleased(record.position);
        return message;
      case Observation::kNothing:
      case Observation::kEnded:
        return internal::ChannelError(absl::StatusCode::kOutOfRange, segment,
                                      "all messages in it have been read");
      case Observation::kHole: {
        const Position hole = core_->observer.last_hole();
        core_->orphans.push_back({hole, core_->observer.cursor() - hole, std::nullopt, true});
        break;
      }
      case Observation::kMore:
        break;
      case Observation::kUnfinished:
        if (core_->StepOver()) break;
        ABSL_FALLTHROUGH_INTENDED;
      case Observation::kCorrupt:
        return internal::ChannelError(
            absl::StatusCode::kDataLoss, segment,
            absl::StrCat("the channel is damaged at position ", core_->observer.cursor(),
                         ": a record or a claim there contradicts the positions"));
    }
  }
}

const std::vector<Orphan>& PostMortem::orphans() const { return core_->orphans; }
ChannelStats PostMortem::stats() const {
  ChannelStats stats = core_->channel.Stats();
  // `Open` has made sure that all are dead. `Stats` asks again, but only for a short time, so it
  // may not know.
  for (SenderStats& sender : stats.senders) sender.liveness = Liveness::kDead;
  if (stats.receiver.has_value()) stats.receiver->liveness = Liveness::kDead;
  return stats;
}
const Channel& PostMortem::channel() const { return core_->channel; }

}  // namespace ipmpsc
