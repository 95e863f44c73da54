#include "codegen/check.h"

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "codegen/declared_limits.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "codegen/service_plan.h"
#include "codegen/syntax.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/channel.pb.h"
#include "ipmpsc/field.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

namespace {

absl::Status Error(absl::string_view type, const std::string& text) {
  return absl::InvalidArgumentError(absl::StrCat(type, ": ", text));
}

absl::Status CheckDeclaration(const Descriptor& message) {
  const ChannelDeclaration& declared = message.options().GetExtension(channel);
  const std::string option = "option (ipmpsc.channel): ";
  // In the order of the fields.
  for (const std::string& wrong :
       {DeclarationError(declared.name(), 0, "", 0), CapacityError("capacity", declared.capacity()),
        DeclarationError("", declared.max_senders(), "max_senders", declared.mode())}) {
    if (!wrong.empty()) return Error(message.full_name(), absl::StrCat(option, wrong));
  }
  if (!ChannelDeclaration::OnFull_IsValid(declared.on_full())) {
    return Error(message.full_name(),
                 absl::StrCat(option, "on_full has the unknown value ",
                              static_cast<int>(declared.on_full()), "; use WAIT or DROP_NEWEST"));
  }
  if (!ChannelDeclaration::ExistPolicy_IsValid(declared.exist_policy())) {
    return Error(message.full_name(), absl::StrCat(option, "exist_policy has the unknown value ",
                                                   static_cast<int>(declared.exist_policy()),
                                                   "; use FAIL, OPEN, REPLACE or OPEN_OR_REPLACE"));
  }
  return absl::OkStatus();
}

absl::Status CheckAlignment(const FieldDescriptor& field) {
  const uint32_t alignment = field.options().GetExtension(::ipmpsc::field).alignment();
  if (alignment == 0) return absl::OkStatus();
  const auto error = [&](const std::string& text) {
    return Error(field.full_name(),
                 absl::StrCat("option (ipmpsc.field): alignment ", alignment, " ", text));
  };
  const bool is_text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  if (!is_text && !IsPackedFixed(field)) {
    return error(
        "is set on a field that is neither bytes, string nor packed numbers of fixed width; "
        "remove it");
  }
  if (field.is_extension()) {
    return error("is set on an extension, which has no setter; remove it");
  }
  // Padding of a text is an earlier value of the same field. In a repeated field it would be an
  // element.
  if (is_text && field.is_repeated()) return error("is set on a repeated field; remove it");
  if ((alignment & (alignment - 1)) != 0) {
    return error(absl::StrCat("is not a power of two; use one from 1 to ", kMaxAlignment));
  }
  if (alignment > kMaxAlignment) {
    return error(absl::StrCat("exceeds the limit of ", kMaxAlignment, "; lower it"));
  }
  return absl::OkStatus();
}

absl::Status CheckEnum(const FieldDescriptor& field) {
  if (!IsClosedEnum(field) || RunsOf(*field.enum_type()).size() <= kMaxEnumRuns) {
    return absl::OkStatus();
  }
  return Error(field.full_name(),
               absl::StrCat("the numbers of closed enum ", field.enum_type()->full_name(),
                            " form more than ", kMaxEnumRuns,
                            " runs of consecutive numbers; declare the field as int32"));
}

absl::Status CheckMessage(const Descriptor& message) {
  if (absl::Status status = CheckDeclaration(message); !status.ok()) return status;
  for (int i = 0; i < message.field_count(); ++i) {
    if (absl::Status status = CheckEnum(*message.field(i)); !status.ok()) return status;
    if (absl::Status status = CheckAlignment(*message.field(i)); !status.ok()) return status;
  }
  for (int i = 0; i < message.extension_count(); ++i) {
    if (absl::Status status = CheckAlignment(*message.extension(i)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Refuses a file in which two types have one C++ class name. protobuf's own code does not compile
// then.
absl::Status CheckClassNames(const FileDescriptor& file) {
  std::map<std::string, absl::string_view> names;
  absl::Status status;
  const auto take = [&](const auto& type) {
    const auto [other, is_new] = names.try_emplace(FlatName(type), type.full_name());
    if (is_new || !status.ok()) return;
    status = Error(type.full_name(),
                   absl::StrCat("C++ class name ", other->first, " collides with that of ",
                                other->second, "; rename one of them"));
  };
  for (const Descriptor* message : MessagesOf(file)) {
    if (!message->options().map_entry()) take(*message);
  }
  for (const EnumDescriptor* enum_type : EnumsOf(file)) take(*enum_type);
  return status;
}

}  // namespace

absl::Status CheckFile(const FileDescriptor& file) {
  if (absl::Status status = CheckClassNames(file); !status.ok()) return status;
  for (const Descriptor* message : MessagesOf(file)) {
    if (absl::Status status = CheckMessage(*message); !status.ok()) return status;
  }
  for (int i = 0; i < file.extension_count(); ++i) {
    if (absl::Status status = CheckAlignment(*file.extension(i)); !status.ok()) return status;
  }
  for (int i = 0; i < file.service_count(); ++i) {
    if (absl::Status status = CheckService(*file.service(i)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::codegen
