// The description of a channel of messages: a serialised ipmpsc.ChannelInfo, written and checked
// without protobuf.
#ifndef IPMPSC_MESSAGE_DESCRIPTION_H_
#define IPMPSC_MESSAGE_DESCRIPTION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/message/message_type.h"

namespace ipmpsc::message {

std::string Describe(const MessageType& type);

// Whether a channel with this description is one of messages of this type.
//
// Errors:
//  * kFailedPrecondition - it is not: the channel has no description, or one of another message
//                          type, which is named, or of another schema of this one, whose
//                          fingerprints are told
absl::Status CheckDescription(const MessageType& type, absl::string_view description);

}  // namespace ipmpsc::message

#endif  // IPMPSC_MESSAGE_DESCRIPTION_H_
