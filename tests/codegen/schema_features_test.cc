// Compares schemas of an edition, whose features replace the syntax, with schemas of proto2 and
// proto3 that mean the same or something else. The descriptors are built by hand, so that protobuf
// need not support editions.
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message_lite.h"
#include "gtest/gtest.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/message_type.h"
#include "ipmpsc/schema/schema_differences.h"
#include "tests/codegen/schema_text.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::google::protobuf::DescriptorProto;
using ::google::protobuf::FieldDescriptorProto;
using ::google::protobuf::FileDescriptorProto;
using ::ipmpsc::schema::CheckDescription;
using ::ipmpsc::schema::Describe;
using ::ipmpsc::schema::End;
using ::ipmpsc::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A field of google.protobuf.FeatureSet and a value of its enum.
struct Feature {
  int number;
  int value;
};
constexpr Feature kExplicit = {1, 1};
constexpr Feature kImplicit = {1, 2};
constexpr Feature kRequired = {1, 3};
constexpr Feature kOpen = {2, 1};
constexpr Feature kClosed = {2, 2};
constexpr Feature kPacked = {3, 1};
constexpr Feature kExpanded = {3, 2};
constexpr Feature kVerify = {4, 2};
constexpr Feature kNone = {4, 3};
constexpr Feature kLengthPrefixed = {5, 1};
constexpr Feature kDelimited = {5, 2};

// Encodes a message in another. REQUIRES: it is shorter than 128 bytes.
std::string Inside(int number, const std::string& message) {
  std::string wire;
  for (int tag = number << 3 | 2; tag != 0; tag >>= 7)
    wire += static_cast<char>((tag & 0x7f) | (tag > 0x7f ? 0x80 : 0));
  wire += static_cast<char>(message.size());
  return wire + message;
}

std::string Wire(Feature feature) {
  return {static_cast<char>(feature.number << 3), static_cast<char>(feature.value)};
}

// features.(pb.cpp).legacy_closed_enum
std::string LegacyClosedEnum(bool value) { return Inside(1000, Wire({1, value})); }

// `features` is the number of the features in these options.
void Add(int features, Feature feature, google::protobuf::MessageLite* options) {
  ASSERT_TRUE(options->MergeFromString(Inside(features, Wire(feature))));
}
void OfFile(Feature feature, FileDescriptorProto* file) {
  Add(50, feature, file->mutable_options());
}
void OfMessage(Feature feature, DescriptorProto* message) {
  Add(12, feature, message->mutable_options());
}
void OfField(Feature feature, FieldDescriptorProto* field) {
  Add(21, feature, field->mutable_options());
}

// The message M of an edition.
class EditionSchema {
 public:
  // Builds the proto2 file of this text, with features.
  EditionSchema(const std::string& fields,
                const std::function<void(FileDescriptorProto*, DescriptorProto*)>& add_features) {
    FileDescriptorProto file = SchemaText("proto2; message M { " + fields + " }").file();
    file.set_syntax("editions");
    add_features(&file, file.mutable_message_type(0));
    wire_ = file.SerializeAsString();
    description_.descriptor = wire_;
    static uint64_t fingerprints = 0;
    fingerprint_ = ++fingerprints;  // unique, so that the schemas are compared
  }

  ipmpsc::schema::MessageType type() const {
    ipmpsc::schema::MessageType type = {};
    type.name = "p.M";
    type.fingerprint = fingerprint_;
    type.file = &description_;
    return type;
  }

 private:
  uint64_t fingerprint_;
  std::string wire_;
  ipmpsc::schema::FileDescription description_ = {};
};

void NoFeatures(FileDescriptorProto*, DescriptorProto*) {}

// Returns the error of a receiver with the schema `ours` for a channel with `theirs`.
template <typename Ours, typename Theirs>
auto Received(const Ours& ours, const Theirs& theirs) {
  return CheckDescription(ours.type(), Describe(theirs.type()), End::kReceiver);
}

template <typename Ours, typename Theirs>
void ExpectSame(const Ours& ours, const Theirs& theirs) {
  ASSERT_OK_AND_ASSIGN(const auto received, Received(ours, theirs));
  EXPECT_THAT(received, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto sent, Received(theirs, ours));
  EXPECT_THAT(sent, IsEmpty());
}

constexpr char kFields[] =
    "enum E { A = 0; B = 1; } optional int32 a = 1; optional string b = 2; repeated int32 c = 3; "
    "optional E e = 4; optional M m = 5; oneof o { string s = 6; }";

TEST(SchemaFeaturesTest, WithoutFeaturesAsProto3WithPresence) {
  ExpectSame(EditionSchema(kFields, NoFeatures),
             SchemaText("proto3; message M { enum E { A = 0; B = 1; } optional int32 a = 1; "
                        "optional string b = 2; repeated int32 c = 3; optional E e = 4; "
                        "optional M m = 5; oneof o { string s = 6; } }"));
}

TEST(SchemaFeaturesTest, OfTheFileAsProto2) {
  ExpectSame(EditionSchema(kFields,
                           [](FileDescriptorProto* file, DescriptorProto*) {
                             OfFile(kClosed, file);
                             OfFile(kExpanded, file);
                             OfFile(kNone, file);
                           }),
             SchemaText(std::string("proto2; message M { ") + kFields + " }"));
}

TEST(SchemaFeaturesTest, OfTheFileAsProto3) {
  ExpectSame(EditionSchema(kFields, [](FileDescriptorProto* file,
                                       DescriptorProto*) { OfFile(kImplicit, file); }),
             SchemaText("proto3; message M { enum E { A = 0; B = 1; } int32 a = 1; string b = 2; "
                        "repeated int32 c = 3; E e = 4; M m = 5; oneof o { string s = 6; } }"));
}

