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
  // One of them, or neither where it is a package.
  struct Type {
    const MessageView* message = nullptr;
    const EnumView* enum_type = nullptr;
    Features features = {};  // which fields inherit, or of the enum
  };

  // A package of more parts than this is that of nobody: what lies in it is not there.
  static constexpr size_t kMaxPackageDepth = 100;

  // How many bytes a schema of `files` takes.
  static size_t BytesFor(const FileSetView& files);

  // REQUIRES: `files` outlives it.
  explicit Schema(const FileSetView& files ABSL_ATTRIBUTE_LIFETIME_BOUND);

  // "camera.Frame", also with the dot in front that descriptors give it. Null where there is none.
  const Type* Find(absl::string_view name) const ABSL_ATTRIBUTE_LIFETIME_BOUND;

 private:
  // A package or a type lies in another, and has a name of its own there: names that are put
  // together could be as long as the descriptors, for each type in them.
  struct Place {
    absl::string_view name;
    uint32_t parent;
    Type type;
  };

  static constexpr uint32_t kRoot = 0;

  size_t SlotOf(uint32_t parent, absl::string_view name) const;
  uint32_t Enter(uint32_t parent, absl::string_view name);
  // `type` has what the declaration inherits.
  void AddMessage(uint32_t parent, const MessageView& message, Type type);
  void AddEnum(uint32_t parent, const EnumView& enum_type, Type type);

  std::vector<Place> places_;    // the first is what has no name
  std::vector<uint32_t> slots_;  // a hash table of indices of places, 0 where a slot is free
};

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_SCHEMA_H_
