#include "cli/monitor/history.h"

#include <algorithm>
#include <utility>

namespace ipmpsc::cli {
namespace {

// Returns how much the counter grew. Not below 0, whatever a process wrote.
double Growth(uint64_t before, uint64_t after) {
  return static_cast<double>(after >= before ? after - before : after);
}

const SenderStats* FindSlot(const ChannelStats& stats, uint16_t slot) {
  for (const SenderStats& sender : stats.senders) {
    if (sender.slot == slot) return &sender;
  }
  return nullptr;
}

void Append(std::deque<double>* values, size_t capacity, double value) {
  values->push_back(value);
  if (values->size() > capacity) values->pop_front();
}

}  // namespace

ChannelRates ChannelRatesBetween(const ChannelStats& before, const ChannelStats& after,
                                 absl::Duration interval) {
  ChannelRates rates;
  rates.interval = interval;
  const bool measured = interval > absl::ZeroDuration();
  const double seconds = measured ? absl::ToDoubleSeconds(interval) : 1;
  const auto per_second = [&](uint64_t from, uint64_t to) {
    return measured ? Growth(from, to) / seconds : 0;
  };
  // Another channel took the path: its counters began at 0.
  const bool same = before.id == after.id;
  static const auto* const kNoSender = new SenderStats;
  static const auto* const kNoReceiver = new ReceiverStats;
  for (const SenderStats& sender : after.senders) {
    const SenderStats* const found = same ? FindSlot(before, sender.slot) : nullptr;
    const SenderStats& earlier = found != nullptr ? *found : *kNoSender;
    SenderRates of_sender;
    of_sender.slot = sender.slot;
    of_sender.messages = per_second(earlier.sent_messages, sender.sent_messages);
    of_sender.bytes = per_second(earlier.sent_bytes, sender.sent_bytes);
    of_sender.full_waits = per_second(earlier.full_waits, sender.full_waits);
    of_sender.refused = per_second(earlier.refused, sender.refused);
    if (measured && sender.waited >= earlier.waited) {
      of_sender.waiting =
          std::min(1.0, absl::FDivDuration(sender.waited - earlier.waited, interval));
    }
    rates.sent_messages += of_sender.messages;
    rates.sent_bytes += of_sender.bytes;
    rates.full_waits += of_sender.full_waits;
    rates.refused += of_sender.refused;
    rates.senders.push_back(of_sender);
  }
  if (after.receiver.has_value()) {
    const ReceiverStats& earlier =
        same && before.receiver.has_value() ? *before.receiver : *kNoReceiver;
    const ReceiverStats& receiver = *after.receiver;
    rates.received_messages = per_second(earlier.received_messages, receiver.received_messages);
    rates.received_bytes = per_second(earlier.received_bytes, receiver.received_bytes);
    rates.orphaned_records = per_second(earlier.orphaned_records, receiver.orphaned_records);
  }
  return rates;
}

void History::Add(absl::Time at, ChannelStats stats) {
  const bool same = times_ > 0 && latest_.id == stats.id;
  // A clock that was set back must not give a negative time.
  const absl::Duration interval =
      times_ > 0 ? std::max(absl::ZeroDuration(), at - at_) : absl::ZeroDuration();
  if (times_ > 0) {
    rates_ = ChannelRatesBetween(latest_, stats, interval);
    Append(&received_, capacity_, rates_.received_messages);
  }
  Append(&fill_, capacity_,
         stats.capacity == 0
             ? 0.0
             : static_cast<double>(stats.fill) / static_cast<double>(stats.capacity));

  const bool stays = same && stats.fill > 0 && latest_.fill > 0 &&
                     stats.release_position == latest_.release_position;
  if (!stays) stalled_since_ = at;
  stalled_ = std::max(absl::ZeroDuration(), at - stalled_since_);

  const bool claim_stays = same && stats.oldest_open_claim.has_value() &&
                           latest_.oldest_open_claim.has_value() &&
                           stats.oldest_open_claim->position == latest_.oldest_open_claim->position;
  if (!claim_stays) claim_since_ = at;
  claim_open_ = std::max(absl::ZeroDuration(), at - claim_since_);

  latest_ = std::move(stats);
  at_ = at;
  ++times_;
}

}  // namespace ipmpsc::cli