TEST(SchemaFeaturesTest, NearerFeaturesOverride) {
  ExpectSame(EditionSchema(kFields,
                           [](FileDescriptorProto* file, DescriptorProto* message) {
                             for (const Feature feature : {kImplicit, kClosed, kExpanded, kNone})
                               OfFile(feature, file);
                             OfMessage(kPacked, message);
                             OfMessage(kNone, message);
                             Add(7, kOpen, message->mutable_enum_type(0)->mutable_options());
                             OfField(kVerify, message->mutable_field(1));
                             OfField(kExplicit, message->mutable_field(0));
                             OfField(kExplicit, message->mutable_field(1));
                             OfField(kExplicit, message->mutable_field(3));
                             Add(1, kVerify, message->mutable_oneof_decl(0)->mutable_options());
                           }),
             EditionSchema(kFields, NoFeatures));
}

TEST(SchemaFeaturesTest, EnumsThatFieldsCloseForCpp) {
  const char fields[] = "enum E { A = 0; B = 1; } optional E e = 1; optional E f = 2;";
  const auto close_enum = [](FileDescriptorProto*, DescriptorProto* message) {
    Add(7, kClosed, message->mutable_enum_type(0)->mutable_options());
  };
  const EditionSchema closed(fields, close_enum);
  const EditionSchema open(fields, NoFeatures);
  const EditionSchema legacy(fields, [](FileDescriptorProto* file, DescriptorProto*) {
    ASSERT_TRUE(file->mutable_options()->MergeFromString(Inside(50, LegacyClosedEnum(true))));
  });
  ExpectSame(legacy, closed);
  EXPECT_THAT(Received(legacy, open), StatusIs(StatusCode::kFailedPrecondition));
  // The nearest setting counts. An enum that is closed itself stays closed.
  const auto reopen = [](FileDescriptorProto* file, DescriptorProto* message) {
    ASSERT_TRUE(file->mutable_options()->MergeFromString(Inside(50, LegacyClosedEnum(true))));
    for (auto& field : *message->mutable_field())
      ASSERT_TRUE(field.mutable_options()->MergeFromString(Inside(21, LegacyClosedEnum(false))));
  };
  ExpectSame(EditionSchema(fields, reopen), open);
  ExpectSame(EditionSchema(fields,
                           [&](FileDescriptorProto* file, DescriptorProto* message) {
                             reopen(file, message);
                             close_enum(file, message);
                           }),
             closed);
}

TEST(SchemaFeaturesTest, DelimitedAsAGroup) {
  const EditionSchema delimited("message G { optional int32 x = 1; } optional G g = 1;",
                                [](FileDescriptorProto*, DescriptorProto* message) {
                                  OfField(kDelimited, message->mutable_field(0));
                                });
  ExpectSame(delimited,
             SchemaText("proto2; message M { optional group G = 1 { optional int32 x = 1; } }"));
  const EditionSchema prefixed("message G { optional int32 x = 1; } optional G g = 1;",
                               [](FileDescriptorProto* file, DescriptorProto* message) {
                                 OfFile(kDelimited, file);
                                 OfField(kLengthPrefixed, message->mutable_field(0));
                               });
  EXPECT_THAT(Received(prefixed, delimited),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("field 1 is p.M.G here, group p.M.G in the channel")));
}

TEST(SchemaFeaturesTest, MapsAreNeverDelimited) {
  const char fields[] = "map<int32, M> a = 1;";
  ExpectSame(EditionSchema(fields, [](FileDescriptorProto* file,
                                      DescriptorProto*) { OfFile(kDelimited, file); }),
             SchemaText("proto3; message M { map<int32, M> a = 1; }"));
}

TEST(SchemaFeaturesTest, Required) {
  const EditionSchema required("optional int32 a = 1;",
                               [](FileDescriptorProto*, DescriptorProto* message) {
                                 OfField(kRequired, message->mutable_field(0));
                               });
  ExpectSame(required, SchemaText("proto2; message M { required int32 a = 1; }"));
  EXPECT_THAT(Received(required, EditionSchema("optional int32 a = 1;", NoFeatures)),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("p.M.a: is required here, not in the channel")));
}

TEST(SchemaFeaturesTest, Differences) {
  const EditionSchema other(kFields, [](FileDescriptorProto*, DescriptorProto* message) {
    OfField(kImplicit, message->mutable_field(0));
    OfField(kNone, message->mutable_field(1));
    OfField(kExpanded, message->mutable_field(2));
  });
  ASSERT_OK_AND_ASSIGN(const auto differences, Received(EditionSchema(kFields, NoFeatures), other));
  EXPECT_THAT(differences, ElementsAre("p.M.a: has presence here, not in the channel",
                                       "p.M.b: is checked for UTF-8 here, not in the channel",
                                       "p.M.c: is packed here, not in the channel"));
  EXPECT_THAT(Received(EditionSchema(kFields,
                                     [](FileDescriptorProto*, DescriptorProto* message) {
                                       Add(7, kClosed,
                                           message->mutable_enum_type(0)->mutable_options());
                                     }),
                       other),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("p.M.e: the enum is open in the channel and closed here")));
}

// A value of a future edition.
TEST(SchemaFeaturesTest, UnknownValuesAreIgnored) {
  ExpectSame(EditionSchema(kFields,
                           [](FileDescriptorProto* file, DescriptorProto*) {
                             for (int number = 1; number < 9; ++number) OfFile({number, 9}, file);
                           }),
             EditionSchema(kFields, NoFeatures));
}

}  // namespace
}  // namespace ipmpsc_test
