// Confluent's wire format for protobuf, which its clients of a schema registry write and read: a
// zero byte, the schema's id in the registry in four bytes (the highest first), the path of the
// message type in its file, and the message. The path is a count and so many numbers, each a
// varint in zigzag form; the path of the file's first message is one zero byte.
#ifndef IPMPSC_BRIDGE_CONFLUENT_H_
#define IPMPSC_BRIDGE_CONFLUENT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ipmpsc/info.pb.h"

namespace ipmpsc::bridge {

// Where the channel's message type is.
struct MessagePlace {
  int file = 0;  // the number of its file in the description's schema
  // Its number among the messages of the file, or the numbers of the messages around it and its own
  // within the last of them.
  std::vector<int> path;
};

// Errors: kNotFound - the description does not define the message type that it names.
absl::StatusOr<MessagePlace> FindMessageType(const ChannelInfo& info);

// Returns what comes before each message. `path` is not empty.
std::string ConfluentPrefix(uint32_t schema_id, absl::Span<const int> path);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_CONFLUENT_H_
