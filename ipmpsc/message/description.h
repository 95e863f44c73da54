// The description of a channel of messages: a serialised ipmpsc.ChannelInfo, written and checked
// without protobuf.
#ifndef IPMPSC_MESSAGE_DESCRIPTION_H_
#define IPMPSC_MESSAGE_DESCRIPTION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/message/message_type.h"
#include "ipmpsc/message/schema_differences.h"

namespace ipmpsc::message {

std::string Describe(const MessageType& type);

// Whether an end of this message type may be attached to a channel with this description, and in
// what their schemas differ. Where the fingerprints are equal nothing else is looked at.
//
// Errors:
//  * kFailedPrecondition - it may not: the channel has no description, or one of another message
//                          type, which is named, or of a schema with which messages would not
//                          arrive as they were sent; each reason is told
absl::StatusOr<SchemaDifferences> CheckDescription(const MessageType& type,
                                                   absl::string_view description, End end);

}  // namespace ipmpsc::message

#endif  // IPMPSC_MESSAGE_DESCRIPTION_H_
