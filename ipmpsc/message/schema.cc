#include "ipmpsc/message/schema.h"

#include <cstddef>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "ipmpsc/message/descriptor_view.h"

namespace ipmpsc::message {

Schema::Schema(const FileSetView& files) {
  for (const FileView& file : files.file) {
    size_t package = 0;
    if (!file.package.empty()) {
      for (const absl::string_view part : absl::StrSplit(file.package, '.'))
        package = Enter(package, part);
    }
    const bool is_proto3 = file.syntax == "proto3";
    for (const MessageView& message : file.message_type) AddMessage(package, message, is_proto3);
    for (const EnumView& enum_type : file.enum_type) AddEnum(package, enum_type, is_proto3);
  }
}

const Schema::Type* Schema::Find(absl::string_view name) const {
  absl::ConsumePrefix(&name, ".");
  size_t type = 0;
  for (const absl::string_view part : absl::StrSplit(name, '.')) {
    const auto place = places_.find(Place(type, part));
    if (place == places_.end()) return nullptr;
    type = place->second;
  }
  return &types_[type];
}

size_t Schema::Enter(size_t parent, absl::string_view name) {
  const auto [place, is_new] = places_.try_emplace(Place(parent, name), types_.size());
  if (is_new) types_.emplace_back();
  return place->second;
}

// As deep as the parser lets messages nest.
void Schema::AddMessage(size_t parent, const MessageView& message, bool is_proto3) {
  const size_t type = Enter(parent, message.name);
  types_[type].message = &message;
  types_[type].is_proto3 = is_proto3;
  for (const MessageView& nested : message.nested_type) AddMessage(type, nested, is_proto3);
  for (const EnumView& enum_type : message.enum_type) AddEnum(type, enum_type, is_proto3);
}

void Schema::AddEnum(size_t parent, const EnumView& enum_type, bool is_proto3) {
  const size_t type = Enter(parent, enum_type.name);
  types_[type].enum_type = &enum_type;
  types_[type].is_proto3 = is_proto3;
}

}  // namespace ipmpsc::message
