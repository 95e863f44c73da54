// Compares views with protobuf's own parser. Both accept the same input, reject the same input, and
// return the same values. The first byte selects the message type, the rest is its wire format.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/parser.h"
#include "tests/codegen/message_types.h"
#include "tests/codegen/view_difference.h"
#include "tests/testing/quiet_protobuf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ipmpsc::internal::Require;
  static const auto* const types =
      new std::vector<ipmpsc_test::MessageType>(ipmpsc_test::AllMessageTypes());
  static auto* const arena = new ipmpsc::view::Arena;
  if (size == 0) return 0;
  const ipmpsc_test::MessageType& type = (*types)[data[0] % types->size()];
  // Has the exact size, so that AddressSanitizer detects reads on either side.
  const std::vector<char> wire(data + 1, data + size);
  const ipmpsc::testing::QuietProtobuf silencer;  // a missing required field is logged

  const std::unique_ptr<google::protobuf::Message> message(type.prototype->New());
  const bool accepts = message->ParseFromArray(wire.data(), static_cast<int>(wire.size()));
  arena->Reset();
  const void* const view =
      ipmpsc::view::Parse(*type.table, absl::string_view(wire.data(), wire.size()), arena);
  Require((view != nullptr) == accepts, accepts ? "a view accepts what protobuf accepts"
                                                : "a view rejects what protobuf rejects");
  if (accepts) {
    const std::string difference = ipmpsc_test::ViewDifference(*type.table, view, *message);
    Require(difference.empty(), difference.c_str());
  }
  return 0;
}
