// Schema: the messages and enums of a google.protobuf.FileDescriptorSet, by name.
//
// The descriptors may be anybody's: what is wrong with them is told where it is met, and what
// nothing asks for is not looked at. Takes time in proportion to their size.
#ifndef IPMPSC_SCHEMA_SCHEMA_H_
#define IPMPSC_SCHEMA_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/schema/descriptor_view.h"
#include "ipmpsc/schema/features.h"

namespace ipmpsc::schema {

class Schema {
 public:
  // A message or an enum, or neither for a package.
  struct Type {
    const MessageView* message = nullptr;
    const EnumView* enum_type = nullptr;
    Features features = {};  // which fields inherit, or those of the enum
  };

  // Types in packages of more parts than this are not found.
  static constexpr size_t kMaxPackageDepth = 100;

  // Returns how many bytes a schema of `files` takes.
  static size_t BytesFor(const FileSetView& files);

  // REQUIRES: `files` outlives the schema.
  explicit Schema(const FileSetView& files ABSL_ATTRIBUTE_LIFETIME_BOUND);

  // Finds "camera.Frame", also with the leading dot of descriptors. Null if there is no such type.
  const Type* Find(absl::string_view name) const ABSL_ATTRIBUTE_LIFETIME_BOUND;

 private:
  // A package or a type: a name within a parent. Full names could each be as long as the
  // descriptors, for each type in them.
  struct Place {
    absl::string_view name;
    uint32_t parent;
    Type type;
  };

  static constexpr uint32_t kRoot = 0;

  size_t SlotOf(uint32_t parent, absl::string_view name) const;
  uint32_t Enter(uint32_t parent, absl::string_view name);
  // `type` has the features that the declaration inherits.
  void AddMessage(uint32_t parent, const MessageView& message, Type type);
  void AddEnum(uint32_t parent, const EnumView& enum_type, Type type);

  std::vector<Place> places_;    // the first is the root, which has no name
  std::vector<uint32_t> slots_;  // a hash table of indices of places; 0 is a free slot
};

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_SCHEMA_H_
