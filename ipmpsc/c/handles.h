// The handles of the C interface, and what they hold.
#ifndef IPMPSC_C_HANDLES_H_
#define IPMPSC_C_HANDLES_H_

#include <string>
#include <utility>

#include "ipmpsc/channel.h"

struct ipmpsc_channel {
  explicit ipmpsc_channel(ipmpsc::Channel opened) : channel(std::move(opened)), id(channel.id()) {}

  ipmpsc::Channel channel;
  const std::string id;
};

#endif  // IPMPSC_C_HANDLES_H_
