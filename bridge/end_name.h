// The name of a bridge's end of a channel. The command `ipmpsc` knows a bridge by it.
#ifndef IPMPSC_BRIDGE_END_NAME_H_
#define IPMPSC_BRIDGE_END_NAME_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace ipmpsc::bridge {

// Returns "ipmpsc-bridge nats://HOST:PORT/SUBJECT". A channel keeps 64 bytes of a name. So "..."
// stands for the end of a long server, and for the beginning of a long subject.
//
// `server` is "nats://HOST:PORT", and `subject` may be a topic.
std::string EndName(absl::string_view server, absl::string_view subject);

struct BridgeEnd {
  std::string address;  // "nats://HOST:PORT/SUBJECT", in visible ASCII characters
  bool whole = false;   // nothing of the address was left out
};

// Returns the engine of the bridge that has given its end the name, or nothing for other names. It
// is what the other process says of itself.
std::optional<BridgeEnd> ParseEndName(absl::string_view name);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_END_NAME_H_
