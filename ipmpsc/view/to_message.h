// Conversion of a view to a message of protobuf. A template, so that only its users need protobuf.
#ifndef IPMPSC_VIEW_TO_MESSAGE_H_
#define IPMPSC_VIEW_TO_MESSAGE_H_

#include "absl/strings/string_view.h"

namespace ipmpsc::view {

// Returns the message in `wire`, from which a view was parsed. Parser errors are ignored: the
// message lacks any part that a hostile peer has damaged since.
template <typename Message>
Message ToMessage(absl::string_view wire) {
  Message message;
  // A sub-message is not checked for required fields: the whole was checked. `Partial` does not
  // log.
  (void)message.ParsePartialFromArray(wire.data(), static_cast<int>(wire.size()));
  return message;
}

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_TO_MESSAGE_H_
