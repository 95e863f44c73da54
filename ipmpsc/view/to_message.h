// From a view back to a message of protobuf. A template, so that it needs protobuf only where it is
// used.
#ifndef IPMPSC_VIEW_TO_MESSAGE_H_
#define IPMPSC_VIEW_TO_MESSAGE_H_

#include "absl/strings/string_view.h"

namespace ipmpsc::view {

// Returns the message in `wire`, from which a view was parsed. Lacks fields that a hostile peer has
// broken in it since: errors of the parser are ignored.
template <typename Message>
Message ToMessage(absl::string_view wire) {
  Message message;
  // A message within a message has no required field to check: the whole was checked. `Partial` is
  // silent.
  (void)message.ParsePartialFromArray(wire.data(), static_cast<int>(wire.size()));
  return message;
}

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_TO_MESSAGE_H_
