// SenderOptions, ReceiverOptions: what an end of a channel is attached with.
#ifndef IPMPSC_ATTACH_OPTIONS_H_
#define IPMPSC_ATTACH_OPTIONS_H_

#include "absl/time/time.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc {

struct SenderOptions {
  // Fail instead of sending to nobody: every function that sends returns kUnavailable where the
  // channel has no living receiver. Looked at once in a millisecond at most, since it takes a
  // system call, and every 100 milliseconds while the sender waits for space. What was sent before
  // stays in the channel for the next receiver.
  bool require_receiver = false;
};

struct ReceiverOptions {
  // How long to wait for a living receiver to detach or to die, to take over from it: a hot
  // standby. It has the channel within 10 milliseconds of that.
  Deadline deadline = absl::ZeroDuration();
  // Take the channel for ended (kOutOfRange) when all has been received and no sender is attached
  // any more. Before the first sender is attached, or has left a message, it is waited for. Not
  // final: when another sender comes, receiving goes on.
  bool end_without_senders = false;
};

}  // namespace ipmpsc

#endif  // IPMPSC_ATTACH_OPTIONS_H_
