#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/engine.h"
#include "bridge/source.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::bridge {
namespace {

constexpr absl::Duration kNamesInterval = absl::Milliseconds(100);

}  // namespace

absl::StatusOr<ChannelSource> ChannelSource::Attach(const Channel& channel,
                                                    const std::string& name) {
  ReceiverOptions options;
  options.name = name;
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel, options);
  if (!receiver.ok()) return receiver.status();
  return ChannelSource(*std::move(receiver), channel.Stats().release_position != 0);
}

ChannelSource::ChannelSource(Receiver receiver, bool released_before)
    : receiver_(std::move(receiver)), released_before_(released_before) {}

ChannelSource::~ChannelSource() {
  if (held_.empty()) return;
  // Reachable for ever, so LeakSanitizer does not take them for lost.
  static auto* const kept = new std::vector<std::deque<Lease>>();
  kept->push_back(std::move(held_));
}

absl::StatusOr<Message> ChannelSource::Next(absl::Duration wait) {
  absl::StatusOr<Lease> lease = receiver_.Receive(wait);
  if (!lease.ok()) return lease.status();
  Message message;
  message.payload = lease->payload();
  message.position = lease->position();
  message.sender = SenderName(lease->sender());
  message.sequence = lease->sequence();
  if (message.sequence != 0) message.sent_nanoseconds = absl::ToUnixNanos(lease->sent_at());
  held_.push_back(*std::move(lease));
  return message;
}

void ChannelSource::ReleaseOldest() {
  std::move(held_.front()).Release();
  held_.pop_front();
}

const std::string& ChannelSource::SenderName(uint16_t slot) {
  const absl::Time now = absl::Now();
  if (slot >= names_.size() || now - names_read_ > kNamesInterval || now < names_read_) {
    names_read_ = now;
    for (const SenderStats& sender : receiver_.channel().Stats().senders) {
      if (sender.slot >= names_.size()) names_.resize(sender.slot + 1);
      names_[sender.slot] = sender.name;
    }
    if (slot >= names_.size()) names_.resize(slot + 1);
  }
  return names_[slot];
}

}  // namespace ipmpsc::bridge
