// Deliverer: the core of the bridge from an engine to a channel. docs/bridge.md has the protocol.
//
//   looking --(the stream agrees with the place)--> delivering
//   delivering --(the feed has lost its place)----> looking
//
// A message is sent in three steps: the place says that its send begins, it is sent, the place says
// that it is done. A bridge that finds a begun message asks the channel whether it was sent.
#ifndef IPMPSC_BRIDGE_DELIVERER_H_
#define IPMPSC_BRIDGE_DELIVERER_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/feed.h"
#include "bridge/place.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::bridge {

struct DelivererOptions {
  absl::Duration first_retry = absl::Milliseconds(50);  // doubles up to `last_retry`
  absl::Duration last_retry = absl::Seconds(2);
  absl::Duration look_interval = absl::Seconds(1);  // of the stream's state, for the metrics
  bool force = false;  // goes on although the stream contradicts the place or the channel
  std::function<void(absl::string_view)> log = [](absl::string_view) {};  // one line each
};

struct DeliveryMetrics {
  uint64_t delivered = 0;        // messages sent into the channel
  uint64_t delivered_bytes = 0;  // their payload
  uint64_t found = 0;            // messages that a bridge had sent before it died
  uint64_t uncertain = 0;        // messages sent again although they may have been sent
  uint64_t missed = 0;           // messages that went away in the stream before they were read
  uint64_t dropped = 0;          // by a lossy channel
  uint64_t too_large = 0;        // for the channel
  uint64_t again = 0;            // messages that the engine brought again, left out
  uint64_t looks = 0;            // times that the bridge looked at the stream's beginning and end
  uint64_t full_waits = 0;       // waits for space in the channel
  uint64_t lag_messages = 0;     // in the stream behind the last one that was sent
  uint64_t lag_bytes = 0;        // their bytes, by the mean of those that the stream keeps
  // When the engine stored the message that waits for space in the channel; 0 if there is none.
  int64_t oldest_nanoseconds = 0;
};

// Checks that the stream can be the one that was read up to the place, and has what is behind it.
// `state` is what `Feed::Look` returned. Its other errors pass.
//
// Errors: kNotFound - the stream is gone; kFailedPrecondition - it is a new one, or has lost
// messages. After both `force` begins with its first message.
absl::Status CheckStream(const absl::StatusOr<FeedState>& state, const Place& place);

// Returns how many numbers behind the place the stream no longer has.
uint64_t CountGap(const FeedState& state, const Place& place);

// Thread-compatible.
class Deliverer {
 public:
  // REQUIRES: all outlive the deliverer.
  Deliverer(Feed* feed, Outlet* outlet, PlaceStore* store, DelivererOptions options,
            DeliveryMetrics* metrics);

  // Does what can be done now, and waits for more until `wait` has passed. Call it again and again.
  //
  // Errors: end the bridge.
  //  * kCancelled          - `Stop` was called, and the place is written
  //  * kNotFound           - the stream does not exist, although messages of it were sent
  //  * kFailedPrecondition - the stream contradicts the place, or a message has another schema than
  //                          the channel; `force` goes on
  //  * kOutOfRange         - the channel is closed
  //  * kAborted            - the channel was replaced or removed
  //  * kPermissionDenied   - the engine refuses this user
  //  * others as `Outlet` and `PlaceStore`
  absl::Status Step(absl::Duration wait);

  // Takes no more messages: the next `Step` ends.
  void Stop() { stopping_ = true; }

  // Whether the engine has answered, and the stream agrees with the place.
  bool started() const { return started_; }

 private:
  absl::Status Look();
  absl::Status Resolve(const Arrival& arrival, absl::Duration wait);
  absl::Status Send(const Arrival& arrival, absl::Duration wait);
  // Returns an error if the message has another schema than the channel.
  absl::Status CheckSchema(const Arrival& arrival);
  void Done(uint64_t sequence);
  // Writes the place if the file has not what is known.
  absl::Status WritePlace();
  void Measure(const FeedState& state);
  void LookAgainLater(absl::string_view why);
  absl::Status Unless(bool force, const absl::Status& status);

  Feed* const feed_;
  Outlet* const outlet_;
  PlaceStore* const store_;
  const DelivererOptions options_;
  DeliveryMetrics* const metrics_;

  Place place_;
  bool unwritten_ = false;  // `place_` is newer than the file
  bool in_doubt_;           // `place_.begun` is from a bridge that died
  bool fresh_;              // no bridge has ever read this stream
  bool started_ = false;
  bool reading_ = false;
  bool stopping_ = false;
  std::optional<Arrival> held_;  // has come and is not sent

  Deadline look_at_ = absl::ZeroDuration();
  Deadline retry_at_ = absl::ZeroDuration();
  absl::Duration next_retry_;
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_DELIVERER_H_
