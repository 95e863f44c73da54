// Forwarder: the core of the bridge from a channel to an engine. docs/bridge.md has the protocol.
//
//   streaming --(an outcome other than stored, or none in time)--> settling
//   settling  --(every outcome has come, or the time is over)----> reading
//   reading   --(the tail is read, and agrees)-------------------> streaming
//
// The engine's tail decides what is stored. An acknowledgement only saves reading it. A message is
// released when it is known to be stored, never before.
#ifndef IPMPSC_BRIDGE_FORWARDER_H_
#define IPMPSC_BRIDGE_FORWARDER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/engine.h"
#include "bridge/metrics.h"
#include "bridge/source.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::bridge {

struct ForwarderOptions {
  size_t window = 1024;             // the most messages that are taken and not released
  uint64_t window_bytes = 8 << 20;  // and their payload; one message may exceed it
  absl::Duration settle_time = absl::Seconds(5);        // the longest wait for outcomes
  absl::Duration first_retry = absl::Milliseconds(50);  // doubles up to `last_retry`
  absl::Duration last_retry = absl::Seconds(2);
  bool force = false;       // goes on although the stream contradicts the channel
  std::string description;  // of the channel, to be stored as its schema; empty: nothing is stored
  std::function<void(absl::string_view)> log = [](absl::string_view) {};  // one line each
};

// Thread-compatible.
class Forwarder {
 public:
  // REQUIRES: `source`, `engine` and `metrics` outlive the forwarder.
  Forwarder(Source* source, Engine* engine, ChannelIdentity channel, ForwarderOptions options,
            Metrics* metrics);

  // Does what can be done now, and waits for more until `wait` has passed. Call it again and again.
  //
  // Errors: end the bridge. Nothing that is not stored was released.
  //  * kOutOfRange         - the channel is closed, and every message is stored
  //  * kAborted            - the channel was replaced or removed, and every message is stored
  //  * kNotFound           - the stream does not exist, although messages were released before
  //  * kDataLoss           - the channel is damaged
  //  * kFailedPrecondition - the stream lacks messages that it had, or it has those of another
  //                          channel or program, or it cannot serve a bridge; `force` goes on
  //                          where that makes sense. Or an error of the source
  //  * kAlreadyExists      - another program writes to the subject; the text names it
  //  * kPermissionDenied   - the engine refuses this user
  absl::Status Step(absl::Duration wait);

  // Takes no more messages. `Step` goes on with those that are taken, and returns kCancelled when
  // there are none.
  void Stop() { stopping_ = true; }

  // Whether the engine has answered, and the tail agrees.
  bool started() const { return started_; }
  // Messages that are taken and not released.
  size_t held() const { return window_.size(); }

 private:
  enum class State { kStreaming, kSettling, kReading };
  enum class EntryState { kWaiting, kInFlight, kStored, kDead };
  struct Entry {
    Message message;
    EntryState state = EntryState::kWaiting;
    std::string reason;      // of a dead one
    bool duplicate = false;  // the last outcome
  };

  absl::Status Stream(absl::Duration wait);
  absl::Status Settle(absl::Duration wait);
  absl::Status Read(absl::Duration wait);

  absl::Status Take();
  void Admit(Message message);
  absl::Status Publish();
  void HandleOutcomes(absl::Duration wait);
  void HandleOutcome(const Acknowledgement& outcome);
  void BeginSettling(absl::string_view why);
  absl::Status Begin(const Tail& tail);
  absl::Status Compare(const Tail& tail);
  // Stores the schema. Returns false if it has to be tried again.
  bool StoreSchema();
  // Returns OK if `force`, after a line in the log; else `status`.
  absl::Status Unless(bool force, const absl::Status& status);
  void AdvanceCursor(uint64_t position);
  void MarkStored();
  absl::Status ReleaseStored();
  void RetryLater();
  bool MayRetry(absl::Duration wait);
  bool IsStored(uint64_t position) const;

  Source* const source_;
  Engine* const engine_;
  const ChannelIdentity channel_;
  const ForwarderOptions options_;
  Metrics* const metrics_;

  State state_ = State::kReading;
  bool started_ = false;
  bool schema_settled_ = false;
  bool stopping_ = false;
  absl::Status ended_;  // of the source, once it has ended

  std::deque<Entry> window_;  // in the order of positions; the first `next_` need no publishing now
  size_t next_ = 0;
  size_t in_flight_ = 0;
  uint64_t held_bytes_ = 0;

  std::optional<uint64_t> cursor_;  // everything up to this position is stored
  uint64_t known_fence_ = 0;        // the sequence of the last message that is known to be stored
  uint64_t known_last_ = 0;     // the last sequence number that the stream is known to have given
  Fence next_fence_;            // for the next publish
  uint64_t last_sequence_ = 0;  // that the stream will have given by then

  Deadline settle_until_ = absl::ZeroDuration();
  Deadline retry_at_ = absl::ZeroDuration();
  absl::Duration next_retry_;
  std::vector<Acknowledgement> outcomes_;  // scratch memory
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_FORWARDER_H_
