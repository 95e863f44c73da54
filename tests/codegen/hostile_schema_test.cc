// Tests schemas that no protoc wrote. Their comparison ends soon with a verdict.
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "ipmpsc/info.pb.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/schema_differences.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/random_message.h"
#include "tests/codegen/schema_text.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::google::protobuf::DescriptorProto;
using ::google::protobuf::FieldDescriptorProto;
using ::ipmpsc::schema::CheckDescription;
using ::ipmpsc::schema::Describe;
using ::ipmpsc::schema::End;
using ::ipmpsc::schema::SchemaDifferences;
using ::ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

constexpr End kEnds[] = {End::kSender, End::kReceiver};

// Returns a channel's description that names p.M and has one file.
ipmpsc::ChannelInfo InfoOfM() {
  ipmpsc::ChannelInfo info;
  info.set_message("p.M");
  info.mutable_schema()->add_file()->set_package("p");
  return info;
}

FieldDescriptorProto* AddField(int number, FieldDescriptorProto::Type type,
                               DescriptorProto* message) {
  FieldDescriptorProto* const field = message->add_field();
  field->set_name(absl::StrCat("f", number));
  field->set_number(number);
  field->set_type(type);
  field->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  return field;
}

void ExpectVerdict(absl::string_view description) {
  ipmpsc::schema::MessageType type = camera::FrameChannel::kType;
  type.fingerprint = 1;  // so that no description passes by it
  for (const End end : kEnds) {
    const absl::StatusOr<SchemaDifferences> differences = CheckDescription(type, description, end);
    ASSERT_TRUE(differences.ok() || absl::IsFailedPrecondition(differences.status()))
        << differences.status();
  }
}

TEST(HostileSchemaTest, TruncatedSchemaIsRefused) {
  const std::string description = Describe(camera::FrameChannel::kType);
  for (size_t size = 0; size < description.size(); ++size) {
    // Has the exact size, so that AddressSanitizer detects a read behind it.
    const std::unique_ptr<char[]> bytes(new char[size]);
    description.copy(bytes.get(), size);
    ASSERT_NO_FATAL_FAILURE(ExpectVerdict(absl::string_view(bytes.get(), size))) << size;
  }
}

TEST(HostileSchemaTest, DamagedSchemaIsHandled) {
  Random random(1);
  const std::string description = Describe(camera::FrameChannel::kType);
  for (int i = 0; i < 500; ++i) {
    ASSERT_NO_FATAL_FAILURE(ExpectVerdict(DamageWire(random, description))) << i;
    ASSERT_NO_FATAL_FAILURE(ExpectVerdict(ShuffleWire(random, description))) << i;
  }
}

TEST(HostileSchemaTest, DeeperThanAnyMessage) {
  const SchemaText ours("proto3; message M { int32 f1 = 1; }");
  for (const int depth : {90, 200}) {
    ipmpsc::ChannelInfo info = InfoOfM();
    DescriptorProto* message = info.mutable_schema()->mutable_file(0)->add_message_type();
    message->set_name("M");
    for (int i = 0; i < depth; ++i) {
      message = message->add_nested_type();
      message->set_name("N");
    }
    for (const End end : kEnds) {
      const auto verdict = CheckDescription(ours.type(), info.SerializeAsString(), end);
      if (depth == 90) {
        EXPECT_OK(verdict);
      } else {
        EXPECT_THAT(verdict, StatusIs(StatusCode::kFailedPrecondition,
                                      HasSubstr("not an ipmpsc.ChannelInfo")));
      }
    }
  }
}

// Each message refers to the next. A recursion would overflow the stack.
TEST(HostileSchemaTest, LongChainOfMessages) {
  constexpr int kCount = 20000;
  ipmpsc::ChannelInfo info = InfoOfM();
  for (int i = 0; i < kCount; ++i) {
    const std::string name = i == 0 ? "M" : absl::StrCat("M", i);
    DescriptorProto* const message = info.mutable_schema()->mutable_file(0)->add_message_type();
    message->set_name(name);
    AddField(1, FieldDescriptorProto::TYPE_MESSAGE, message)
        ->set_type_name(absl::StrCat(".p.M", i + 1));
  }
  const SchemaText ours("proto3; message M { M1 f1 = 1; } message M1 { M f1 = 1; int32 a = 2; }");
  for (const End end : kEnds) {
    EXPECT_THAT(CheckDescription(ours.type(), info.SerializeAsString(), end),
                StatusIs(StatusCode::kFailedPrecondition,
                         HasSubstr("p.M1.f1: field 1 is p.M here, p.M2 in the channel")));
  }
}

