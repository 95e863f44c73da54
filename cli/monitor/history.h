// ChannelRates: what happened in a channel between two snapshots, for each second.
#ifndef IPMPSC_CLI_MONITOR_HISTORY_H_
#define IPMPSC_CLI_MONITOR_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/time/time.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {

struct SenderRates {
  uint16_t slot = 0;
  double messages = 0;  // a second
  double bytes = 0;     // of payload, a second
  double full_waits = 0;
  double refused = 0;
  // The share of the time that it waited for space, 0 to 1.
  double waiting = 0;
};

struct ChannelRates {
  absl::Duration interval = absl::ZeroDuration();
  double sent_messages = 0;      // a second, of all senders
  double sent_bytes = 0;         // of payload, a second
  double received_messages = 0;  // a second
  double received_bytes = 0;
  double full_waits = 0;
  double refused = 0;
  double orphaned_records = 0;
  // One for each sender of the later snapshot, in the same order.
  std::vector<SenderRates> senders;
};

// Returns the rates from `before` to `after`. A counter that is lower than before counts from 0.
// All are 0 if `interval` is not positive. REQUIRES: both are of one path.
ChannelRates ChannelRatesBetween(const ChannelStats& before, const ChannelStats& after,
                                 absl::Duration interval);

// The last snapshots of one channel.
class History {
 public:
  // Keeps the rates of at most `capacity` intervals.
  explicit History(size_t capacity) : capacity_(capacity) {}

  void Add(absl::Time at, ChannelStats stats);

  bool empty() const { return times_ == 0; }
  // REQUIRES: not empty.
  const ChannelStats& latest() const { return latest_; }
  const ChannelRates& rates() const { return rates_; }
  // Received messages a second and the fill, 0 to 1, from the oldest to the latest.
  const std::deque<double>& received() const { return received_; }
  const std::deque<double>& fill() const { return fill_; }

  // For how long the receiver has released nothing although something waits, as seen here.
  absl::Duration stalled() const { return stalled_; }
  // For how long the oldest open claim has not moved, as seen here.
  absl::Duration claim_open() const { return claim_open_; }

 private:
  const size_t capacity_;
  size_t times_ = 0;
  absl::Time at_ = absl::InfinitePast();
  absl::Time stalled_since_ = absl::InfiniteFuture();
  absl::Time claim_since_ = absl::InfiniteFuture();
  ChannelStats latest_;
  ChannelRates rates_;
  absl::Duration stalled_ = absl::ZeroDuration();
  absl::Duration claim_open_ = absl::ZeroDuration();
  std::deque<double> received_;
  std::deque<double> fill_;
};

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_MONITOR_HISTORY_H_
