// Schema: the messages and enums of a google.protobuf.FileDescriptorSet, by name.
//
// The descriptors may be anybody's: what is wrong with them is told where it is met, and what
// nothing asks for is not looked at. Takes time and memory in proportion to their size.
#ifndef IPMPSC_MESSAGE_SCHEMA_H_
#define IPMPSC_MESSAGE_SCHEMA_H_

#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/message/descriptor_view.h"
#include "ipmpsc/message/features.h"

namespace ipmpsc::message {

class Schema {
 public:
  // One of them, or neither where it is a package.
  struct Type {
    const MessageView* message = nullptr;
    const EnumView* enum_type = nullptr;
    Features features = {};  // which fields inherit, or of the enum
  };

  // REQUIRES: `files` outlives it.
  explicit Schema(const FileSetView& files ABSL_ATTRIBUTE_LIFETIME_BOUND);

  // "camera.Frame", also with the dot in front that descriptors give it. Null where there is none.
  const Type* Find(absl::string_view name) const ABSL_ATTRIBUTE_LIFETIME_BOUND;

 private:
  // Packages and types by the number of what they lie in and by their own name: names that are put
  // together could be as long as the descriptors, for each type in them.
  using Place = std::pair<size_t, absl::string_view>;

  size_t Enter(size_t parent, absl::string_view name);
  // `type` has what the declaration inherits.
  void AddMessage(size_t parent, const MessageView& message, Type type);
  void AddEnum(size_t parent, const EnumView& enum_type, Type type);

  std::vector<Type> types_{Type()};  // the first is what has no name
  absl::flat_hash_map<Place, size_t> places_;
};

}  // namespace ipmpsc::message

#endif  // IPMPSC_MESSAGE_SCHEMA_H_
