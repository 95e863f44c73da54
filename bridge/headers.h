// The headers of the messages that the bridge stores, and what it makes of those that it reads
// back.
#ifndef IPMPSC_BRIDGE_HEADERS_H_
#define IPMPSC_BRIDGE_HEADERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "bridge/engine.h"

namespace ipmpsc::bridge {

inline constexpr char kChannelHeader[] = "Ipmpsc-Channel";    // the channel's id
inline constexpr char kPositionHeader[] = "Ipmpsc-Position";  // decimal
inline constexpr char kSourceHeader[] = "Ipmpsc-Source";      // machine and path of the channel
inline constexpr char kBridgeHeader[] = "Ipmpsc-Bridge";      // the process that stored it
inline constexpr char kSenderHeader[] = "Ipmpsc-Sender";      // the sender's name
inline constexpr char kSequenceHeader[] = "Ipmpsc-Sequence";  // among the messages of its slot
inline constexpr char kTimeHeader[] = "Ipmpsc-Time";          // of the commit, ns since 1970
inline constexpr char kTypeHeader[] = "Ipmpsc-Type";          // "camera.Frame"
inline constexpr char kSchemaHeader[] = "Ipmpsc-Schema";      // fingerprint, 16 hex digits
inline constexpr char kReasonHeader[] = "Ipmpsc-Reason";      // of a dead letter
inline constexpr char kSizeHeader[] = "Ipmpsc-Size";          // of a dead letter, before it was cut

// Returns a text that a header may have: other characters are escaped as \xHH, and at most
// `max_bytes` are kept.
std::string HeaderText(absl::string_view text, size_t max_bytes = 256);

// The headers that are the same for every message of a channel, and those of one message.
using Headers = std::vector<std::pair<const char*, std::string>>;
Headers ChannelHeaders(const ChannelIdentity& channel);
Headers MessageHeaders(const Message& message);

// Returns an upper bound of the bytes of all headers of a message, the engine's own included.
uint64_t HeaderBytes(const ChannelIdentity& channel);

// Whether a text that was read back is a fingerprint: 16 hexadecimal digits.
bool IsFingerprint(absl::string_view text);

// Returns the mark in the headers of a message that was read back, or nothing if it has none. The
// values are anybody's: null where there is no such header, of any length, with any bytes.
std::optional<Mark> ParseMark(const char* channel, const char* position, const char* source,
                              const char* bridge);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_HEADERS_H_
