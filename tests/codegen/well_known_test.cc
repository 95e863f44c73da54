// Tests that the headers of protobuf's own files compile together and their views can be read.
#include <string>

#include "google/protobuf/any.ipmpsc.h"
#include "google/protobuf/api.ipmpsc.h"
#include "google/protobuf/compiler/plugin.ipmpsc.h"
#include "google/protobuf/descriptor.ipmpsc.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/duration.ipmpsc.h"
#include "google/protobuf/empty.ipmpsc.h"
#include "google/protobuf/field_mask.ipmpsc.h"
#include "google/protobuf/source_context.ipmpsc.h"
#include "google/protobuf/struct.ipmpsc.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.ipmpsc.h"
#include "google/protobuf/type.ipmpsc.h"
#include "google/protobuf/wrappers.ipmpsc.h"
#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"

namespace {

TEST(WellKnownTest, DescriptorOfDescriptors) {
  google::protobuf::FileDescriptorProto file;
  google::protobuf::FileDescriptorProto::descriptor()->file()->CopyTo(&file);
  const std::string wire = file.SerializeAsString();
  ipmpsc::view::Arena arena;
  const auto* const view = google::protobuf::FileDescriptorProtoView::Parse(wire, &arena);
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->package(), "google.protobuf");
  ASSERT_EQ(view->message_type_size(), file.message_type_size());
  EXPECT_EQ(view->message_type(2).field(3).name(), file.message_type(2).field(3).name());
  EXPECT_EQ(view->ToMessage().SerializeAsString(), wire);
}

TEST(WellKnownTest, Struct) {
  google::protobuf::Struct message;
  (*message.mutable_fields())["a"].mutable_list_value()->add_values()->set_number_value(2);
  const std::string wire = message.SerializeAsString();
  ipmpsc::view::Arena arena;
  const auto* const view = google::protobuf::StructView::Parse(wire, &arena);
  ASSERT_NE(view, nullptr);
  const google::protobuf::ValueView& value = (*view->fields().find("a")).value();
  EXPECT_EQ(value.kind_case(), google::protobuf::ValueView::kListValue);
  EXPECT_EQ(value.list_value().values(0).number_value(), 2);
}

}  // namespace
