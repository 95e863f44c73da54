#include "codegen/check.h"

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "codegen/message_plan.h"
#include "codegen/names.h"
#include "codegen/syntax.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/channel.pb.h"
#include "ipmpsc/field.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

namespace {

// The parser's limit.
constexpr size_t kMaxEnumRuns = 65535;

std::string CheckDeclaration(const ChannelDeclaration& declared) {
  const std::string& name = declared.name();
  if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos || name == "." ||
      name == "..") {
    return absl::StrCat("option (ipmpsc.channel): \"", name, "\" is no name of a file in a folder");
  }
  if (declared.capacity() > kMaxDeclaredCapacity) {
    return absl::StrCat("option (ipmpsc.channel): capacity ", declared.capacity(), " is above ",
                        kMaxDeclaredCapacity);
  }
  if (declared.max_senders() > kMaxDeclaredSenders) {
    return absl::StrCat("option (ipmpsc.channel): max_senders ", declared.max_senders(),
                        " is above ", kMaxDeclaredSenders);
  }
  return "";
}

std::string CheckAlignment(const FieldDescriptor& field) {
  const uint32_t alignment = field.options().GetExtension(::ipmpsc::field).alignment();
  if (alignment == 0) return "";
  const std::string option = absl::StrCat("option (ipmpsc.field): alignment ", alignment, " ");
  const bool is_text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  if (!is_text && !IsPackedFixed(field)) {
    return absl::StrCat(
        option, "of a field that is neither bytes nor string, nor packed numbers of fixed width");
  }
  if (field.is_extension()) return absl::StrCat(option, "of an extension, which has no setter");
  // Padding of a text is an earlier value of the same field. In a repeated field it would be an
  // element.
  if (is_text && field.is_repeated()) return absl::StrCat(option, "of a repeated field");
  if ((alignment & (alignment - 1)) != 0) return absl::StrCat(option, "is no power of two");
  if (alignment > kMaxAlignment) return absl::StrCat(option, "is above ", kMaxAlignment);
  return "";
}

std::string CheckField(const FieldDescriptor& field) {
  if (IsClosedEnum(field) && RunsOf(*field.enum_type()).size() > kMaxEnumRuns) {
    return absl::StrCat("enum ", field.enum_type()->full_name(), " has numbers in more than ",
                        kMaxEnumRuns, " pieces");
  }
  return CheckAlignment(field);
}

std::string FindUnsupportedField(const Descriptor& message) {
  for (int i = 0; i < message.field_count(); ++i) {
    const std::string error = CheckField(*message.field(i));
    if (!error.empty()) return absl::StrCat(message.field(i)->full_name(), ": ", error);
  }
  for (int i = 0; i < message.extension_count(); ++i) {
    const std::string error = CheckAlignment(*message.extension(i));
    if (!error.empty()) return absl::StrCat(message.extension(i)->full_name(), ": ", error);
  }
  return "";
}

// Returns an error if two types have one C++ class name. protobuf's own code does not compile then.
std::string FindSameName(const FileDescriptor& file) {
  std::map<std::string, std::string> names;
  std::string error;
  const auto take = [&](const auto& type) {
    const auto [other, is_new] = names.try_emplace(FlatName(type), std::string(type.full_name()));
    if (is_new || !error.empty()) return;
    error = absl::StrCat(type.full_name(), ": C++ class name ", other->first,
                         " collides with that of ", other->second, "; rename one of them");
  };
  for (const Descriptor* message : MessagesOf(file)) {
    if (!message->options().map_entry()) take(*message);
  }
  for (const google::protobuf::EnumDescriptor* enum_type : EnumsOf(file)) take(*enum_type);
  return error;
}

std::string FindUnsupported(const FileDescriptor& file) {
  const std::string same_name = FindSameName(file);
  if (!same_name.empty()) return same_name;
  for (const Descriptor* message : MessagesOf(file)) {
    const std::string error = CheckDeclaration(message->options().GetExtension(channel));
    if (!error.empty()) return absl::StrCat(message->full_name(), ": ", error);
    const std::string field_error = FindUnsupportedField(*message);
    if (!field_error.empty()) return field_error;
  }
  for (int i = 0; i < file.extension_count(); ++i) {
    const std::string error = CheckAlignment(*file.extension(i));
    if (!error.empty()) return absl::StrCat(file.extension(i)->full_name(), ": ", error);
  }
  return "";
}

}  // namespace

absl::Status CheckFile(const FileDescriptor& file) {
  const std::string error = FindUnsupported(file);
  return error.empty() ? absl::OkStatus() : absl::InvalidArgumentError(error);
}

}  // namespace ipmpsc::codegen
