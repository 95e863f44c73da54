// The handles of the C interface, and what they hold.
#ifndef IPMPSC_C_HANDLES_H_
#define IPMPSC_C_HANDLES_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "ipmpsc/channel.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"

struct ipmpsc_channel {
  ipmpsc::Channel channel;
  // Filled by the first call of `ipmpsc_channel_id`, since it needs memory: `MakeHandle` makes the
  // handle of a channel that has been created, which may not fail.
  mutable std::mutex id_mutex = {};
  mutable std::string id = {};
};

struct ipmpsc_sender {
  ipmpsc::Sender sender;
};

struct ipmpsc_lease {
  std::optional<ipmpsc::Lease> lease;  // empty in `ipmpsc_receiver::spare` only
};

struct ipmpsc_receiver {
  ipmpsc::Receiver receiver;
  // The handle of the next lease. It is made before its message is taken, since a message that is
  // taken and has no handle would be released unread.
  std::unique_ptr<ipmpsc_lease> spare = nullptr;
};

struct ipmpsc_snapshot {
  ipmpsc::ChannelStats stats;
};

#endif  // IPMPSC_C_HANDLES_H_
