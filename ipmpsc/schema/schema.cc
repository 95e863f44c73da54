#include "ipmpsc/schema/schema.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/hash/hash.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "ipmpsc/schema/descriptor_view.h"
#include "ipmpsc/schema/features.h"

namespace ipmpsc::schema {
namespace {

size_t PackageDepth(absl::string_view package) {
  if (package.empty()) return 0;
  return static_cast<size_t>(std::count(package.begin(), package.end(), '.')) + 1;
}

size_t CountTypes(const MessageView& message) {
  size_t count = 1 + message.enum_type.size();
  for (const MessageView& nested : message.nested_type) count += CountTypes(nested);
  return count;
}

// Returns an upper bound on the places for the types of a schema and their packages.
size_t CountPlaces(const FileSetView& files) {
  size_t count = 1;
  for (const FileView& file : files.file) {
    if (PackageDepth(file.package) > Schema::kMaxPackageDepth) continue;
    count += PackageDepth(file.package) + file.enum_type.size();
    for (const MessageView& message : file.message_type) count += CountTypes(message);
  }
  return count;
}

// At most two thirds of the slots are used.
size_t CountSlots(size_t places) {
  size_t slots = 8;
  while (slots < places + places / 2) slots *= 2;
  return slots;
}

}  // namespace

size_t Schema::BytesFor(const FileSetView& files) {
  const size_t places = CountPlaces(files);
  return places * sizeof(Place) + CountSlots(places) * sizeof(uint32_t);
}

Schema::Schema(const FileSetView& files) {
  const size_t count = CountPlaces(files);
  places_.reserve(count);
  places_.emplace_back();
  slots_.resize(CountSlots(count));
  for (const FileView& file : files.file) {
    if (PackageDepth(file.package) > kMaxPackageDepth) continue;
    uint32_t package = kRoot;
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
  uint32_t place = kRoot;
  for (const absl::string_view part : absl::StrSplit(name, '.')) {
    place = slots_[SlotOf(place, part)];
    if (place == kRoot) return nullptr;
  }
  return &places_[place].type;
}

// Returns the slot of the place, or the free slot where it would be. There is always a free slot.
size_t Schema::SlotOf(uint32_t parent, absl::string_view name) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = absl::HashOf(parent, name) & mask;
  for (; slots_[slot] != kRoot; slot = (slot + 1) & mask) {
    const Place& place = places_[slots_[slot]];
    if (place.parent == parent && place.name == name) break;
  }
  return slot;
}

uint32_t Schema::Enter(uint32_t parent, absl::string_view name) {
  const size_t slot = SlotOf(parent, name);
  if (slots_[slot] == kRoot) {
    slots_[slot] = static_cast<uint32_t>(places_.size());
    places_.push_back({name, parent, Type()});
  }
  return slots_[slot];
}

// Recurses as deep as the parser lets messages nest.
void Schema::AddMessage(uint32_t parent, const MessageView& message, Type type) {
  if (message.options != nullptr)
    type.features = Override(type.features, message.options->features);
  const uint32_t place = Enter(parent, message.name);
  for (const MessageView& nested : message.nested_type) AddMessage(place, nested, type);
  for (const EnumView& enum_type : message.enum_type) AddEnum(place, enum_type, type);
  type.message = &message;
  type.enum_type = places_[place].type.enum_type;
  places_[place].type = type;
}

void Schema::AddEnum(uint32_t parent, const EnumView& enum_type, Type type) {
  if (enum_type.options != nullptr)
    type.features = Override(type.features, enum_type.options->features);
  const uint32_t place = Enter(parent, enum_type.name);
  type.message = places_[place].type.message;
  type.enum_type = &enum_type;
  places_[place].type = type;
}

}  // namespace ipmpsc::schema
