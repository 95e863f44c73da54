#include "codegen/fingerprint.h"

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace ipmpsc::codegen {
namespace {

using google::protobuf::FileDescriptorProto;

FileDescriptorProto File() {
  FileDescriptorProto file;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        name: "a.proto"
        package: "p"
        syntax: "proto3"
        message_type {
          name: "M"
          field { name: "n" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
          field { name: "e" number: 2 type: TYPE_ENUM label: LABEL_OPTIONAL type_name: ".p.E" }
          field { name: "o" number: 3 type: TYPE_MESSAGE label: LABEL_REPEATED type_name: ".p.O" }
        }
        message_type {
          name: "O"
          field { name: "m" number: 1 type: TYPE_MESSAGE label: LABEL_OPTIONAL type_name: ".p.M" }
          field { name: "r" number: 2 type: TYPE_INT64 label: LABEL_REPEATED }
        }
        enum_type {
          name: "E"
          value { name: "A" number: 0 }
          value { name: "B" number: 1 }
        }
      )pb",
      &file));
  return file;
}

uint64_t FingerprintOfM(const FileDescriptorProto& file) {
  google::protobuf::DescriptorPool pool;
  const auto* const built = pool.BuildFile(file);
  EXPECT_NE(built, nullptr);
  return built == nullptr ? 0 : Fingerprint(*pool.FindMessageTypeByName("p.M"));
}

// Existing channels contain fingerprints, so they must not change between versions.
TEST(FingerprintTest, IsStable) { EXPECT_EQ(FingerprintOfM(File()), 0xc7d43e9b0a9bb771); }

TEST(FingerprintTest, IgnoresPartsThatDoNotAffectMessages) {
  const uint64_t before = FingerprintOfM(File());
  FileDescriptorProto file = File();
  file.set_name("elsewhere/b.proto");
  file.mutable_options()->set_java_package("x");
  file.mutable_message_type(0)->mutable_options()->set_deprecated(true);
  file.mutable_message_type(0)->add_reserved_name("gone");
  file.mutable_message_type(0)->mutable_field(0)->mutable_options()->set_deprecated(true);
  file.mutable_message_type(0)->mutable_field(0)->set_json_name("other");
  file.mutable_message_type(0)->add_nested_type()->set_name("Unused");
  file.add_message_type()->set_name("Unrelated");
  file.mutable_message_type()->SwapElements(0, 1);
  EXPECT_EQ(FingerprintOfM(file), before);
}

TEST(FingerprintTest, ChangesWithPartsThatAffectMessages) {
  const uint64_t before = FingerprintOfM(File());
  FileDescriptorProto file = File();
  file.mutable_message_type(0)->mutable_field(0)->set_type(
      google::protobuf::FieldDescriptorProto::TYPE_SINT32);
  EXPECT_NE(FingerprintOfM(file), before) << "type";

  file = File();
  file.mutable_message_type(0)->mutable_field(0)->set_number(9);
  EXPECT_NE(FingerprintOfM(file), before) << "number";

  file = File();
  file.mutable_message_type(0)->mutable_field(0)->set_name("other");
  EXPECT_NE(FingerprintOfM(file), before) << "name";

  file = File();
  file.mutable_message_type(1)->mutable_field(0)->set_number(9);
  EXPECT_NE(FingerprintOfM(file), before) << "a message inside";

  file = File();
  file.mutable_message_type(1)->mutable_field(1)->mutable_options()->set_packed(false);
  EXPECT_NE(FingerprintOfM(file), before) << "packed";

  file = File();
  file.mutable_enum_type(0)->mutable_value(1)->set_number(2);
  EXPECT_NE(FingerprintOfM(file), before) << "an enum inside";

  file = File();
  file.clear_syntax();  // proto2
  EXPECT_NE(FingerprintOfM(file), before) << "syntax";
}

}  // namespace
}  // namespace ipmpsc::codegen
