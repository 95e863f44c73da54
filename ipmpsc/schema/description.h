// The description of a channel of messages: a serialised ipmpsc.ChannelInfo, written and checked
// without protobuf.
#ifndef IPMPSC_SCHEMA_DESCRIPTION_H_
#define IPMPSC_SCHEMA_DESCRIPTION_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/schema/message_type.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/view/arena.h"

namespace ipmpsc::schema {

std::string Describe(const MessageType& type);

// How much memory the views of a channel's description may take, by default: real ones take 4 times
// their length. The tables that are derived from the views may take as much again.
inline constexpr view::MemoryLimit kDescriptionLimit = {16, size_t{4} << 20};

// Whether an end of this message type may be attached to a channel with this description, and in
// what their schemas differ. Where the fingerprints are equal nothing else is looked at.
//
// Errors:
//  * kFailedPrecondition - it may not: the channel has no description, or one of another message
//                          type, which is named, or of a schema with which messages would not
//                          arrive as they were sent; each reason is told. Or the description
//                          needs more memory to be read than `limit`
//  * kResourceExhausted  - the system has no memory for that
absl::StatusOr<SchemaDifferences> CheckDescription(
    const MessageType& type, absl::string_view description, End end,
    const view::MemoryLimit& limit = kDescriptionLimit);

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_DESCRIPTION_H_
