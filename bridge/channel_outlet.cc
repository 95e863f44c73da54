#include "bridge/channel_outlet.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/feed.h"
#include "bridge/place.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "ipmpsc/tap.h"

namespace ipmpsc::bridge {
namespace {

// Whether position `a` is before `b`. Positions may wrap.
bool IsBefore(uint64_t a, uint64_t b) { return static_cast<int64_t>(a - b) < 0; }

const SenderStats* FindSlot(const ChannelStats& stats, uint16_t slot) {
  for (const SenderStats& sender : stats.senders) {
    if (sender.slot == slot) return &sender;
  }
  return nullptr;
}

}  // namespace

absl::Status ChannelOutlet::Attach() {
  if (sender_.has_value()) return absl::OkStatus();
  SenderOptions options;
  options.name = name_;
  // A channel that nobody can open any more would swallow the stream.
  options.require_path = true;
  absl::StatusOr<Sender> sender = Sender::Attach(channel_, options);
  if (!sender.ok()) {
    return absl::IsResourceExhausted(sender.status())
               ? absl::UnavailableError(sender.status().message())
               : sender.status();
  }
  sender_ = *std::move(sender);
  const ChannelStats stats = channel_.Stats();
  has_numbers_ = stats.timestamps;
  if (const SenderStats* const own = FindSlot(stats, sender_->slot()); own != nullptr) {
    owner_ = own->owners;
    last_number_ = own->last_sequence;
  }
  return absl::OkStatus();
}

absl::Status ChannelOutlet::Prepare(uint64_t sequence, Place* place) {
  const absl::Status attached = Attach();
  if (!attached.ok()) return attached;
  sequence_ = sequence;
  next_number_ = 0;
  if (has_numbers_) {
    next_number_ = last_number_ + 1;
    if (sequence != next_number_ && sender_->SetNextSequence(sequence).ok()) {
      next_number_ = sequence;
      last_number_ = sequence - 1;
    }
  }
  place->channel_id = id_;
  place->slot = sender_->slot();
  place->owner = owner_;
  place->number = next_number_;
  // Both are positions that no later message can lie before, and cost no system call.
  const uint64_t sent = sender_->sent_position();
  const uint64_t released = channel_.released_position();
  place->position = IsBefore(sent, released) ? released : sent;
  return absl::OkStatus();
}

absl::Status ChannelOutlet::Send(absl::string_view payload, absl::Duration wait) {
  const absl::Status sent = sender_->Send(payload, wait);
  if (sent.ok() && has_numbers_) {
    last_number_ = next_number_;
    if (next_number_ != sequence_) ++renumbered_;
  }
  if (absl::IsFailedPrecondition(sent) && channel_.state() == ChannelState::kClosed) {
    return absl::OutOfRangeError(sent.message());
  }
  return sent;
}

absl::StatusOr<Found> ChannelOutlet::Find(const Place& place, absl::string_view payload,
                                          absl::Duration wait) {
  if (place.channel_id != id_) return Found::kUnknown;  // it went down with the old channel, or not
  const Deadline deadline = wait;
  ChannelStats stats = channel_.Stats();
  if (stats.damaged) return absl::DataLossError("the channel's positions contradict each other");
  const SenderStats* const slot = FindSlot(stats, place.slot);
  const bool same_owner = slot != nullptr && slot->owners == place.owner;
  if (same_owner) {
    // The sender takes the number before the commit.
    if (place.number != 0 && slot->last_sequence < place.number) return Found::kNotSent;
    // A claim that is not committed is the last one. The bridge that made it is dead, since this
    // one has the lock of the place.
    if (slot->open_claim.has_value()) return Found::kNotSent;
  }
  TapOptions options;
  options.start = TapStart::kOldestKept;
  Tap tap = Tap::Over(channel_, options);
  TapMessage message;
  while (IsBefore(tap.position(), stats.claim_position)) {
    const uint64_t before = tap.position();
    const absl::Status read = tap.TryNext(&message);
    if (read.ok()) {
      if (message.sender == place.slot && !IsBefore(message.position, place.position) &&
          message.sequence == place.number && message.payload == payload) {
        // Without numbers the next owner of the slot may have sent the same bytes.
        return place.number != 0 || same_owner ? Found::kSent : Found::kUnknown;
      }
    } else if (absl::IsUnavailable(read)) {
      if (tap.position() != before) continue;
      if (deadline.Passed()) {
        return absl::DeadlineExceededError(absl::StrCat(
            "whether message ", place.begun,
            " was sent before a bridge died is told by the channel, and another sender has not "
            "committed its message there yet: ",
            read.message()));
      }
      absl::SleepFor(absl::Milliseconds(1));
    } else if (absl::IsOutOfRange(read) || absl::IsAborted(read)) {
      break;
    } else {
      return read;
    }
  }
  // It is not there. That proves something only if its place cannot have been overwritten since.
  stats = channel_.Stats();
  const bool complete = tap.loss().overtakings == 0 &&
                        stats.claim_position - place.position <= stats.capacity / 4 * 3;
  return complete ? Found::kNotSent : Found::kUnknown;
}

}  // namespace ipmpsc::bridge
