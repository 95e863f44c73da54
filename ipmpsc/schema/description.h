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

// The default bound of the memory for the views of a channel's description: real ones take 4 times
// their length. The tables that are derived from the views may take as much again.
inline constexpr view::MemoryLimit kDescriptionLimit = {16, size_t{4} << 20};

// Checks that an end of this message type may be attached to a channel with this description.
// Returns the differences of the schemas. Equal fingerprints settle it without a comparison.
//
// Errors:
//  * kFailedPrecondition - the end may not be attached: the channel has no description; or its
//                          message type is another, which is named; or with its schema messages
//                          would not arrive as they were sent, and each reason is listed. Or
//                          reading the description needs more memory than `limit`
//  * kResourceExhausted  - the system has no memory for the comparison
absl::StatusOr<SchemaDifferences> CheckDescription(
    const MessageType& type, absl::string_view description, End end,
    const view::MemoryLimit& limit = kDescriptionLimit);

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_DESCRIPTION_H_
