// Compares a channel's description, as a hostile peer may write it, with the schema of an end. The
// comparison must return a verdict of bounded length. The first byte selects the end and the
// message type, the rest is the description.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/message_type.h"
#include "ipmpsc/schema/schema_differences.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/legacy.ipmpsc.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ipmpsc::internal::Require;
  using ipmpsc::schema::End;
  if (size == 0) return 0;
  ipmpsc::schema::MessageType type = (data[0] & 2) == 0 ? ipmpsc_test::legacy::ReadingChannel::kType
                                                        : ipmpsc_test::camera::FrameChannel::kType;
  type.fingerprint = 0x9d1f;  // so that no description passes by it
  const End end = (data[0] & 1) == 0 ? End::kSender : End::kReceiver;
  // Has the exact size, so that AddressSanitizer detects reads on either side.
  const std::vector<char> description(data + 1, data + size);
  const absl::StatusOr<ipmpsc::schema::SchemaDifferences> differences =
      ipmpsc::schema::CheckDescription(
          type, absl::string_view(description.data(), description.size()), end);
  if (!differences.ok()) {
    Require(absl::IsFailedPrecondition(differences.status()), "a description is refused as such");
    Require(differences.status().message().size() < 16384, "a refusal is short");
    return 0;
  }
  Require(differences->size() <= 101, "differences are not too many");
  for (const std::string& difference : *differences)
    Require(difference.size() < 4096, "a difference is short");
  return 0;
}
