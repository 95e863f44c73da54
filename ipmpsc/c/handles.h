// The handles of the C interface, and what they hold.
#ifndef IPMPSC_C_HANDLES_H_
#define IPMPSC_C_HANDLES_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "ipmpsc/channel.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"

struct ipmpsc_channel {
  ~ipmpsc_channel() {
    // Relaxed: no other thread uses the handle any more.
    delete id.load(std::memory_order_relaxed);
  }

  ipmpsc::Channel channel;
  // Null until the first call of `ipmpsc_channel_id`, since the text needs memory: `MakeHandle`
  // makes the handle of a channel that has been created, which may not fail. Without a lock, which
  // a fork in another thread would leave locked in the child.
  mutable std::atomic<const std::string*> id = {nullptr};
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
