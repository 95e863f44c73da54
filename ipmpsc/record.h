// Record: a received message, as `Receiver::Drain` gives it.
#ifndef IPMPSC_RECORD_H_
#define IPMPSC_RECORD_H_

#include "ipmpsc/platform.h"  // IWYU pragma: keep

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace ipmpsc {

// One message in the ring.
struct Record {
  absl::string_view payload;  // 16-byte aligned
  uint64_t position;  // in the order of all records; grows from message to message, never repeats
  uint16_t sender;    // slot of the sender
  // In channels with `ChannelOptions::timestamps`, else 0: the time of the commit by the sender's
  // clock (CLOCK_REALTIME, nanoseconds since 1970), and the message's number among those of its
  // slot, from 1 on. A number is missing if a sender died just before a commit.
  int64_t sent_at_nanoseconds = 0;
  uint64_t sequence = 0;  // that number

  // Returns `sent_at_nanoseconds` as a time; absl::InfinitePast() in channels without timestamps.
  absl::Time sent_at() const {
    return sequence == 0 ? absl::InfinitePast() : absl::FromUnixNanos(sent_at_nanoseconds);
  }
};

}  // namespace ipmpsc

#endif  // IPMPSC_RECORD_H_
