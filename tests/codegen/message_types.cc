#include "tests/codegen/message_types.h"

#include <vector>

#include "google/protobuf/descriptor.ipmpsc.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/struct.ipmpsc.h"
#include "google/protobuf/struct.pb.h"
#include "ipmpsc/view/prefix.h"
#include "ipmpsc/wire/message_table.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/codegen/protos/legacy.ipmpsc.h"
#include "tests/codegen/protos/legacy.pb.h"
#include "tests/codegen/protos/names.ipmpsc.h"
#include "tests/codegen/protos/names.pb.h"
#include "tests/codegen/protos/proto2.ipmpsc.h"
#include "tests/codegen/protos/proto2.pb.h"
#include "tests/codegen/protos/proto3.ipmpsc.h"
#include "tests/codegen/protos/proto3.pb.h"

namespace ipmpsc_test {
namespace {

template <typename ProtobufMessage, typename View>
MessageType Type() {
  return {&ProtobufMessage::default_instance(), &ipmpsc::view::ViewAccess::Table<View>()};
}

// The table of a message that declares a channel.
template <typename View>
constexpr ipmpsc::wire::MessageTable TableWithPrefix() {
  ipmpsc::wire::MessageTable table = ipmpsc::view::ViewAccess::Table<View>();
  table.parse_prefix = &ipmpsc::view::ParsePrefix<&ipmpsc::view::ViewAccess::Table<View>()>;
  return table;
}
template <typename View>
constexpr ipmpsc::wire::MessageTable kTableWithPrefix = TableWithPrefix<View>();

template <typename ProtobufMessage, typename View>
MessageType WithPrefix() {
  return {&ProtobufMessage::default_instance(), &kTableWithPrefix<View>};
}

}  // namespace

std::vector<MessageType> AllMessageTypes() {
  return {
      Type<Scalars, ScalarsView>(),
      Type<Optionals, OptionalsView>(),
      Type<Repeateds, RepeatedsView>(),
      Type<Oneofs, OneofsView>(),
      Type<Maps, MapsView>(),
      Type<Tree, TreeView>(),
      Type<Nothing, NothingView>(),
      Type<v2::Defaults, v2::DefaultsView>(),
      Type<v2::Repeateds, v2::RepeatedsView>(),
      Type<v2::Required, v2::RequiredView>(),
      Type<v2::RequiredInside, v2::RequiredInsideView>(),
      Type<v2::Groups, v2::GroupsView>(),
      Type<v2::EnumMaps, v2::EnumMapsView>(),
      Type<v2::ManyHasBits, v2::ManyHasBitsView>(),
      Type<camera::Frame, camera::FrameView>(),
      Type<legacy::Reading, legacy::ReadingView>(),
      Type<names::Outer, names::OuterView>(),
      Type<names::Members, names::MembersView>(),
      Type<names::class_, names::classView>(),
      Type<google::protobuf::FileDescriptorProto, google::protobuf::FileDescriptorProtoView>(),
      Type<google::protobuf::Struct, google::protobuf::StructView>(),
      WithPrefix<Scalars, ScalarsView>(),
      WithPrefix<Optionals, OptionalsView>(),
      WithPrefix<Repeateds, RepeatedsView>(),
      WithPrefix<Oneofs, OneofsView>(),
      WithPrefix<Maps, MapsView>(),
      WithPrefix<Tree, TreeView>(),
      WithPrefix<v2::Defaults, v2::DefaultsView>(),
      WithPrefix<v2::Repeateds, v2::RepeatedsView>(),
      WithPrefix<v2::Required, v2::RequiredView>(),
      WithPrefix<v2::RequiredInside, v2::RequiredInsideView>(),
      WithPrefix<v2::Groups, v2::GroupsView>(),
      WithPrefix<v2::EnumMaps, v2::EnumMapsView>(),
      WithPrefix<v2::ManyHasBits, v2::ManyHasBitsView>(),
      WithPrefix<camera::Frame, camera::FrameView>(),
      WithPrefix<legacy::Reading, legacy::ReadingView>(),
      WithPrefix<names::Outer, names::OuterView>(),
      WithPrefix<names::Members, names::MembersView>(),
      WithPrefix<names::class_, names::classView>(),
      WithPrefix<google::protobuf::FileDescriptorProto,
                 google::protobuf::FileDescriptorProtoView>(),
      WithPrefix<google::protobuf::Struct, google::protobuf::StructView>(),
  };
}

}  // namespace ipmpsc_test