TEST(HostileSchemaTest, ManyOfEverything) {
  constexpr int kCount = 20000;
  const SchemaText ours(
      "proto3; enum E { A = 0; } message M { map<int32, int32> f1 = 1; E f2 = 2; E f3 = 3; }");
  ipmpsc::ChannelInfo info = InfoOfM();
  auto* const file = info.mutable_schema()->mutable_file(0);
  file->set_syntax("proto3");
  auto* const e = file->add_enum_type();
  e->set_name("E");
  DescriptorProto* const message = file->add_message_type();
  message->set_name("M");
  for (int i = 0; i < kCount; ++i) {
    auto* const value = e->add_value();
    value->set_name(absl::StrCat("V", i));
    value->set_number(i);
    message->add_nested_type()->set_name("N");
    AddField(i + 2, FieldDescriptorProto::TYPE_ENUM, message)->set_type_name(".p.E");
  }
  for (const End end : kEnds) {
    ASSERT_OK_AND_ASSIGN(const SchemaDifferences differences,
                         CheckDescription(ours.type(), info.SerializeAsString(), end));
    EXPECT_EQ(differences.size(), 101);
  }

  // A map cannot have an entry with all these fields.
  FieldDescriptorProto* const map = AddField(1, FieldDescriptorProto::TYPE_MESSAGE, message);
  map->set_label(FieldDescriptorProto::LABEL_REPEATED);
  map->set_type_name(".p.M");
  message->mutable_options()->set_map_entry(true);
  EXPECT_THAT(CheckDescription(ours.type(), info.SerializeAsString(), End::kReceiver),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("p.M.f1: field 1 is map<int32, int32> here, repeated p.M in")));
}

TEST(HostileSchemaTest, MapOfItself) {
  const SchemaText ours("proto3; message M { map<int32, int32> f1 = 1; }");
  ipmpsc::ChannelInfo info = InfoOfM();
  auto* const file = info.mutable_schema()->mutable_file(0);
  file->set_syntax("proto3");
  DescriptorProto* const message = file->add_message_type();
  message->set_name("M");
  AddField(1, FieldDescriptorProto::TYPE_INT32, message);
  FieldDescriptorProto* const value = AddField(2, FieldDescriptorProto::TYPE_MESSAGE, message);
  value->set_label(FieldDescriptorProto::LABEL_REPEATED);
  value->set_type_name(".p.M");
  message->mutable_options()->set_map_entry(true);
  *message->mutable_field(0) = *value;
  message->mutable_field(0)->set_number(1);
  for (const End end : kEnds) {
    EXPECT_THAT(CheckDescription(ours.type(), info.SerializeAsString(), end),
                StatusIs(StatusCode::kFailedPrecondition,
                         HasSubstr("p.M.f1.key: field 1 is int32 here, map<")));
  }
}

TEST(HostileSchemaTest, NamesAreShownAsText) {
  const SchemaText ours("proto3; message M {}");
  ipmpsc::ChannelInfo info = InfoOfM();
  DescriptorProto* const message = info.mutable_schema()->mutable_file(0)->add_message_type();
  message->set_name("M");
  AddField(1, FieldDescriptorProto::TYPE_INT32, message)->set_name("a\n\033[2J");
  AddField(2, FieldDescriptorProto::TYPE_INT32, message)->set_name(std::string(100000, 'x'));
  ASSERT_OK_AND_ASSIGN(const SchemaDifferences differences,
                       CheckDescription(ours.type(), info.SerializeAsString(), End::kReceiver));
  EXPECT_THAT(differences,
              testing::ElementsAre("p.M.a\\n\\033[2J: field 1 is in the channel's schema only",
                                   absl::StrCat("p.M.", std::string(200, 'x'),
                                                "...: field 2 is in the channel's schema only")));
}

TEST(HostileSchemaTest, MissingDefinitionsAreReported) {
  const SchemaText ours("proto3; message M { M f1 = 1; }");
  const auto verdict = [&](const ipmpsc::ChannelInfo& info) {
    return CheckDescription(ours.type(), info.SerializeAsString(), End::kSender);
  };
  ipmpsc::ChannelInfo info = InfoOfM();
  EXPECT_THAT(verdict(info), StatusIs(StatusCode::kFailedPrecondition,
                                      HasSubstr("p.M: the channel's schema does not define it")));
  info.clear_schema();
  EXPECT_THAT(verdict(info), StatusIs(StatusCode::kFailedPrecondition,
                                      HasSubstr("p.M: the channel's schema does not define it")));
  info = InfoOfM();
  DescriptorProto* const message = info.mutable_schema()->mutable_file(0)->add_message_type();
  message->set_name("M");
  AddField(1, FieldDescriptorProto::TYPE_MESSAGE, message)->set_type_name("M");
  EXPECT_THAT(verdict(info), StatusIs(StatusCode::kFailedPrecondition,
                                      HasSubstr("field 1 is p.M here, M in the channel")));
  message->mutable_field(0)->clear_type();
  EXPECT_THAT(verdict(info),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("of unknown type 0 in the")));
  AddField(1, FieldDescriptorProto::TYPE_BOOL, message);
  EXPECT_THAT(verdict(info), StatusIs(StatusCode::kFailedPrecondition,
                                      HasSubstr("p.M: the channel's schema has two fields 1")));
}

}  // namespace
}  // namespace ipmpsc_test
