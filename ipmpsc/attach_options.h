// SenderOptions, ReceiverOptions: what an end of a channel is attached with.
#ifndef IPMPSC_ATTACH_OPTIONS_H_
#define IPMPSC_ATTACH_OPTIONS_H_

#include <string>

#include "absl/time/time.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc {

struct SenderOptions {
  // The name that errors and tools show for this sender, at most 64 bytes (a longer one is cut).
  // Empty: the program's name.
  std::string name;
  // Fail instead of sending to a channel that no living receiver is attached to: every function that
  // sends returns kUnavailable then. The sender looks at most once in a millisecond, since it takes
  // a system call, and every 100 milliseconds while it waits for space. Earlier messages stay in
  // the channel for the next receiver.
  bool require_receiver = false;
  // Fail instead of sending to a channel whose file is no longer at its path (it was removed, moved
  // away or exchanged for another): every function that sends returns kAborted then. The sender
  // looks as often as for `require_receiver`. Channels without a path are never gone from it.
  bool require_path = false;
};

struct ReceiverOptions {
  // The name that errors and tools show for this receiver, as for a sender.
  std::string name;
  // How long to wait for a living receiver to detach or to die, to take over from it: a hot
  // standby. It has the channel within 10 milliseconds of that.
  Deadline deadline = absl::ZeroDuration();
  // Take the channel for ended (kOutOfRange) when all messages have been received and no sender is
  // attached any more. Before the first sender is attached, or has left a message, it is waited for.
  // Not final: when another sender comes, receiving goes on. A receiver with this option looks every
  // 100 milliseconds while it waits.
  bool end_without_senders = false;
  // Return kAborted when all messages have been received and the channel's file is no longer at its
  // path. Not final, as above; a receiver with this option looks every 100 milliseconds while it
  // waits.
  bool require_path = false;
};

}  // namespace ipmpsc

#endif  // IPMPSC_ATTACH_OPTIONS_H_
