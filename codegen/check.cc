#include "codegen/check.h"

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/channel.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

namespace {

// The runtime's limits.
constexpr uint64_t kMaxCapacity = uint64_t{1} << 46;
constexpr uint32_t kMaxSenders = 4096;

// The parser's.
constexpr size_t kMaxEnumRuns = 65535;

std::string CheckDeclaration(const ChannelDeclaration& declared) {
  const std::string& name = declared.name();
  if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos || name == "." ||
      name == "..") {
    return absl::StrCat("option (ipmpsc.channel): \"", name, "\" is no name of a file in a folder");
  }
  if (declared.capacity() > kMaxCapacity) {
    return absl::StrCat("option (ipmpsc.channel): capacity ", declared.capacity(), " is above ",
                        kMaxCapacity);
  }
  if (declared.max_senders() > kMaxSenders) {
    return absl::StrCat("option (ipmpsc.channel): max_senders ", declared.max_senders(),
                        " is above ", kMaxSenders);
  }
  return "";
}

}  // namespace

std::string FindUnsupported(const FileDescriptor& file) {
  for (const Descriptor* message : MessagesOf(file)) {
    const std::string error = CheckDeclaration(message->options().GetExtension(channel));
    if (!error.empty()) return absl::StrCat(message->full_name(), ": ", error);
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor& field = *message->field(i);
      if (IsClosedEnum(field) && RunsOf(*field.enum_type()).size() > kMaxEnumRuns) {
        return absl::StrCat(field.full_name(), ": enum ", field.enum_type()->full_name(),
                            " has numbers in more than ", kMaxEnumRuns, " pieces");
      }
    }
  }
  return "";
}

}  // namespace ipmpsc::codegen
