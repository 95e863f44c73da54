// PostMortem: reads what a channel's programs left behind when all of them died.
//
//   absl::StatusOr<ipmpsc::PostMortem> found = ipmpsc::PostMortem::Open("/dev/shm/quotes");
//   for (;;) {
//     absl::StatusOr<ipmpsc::PostMortemMessage> message = found->Next();
//     if (!message.ok()) break;   // kOutOfRange: that was all
//     Show(message->payload, message->released ? "received" : "not received");
//   }
//
// It reads the messages that the last receiver had released and that no sender has overwritten yet,
// and then those that were not released. A receiver that attaches gets exactly the latter, at the
// same positions. It copies the file first, so it takes as much memory as the file, changes
// nothing, and also reads a copy of a channel's file. `stats()` says who was attached.
#ifndef IPMPSC_POST_MORTEM_H_
#define IPMPSC_POST_MORTEM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/stats.h"
#include "ipmpsc/tap.h"

namespace ipmpsc {

// A message of a channel whose programs have ended.
struct PostMortemMessage : TapMessage {
  // Whether a receiver had taken and released it. Others are delivered to the next receiver.
  bool released = false;
};

// A claim of a sender that died before it committed.
struct Orphan {
  uint64_t position = 0;  // in the order of all records
  uint64_t bytes = 0;     // with headers and padding
  // The slot of the sender, if it is still known: until the claim is released.
  std::optional<uint16_t> sender;
  // Whether a receiver had stepped over it and released it. Several in a row may count as one then.
  bool released = false;
};

// Thread-compatible.
class PostMortem {
 public:
  // Errors: as `Channel::OpenReadOnly`; and
  //  * kFailedPrecondition - a participant of the channel is alive, or the kernel does not say: see
  //                          `Tap`
  //  * kDataLoss           - also if the file is truncated while it is read
  //  * kResourceExhausted  - also if there is no memory for the copy
  static absl::StatusOr<PostMortem> Open(absl::string_view path);

  PostMortem(PostMortem&& other) noexcept;
  PostMortem& operator=(PostMortem&& other) noexcept;
  ~PostMortem();

  // Returns the next message, from the oldest one on.
  //
  // Errors:
  //  * kOutOfRange - that was the last one
  //  * kDataLoss   - the channel is damaged at this place: its words contradict each other, and no
  //                  more messages can be read
  absl::StatusOr<PostMortemMessage> Next();

  // The orphans among the records that were read so far.
  const std::vector<Orphan>& orphans() const ABSL_ATTRIBUTE_LIFETIME_BOUND;

  // The state in which the programs left the channel. Nobody is alive in it: `died()` says who was
  // attached at the end.
  ChannelStats stats() const;
  // The copy, for its description. Ends cannot be attached to it.
  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND;

 private:
  struct Core;
  explicit PostMortem(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

}  // namespace ipmpsc

#endif  // IPMPSC_POST_MORTEM_H_
