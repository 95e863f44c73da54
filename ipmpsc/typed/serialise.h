// Serialises protobuf's messages into space that is claimed for them. Needs no protobuf library.
#ifndef IPMPSC_TYPED_SERIALISE_H_
#define IPMPSC_TYPED_SERIALISE_H_

#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace ipmpsc::typed {

// Returns the size in bytes. Also computes the cached sizes, which `WriteMessage` needs.
//
// Errors: kInvalidArgument - a required field is missing, or the message is 2 GiB or longer.
template <typename Message>
absl::StatusOr<size_t> SizeOf(const Message& message) {
  if (!message.IsInitialized()) {
    return absl::InvalidArgumentError(absl::StrCat(
        message.GetTypeName(), " lacks required fields: ", message.InitializationErrorString()));
  }
  const size_t size = message.ByteSizeLong();
  if (size > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return absl::InvalidArgumentError(absl::StrCat(
        message.GetTypeName(), " is ", size, " bytes long; a message must be shorter than 2 GiB"));
  }
  return size;
}

// Returns whether the message still has the size for which space was claimed.
template <typename Message>
bool IsAsLongAs(const Message& message, size_t size) {
  return static_cast<size_t>(message.GetCachedSize()) == size;
}

// Returns the error for a message of which `IsAsLongAs` is false.
template <typename Message>
absl::Status ChangedError(const Message& message) {
  return absl::InvalidArgumentError(
      absl::StrCat(message.GetTypeName(),
                   " was changed while it was being sent: keep it as it is until the call "
                   "returns"));
}

// Writes the message to `bytes`. REQUIRES: `IsAsLongAs` for the size of that space.
template <typename Message>
void WriteMessage(const Message& message, char* bytes) {
  (void)message.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(bytes));
}

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_SERIALISE_H_
