#include "ipmpsc/message/schema.h"

#include <cstddef>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "ipmpsc/message/descriptor_view.h"
#include "ipmpsc/message/features.h"

namespace ipmpsc::message {

Schema::Schema(const FileSetView& files) {
  for (const FileView& file : files.file) {
    size_t package = 0;
    if (!file.package.empty()) {
      for (const absl::string_view part : absl::StrSplit(file.package, '.'))
        package = Enter(package, part);
    }
    Type inherited;
    inherited.features = FeaturesOf(file);
    for (const MessageView& message : file.message_type) AddMessage(package, message, inherited);
    for (const EnumView& enum_type : file.enum_type) AddEnum(package, enum_type, inherited);
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
void Schema::AddMessage(size_t parent, const MessageView& message, Type type) {
  if (message.options != nullptr)
    type.features = Override(type.features, message.options->features);
  const size_t place = Enter(parent, message.name);
  for (const MessageView& nested : message.nested_type) AddMessage(place, nested, type);
  for (const EnumView& enum_type : message.enum_type) AddEnum(place, enum_type, type);
  type.message = &message;
  type.enum_type = types_[place].enum_type;
  types_[place] = type;
}

void Schema::AddEnum(size_t parent, const EnumView& enum_type, Type type) {
  if (enum_type.options != nullptr)
    type.features = Override(type.features, enum_type.options->features);
  const size_t place = Enter(parent, enum_type.name);
  type.message = types_[place].message;
  type.enum_type = &enum_type;
  types_[place] = type;
}

}  // namespace ipmpsc::message
