// CopiedType: gives a test access to a message type's protobuf class, view and writer by its name
// only.
#ifndef IPMPSC_TESTS_CODEGEN_COPIER_COPIED_TYPE_H_
#define IPMPSC_TESTS_CODEGEN_COPIER_COPIED_TYPE_H_

#include <functional>
#include <type_traits>

#include "google/protobuf/message.h"
#include "google/protobuf/message_lite.h"
#include "ipmpsc/view/view_access.h"
#include "ipmpsc/wire/message_table.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/codegen/copier/copy.h"

namespace ipmpsc_test::copier {

struct CopiedType {
  const google::protobuf::MessageLite* lite_prototype;
  const google::protobuf::Message* prototype;  // null where the class is a lite one
  const ipmpsc::wire::MessageTable* table;
  // Writes an object of the class.
  std::function<void(const google::protobuf::MessageLite&, Style, ipmpsc::writer::Draft*)> write;
  // Writes what a view shows, with its unknown fields.
  std::function<void(const void* view, Style, ipmpsc::writer::Draft*)> walk;
};

// REQUIRES: the header with the copier's function is included.
template <typename ProtobufMessage, typename View, typename Writer>
CopiedType Copied() {
  CopiedType type;
  type.lite_prototype = &ProtobufMessage::default_instance();
  type.prototype = nullptr;
  if constexpr (std::is_base_of_v<google::protobuf::Message, ProtobufMessage>)
    type.prototype = &ProtobufMessage::default_instance();
  type.table = &ipmpsc::view::ViewAccess::Table<View>();
  type.write = [](const google::protobuf::MessageLite& message, Style style,
                  ipmpsc::writer::Draft* draft) {
    Writer writer(draft);
    Copy(static_cast<const ProtobufMessage&>(message), style, &writer);
  };
  type.walk = [](const void* view, Style style, ipmpsc::writer::Draft* draft) {
    Writer writer(draft);
    Copy(*static_cast<const View*>(view), style, &writer);
  };
  return type;
}

}  // namespace ipmpsc_test::copier

#endif  // IPMPSC_TESTS_CODEGEN_COPIER_COPIED_TYPE_H_
