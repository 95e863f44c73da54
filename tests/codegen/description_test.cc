// The description that generated code gives a channel is what a stranger needs to read its
// messages.
#include "ipmpsc/schema/description.h"

#include <memory>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "ipmpsc/info.ipmpsc.h"
#include "ipmpsc/info.pb.h"
#include "ipmpsc/view/arena.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/codegen/protos/proto2.ipmpsc.h"
#include "tests/codegen/protos/proto2.pb.h"

namespace ipmpsc_test {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::Message;

ipmpsc::ChannelInfo Info(const ipmpsc::schema::MessageType& type) {
  ipmpsc::ChannelInfo info;
  EXPECT_TRUE(info.ParseFromString(ipmpsc::schema::Describe(type)));
  return info;
}

// Builds the type as such a program does: the files in order, each once.
const Descriptor* Build(const ipmpsc::ChannelInfo& info, DescriptorPool* pool) {
  std::set<std::string> names;
  for (const auto& file : info.schema().file()) {
    EXPECT_TRUE(names.insert(file.name()).second) << file.name() << " is there twice";
    EXPECT_NE(pool->BuildFile(file), nullptr) << file.name();
    EXPECT_FALSE(file.has_source_code_info());
  }
  return pool->FindMessageTypeByName(info.message());
}

TEST(DescriptionTest, HasTheDeclaredContent) {
  const ipmpsc::ChannelInfo info = Info(camera::FrameChannel::kType);
  EXPECT_EQ(info.message(), "ipmpsc_test.camera.Frame");
  EXPECT_EQ(info.fingerprint(), camera::FrameChannel::kType.fingerprint);
  EXPECT_EQ(info.declaration().name(), "ipmpsc_test.camera.frames");
  EXPECT_EQ(info.declaration().capacity(), 67108864);
  EXPECT_EQ(info.declaration().max_senders(), 16);
  EXPECT_FALSE(Info(v2::DefaultsChannel::kType).has_declaration());
}

TEST(DescriptionTest, ProgramWithoutTheSchemaReadsTheMessages) {
  DescriptorPool pool;
  const Descriptor* const type = Build(Info(camera::FrameChannel::kType), &pool);
  ASSERT_NE(type, nullptr);
  camera::Frame frame;
  frame.set_width(7);
  (*frame.mutable_counters())["drops"] = 3;
  google::protobuf::DynamicMessageFactory factory(&pool);
  const std::unique_ptr<Message> read(factory.GetPrototype(type)->New());
  ASSERT_TRUE(read->ParseFromString(frame.SerializeAsString()));
  EXPECT_EQ(read->DebugString(), frame.DebugString());
}

// A pool fills in the parts that a description drops to save space.
TEST(DescriptionTest, SchemaIsTheWholeFile) {
  DescriptorPool pool;
  const Descriptor* const type = Build(Info(v2::RepeatedsChannel::kType), &pool);
  ASSERT_NE(type, nullptr);
  google::protobuf::FileDescriptorProto wanted;
  v2::Repeateds::descriptor()->file()->CopyTo(&wanted);
  v2::Repeateds::descriptor()->file()->CopyJsonNameTo(&wanted);
  google::protobuf::FileDescriptorProto got;
  type->file()->CopyTo(&got);
  type->file()->CopyJsonNameTo(&got);
  EXPECT_EQ(got.DebugString(), wanted.DebugString());
}

TEST(DescriptionTest, ViewReadsIt) {
  ipmpsc::view::Arena arena;
  const std::string description = ipmpsc::schema::Describe(camera::FrameChannel::kType);
  const ipmpsc::ChannelInfoView* const info = ipmpsc::ChannelInfoView::Parse(description, &arena);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->message(), "ipmpsc_test.camera.Frame");
  EXPECT_EQ(info->schema().file().size(), 4);
  EXPECT_EQ(info->schema().file(3).name(), "tests/codegen/protos/frame.proto");
}

}  // namespace
}  // namespace ipmpsc_test
