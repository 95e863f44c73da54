#include "codegen/fingerprint.h"

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "codegen/syntax.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace ipmpsc::codegen {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptor;

namespace {

// The hashed bytes of each type, by full name.
using Types = std::map<std::string, std::string>;

std::string Entry(const FileDescriptor& file, const std::string& descriptor) {
  return absl::StrCat(SyntaxName(file), "/", descriptor.size(), "/", descriptor);
}

void AddEnum(const EnumDescriptor& enum_type, Types* types) {
  EnumDescriptorProto proto;
  enum_type.CopyTo(&proto);
  proto.clear_options();
  proto.clear_reserved_range();
  proto.clear_reserved_name();
  for (auto& value : *proto.mutable_value()) value.clear_options();
  (*types)[std::string(enum_type.full_name())] =
      Entry(*enum_type.file(), proto.SerializeAsString());
}

FieldDescriptorProto BareField(const FieldDescriptor& field) {
  FieldDescriptorProto proto;
  field.CopyTo(&proto);
  proto.clear_json_name();  // protoc fills it in, other compilers do not
  proto.clear_options();
  if (field.is_packed()) proto.mutable_options()->set_packed(true);
  return proto;
}

// Returns the properties of an edition's fields that the syntax does not decide.
std::string Features(const Descriptor& message) {
  std::string features;
  if (SyntaxName(*message.file()) != "editions") return features;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    absl::StrAppend(&features, "/", field.type(), field.is_required() ? "r" : "",
                    field.has_presence() ? "p" : "", IsClosedEnum(field) ? "c" : "",
                    MustBeUtf8(field) ? "u" : "");
  }
  return features;
}

void AddMessage(const Descriptor& message, Types* types) {
  if (types->count(std::string(message.full_name())) != 0) return;
  DescriptorProto bare;
  bare.set_name(message.name());
  if (message.options().map_entry()) bare.mutable_options()->set_map_entry(true);
  if (message.options().message_set_wire_format()) {
    bare.mutable_options()->set_message_set_wire_format(true);
  }
  for (int i = 0; i < message.field_count(); ++i) *bare.add_field() = BareField(*message.field(i));
  for (int i = 0; i < message.oneof_decl_count(); ++i) {
    bare.add_oneof_decl()->set_name(message.oneof_decl(i)->name());
  }
  (*types)[std::string(message.full_name())] =
      absl::StrCat(Entry(*message.file(), bare.SerializeAsString()), Features(message));
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.message_type() != nullptr) AddMessage(*field.message_type(), types);
    if (field.enum_type() != nullptr) AddEnum(*field.enum_type(), types);
  }
}

uint64_t Fnv1a(uint64_t hash, absl::string_view bytes) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return hash;
}

uint64_t Hash(absl::string_view name, const Types& types) {
  uint64_t hash = Fnv1a(0xcbf29ce484222325, name);
  for (const auto& [type, descriptor] : types) {
    hash = Fnv1a(Fnv1a(hash, absl::StrCat("/", type, "/")), descriptor);
  }
  return hash;
}

// Adds `message` and every declaration in it, used or not.
void AddNested(const Descriptor& message, Types* types) {
  AddMessage(message, types);
  for (int i = 0; i < message.nested_type_count(); ++i) AddNested(*message.nested_type(i), types);
  for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(*message.enum_type(i), types);
}

}  // namespace

uint64_t Fingerprint(const Descriptor& message) {
  Types types;
  AddMessage(message, &types);
  return Hash(message.full_name(), types);
}

uint64_t Fingerprint(const FileDescriptor& file) {
  Types types;
  for (int i = 0; i < file.message_type_count(); ++i) AddNested(*file.message_type(i), &types);
  for (int i = 0; i < file.enum_type_count(); ++i) AddEnum(*file.enum_type(i), &types);
  return Hash(file.name(), types);
}

}  // namespace ipmpsc::codegen
