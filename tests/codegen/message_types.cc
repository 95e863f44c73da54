#include "tests/codegen/message_types.h"

#include <vector>

#include "google/protobuf/descriptor.ipmpsc.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/struct.ipmpsc.h"
#include "google/protobuf/struct.pb.h"
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
  };
}

}  // namespace ipmpsc_test
