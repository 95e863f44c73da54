// SenderOptions, ReceiverOptions: options with which an end of a channel is attached.
#ifndef IPMPSC_ATTACH_OPTIONS_H_
#define IPMPSC_ATTACH_OPTIONS_H_

#include <string>

#include "absl/time/time.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc {

struct SenderOptions {
  // The name that errors and tools show for this sender. At most 64 bytes: a longer one is cut.
  // Empty: the program's name.
  std::string name;
  // Every function that sends returns kUnavailable while no living receiver is attached to the
  // channel. The check takes a system call. The sender makes it at most once in a millisecond, and
  // every 100 milliseconds while it waits for space. Messages that were sent before stay in the
  // channel for the next receiver.
  bool require_receiver = false;
  // Every function that sends returns kAborted once the channel's file is no longer at its path (it
  // was removed, moved away or exchanged for another). The sender checks as often as for
  // `require_receiver`. This option has no effect on channels without a path.
  bool require_path = false;
};

struct ReceiverOptions {
  // The name that errors and tools show for this receiver, as for a sender.
  std::string name;
  // How long to wait for a living receiver to detach or to die. A receiver that waits is a hot
  // standby: it takes over within 10 milliseconds.
  Deadline deadline = absl::ZeroDuration();
  // Receiving returns kOutOfRange when all messages have been received and no sender is attached
  // any more. The receiver waits until a first sender is attached or has left a message. The end is
  // not final: receiving continues when another sender attaches. A receiver with this option checks
  // every 100 milliseconds while it waits.
  bool end_without_senders = false;
  // Receiving returns kAborted when all messages have been received and the channel's file is no
  // longer at its path. This is not final either. A receiver with this option checks every 100
  // milliseconds while it waits.
  bool require_path = false;
};

}  // namespace ipmpsc

#endif  // IPMPSC_ATTACH_OPTIONS_H_
