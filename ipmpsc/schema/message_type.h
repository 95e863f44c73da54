// The description of a message type in generated headers, beside its view.
#ifndef IPMPSC_SCHEMA_MESSAGE_TYPE_H_
#define IPMPSC_SCHEMA_MESSAGE_TYPE_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "ipmpsc/options.h"

namespace ipmpsc::schema {

// A .proto file.
struct FileDescription {
  absl::string_view descriptor;  // a google.protobuf.FileDescriptorProto on the wire
  const FileDescription* const* imports;
  size_t import_count;
};

// A message type. `channel` and the members after it come from its option (ipmpsc.channel). They
// are empty, 0, false or the first value if it does not set them.
struct MessageType {
  absl::string_view name;  // "camera.Frame"
  uint64_t fingerprint;    // of its schema
  const FileDescription* file;
  absl::string_view channel;
  uint64_t capacity;
  uint32_t max_senders;
  bool timestamps = false;
  OnFull on_full = OnFull::kWait;
  ExistPolicy exist_policy = ExistPolicy::kFail;
  uint32_t mode = 0;
};

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_MESSAGE_TYPE_H_
