// The facts of a channel that a recording keeps, so that a replay can create it again:
//
//   topic             the channel's path
//   message encoding  "protobuf", or "application/octet-stream" for a channel of bytes
//   schema            the message's name, and the FileDescriptorSet of the channel's description
//   metadata          ipmpsc.id, .path, .capacity, .max_senders, .timestamps, and .info: what else
//                     the description has, in base64
//
// A message's sequence is its position in units of 64 bytes, which all positions are multiples of,
// modulo 2^32. Gaps are metadata records with the whole position.
#ifndef IPMPSC_RECORDING_CHANNEL_ORIGIN_H_
#define IPMPSC_RECORDING_CHANNEL_ORIGIN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/stats.h"
#include "recording/mcap_records.h"

namespace ipmpsc::recording {

// Positions are multiples of this number of bytes.
inline constexpr uint64_t kPositionUnit = 64;

inline uint32_t SequenceOf(uint64_t position) {
  return static_cast<uint32_t>(position / kPositionUnit);
}
// Returns the least position of this sequence that is not below `least`.
uint64_t PositionOf(uint32_t sequence, uint64_t least);

// A channel as a file describes it. Ids are 0.
struct ChannelOrigin {
  McapSchema schema;  // `name` is empty if there is none
  McapChannel channel;
};

// Describes a channel. `topic` is made UTF-8.
ChannelOrigin DescribeOrigin(absl::string_view topic, const Channel& channel,
                             const ChannelStats& stats);

// The options with which a channel is created that is like the recorded one. Takes the runtime's
// defaults where the file says nothing: files of other programs name a schema at most. `schema` may
// be null.
ChannelOptions OptionsOf(const McapChannel& channel, const McapSchema* schema);

// The message name in a channel's description; empty if it has none.
absl::string_view MessageNameOf(absl::string_view description);

// Returns `bytes` if they are UTF-8, and else with escapes.
std::string AsUtf8(absl::string_view bytes);

// The names of the metadata records in a recording, beside the channels' own.
inline constexpr char kGapMetadata[] = "ipmpsc.gap";        // topic, position, bytes
inline constexpr char kEndMetadata[] = "ipmpsc.end";        // topic, reason
inline constexpr char kOrphanMetadata[] = "ipmpsc.orphan";  // topic, position, bytes, sender
inline constexpr char kParticipantMetadata[] = "ipmpsc.participant";
inline constexpr char kReleasedMetadata[] = "ipmpsc.released";  // topic, position

}  // namespace ipmpsc::recording

#endif  // IPMPSC_RECORDING_CHANNEL_ORIGIN_H_
