// Tests the result of writing a message by one schema and reading it by another. Covers every row
// of the table in docs/codegen.md, and whether the verdict holds for random messages.
#include <memory>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/message_type.h"
#include "ipmpsc/schema/schema_differences.h"
#include "tests/codegen/random_message.h"
#include "tests/codegen/schema_text.h"
#include "tests/codegen/value_difference.h"
#include "tests/testing/quiet_protobuf.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::schema::CheckDescription;
using ::ipmpsc::schema::Describe;
using ::ipmpsc::schema::End;
using ::ipmpsc::schema::SchemaDifferences;
using ::ipmpsc::testing::StatusIs;
using ::testing::HasSubstr;

enum Verdict {
  kCompatible,
  kRefused,         // some messages are rejected, or read with other values
  kRefusedToBeSafe  // no message of protobuf's own classes is, or no likely one
};

struct Row {
  const char* name;
  const char* writer;
  const char* reader;
  Verdict verdict;
  // A part of the error of a sender with the writer's schema on a channel with the reader's, and of
  // a receiver with the reader's schema on a channel with the writer's. Empty without an error.
  const char* at_sender;
  const char* at_receiver;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

#define P2(fields) "proto2; message M { " fields " }"
#define P3(fields) "proto3; message M { " fields " }"
#define E "enum E { A = 0; B = 1; } "

const Row kRows[] = {
    {"FieldOrder", P3("int32 a = 1; int32 b = 2;"), P3("int32 b = 2; int32 a = 1;"), kCompatible,
     "", ""},

    {"FieldAddedByWriter", P3("int32 a = 1; int32 b = 2;"), P3("int32 a = 1;"), kCompatible,
     "p.M.b: field 2 is not in the channel's schema", "p.M.b: field 2 is in the channel's schema"},
    {"FieldAddedByReader", P3("int32 a = 1;"), P3("int32 a = 1; int32 b = 2;"), kCompatible,
     "p.M.b: field 2 is in the channel's schema", "p.M.b: field 2 is not in the channel's schema"},
    {"FieldRenamed", P3("int32 a = 1;"), P3("int32 b = 1;"), kCompatible,
     "p.M.a: field 1 is called b in the channel", "p.M.b: field 1 is called a in the channel"},
    {"FieldRenumbered", P3("int32 a = 1;"), P3("int32 a = 2;"), kRefusedToBeSafe,
     "p.M.a: is field 1 here, field 2 in the channel",
     "p.M.a: is field 2 here, field 1 in the channel"},
    {"FieldsSwapped", P3("int32 a = 1; int32 b = 2;"), P3("int32 a = 2; int32 b = 1;"),
     kRefusedToBeSafe, "p.M.a: is field 1 here, field 2 in the channel",
     "p.M.b: is field 1 here, field 2 in the channel"},

    {"RequiredAddedByWriter", P2("required int32 a = 1;"), P2(""), kCompatible,
     "p.M.a: field 1 is not in the channel's schema", "p.M.a: field 1 is in the channel's schema"},
    {"RequiredAddedByReader", P2(""), P2("required int32 a = 1;"), kRefused,
     "p.M.a: field 1 is required in the channel, and not in the schema here",
     "p.M.a: field 1 is required here, and not in the channel's schema"},
    {"RequiredToOptional", P2("required int32 a = 1;"), P2("optional int32 a = 1;"), kCompatible,
     "p.M.a: is required here, not in the channel", "p.M.a: is required in the channel only"},
    {"OptionalToRequired", P2("optional int32 a = 1;"), P2("required int32 a = 1;"), kRefused,
     "p.M.a: is required in the channel, not here", "p.M.a: is required here, not in the channel"},
    {"ImplicitToRequired", P3("int32 a = 1;"), P2("required int32 a = 1;"), kRefused,
     "p.M.a: is required in the channel, not here", "p.M.a: is required here, not in the channel"},

    {"PresenceLost", P3("optional int32 a = 1;"), P3("int32 a = 1;"), kCompatible,
     "p.M.a: has presence here", "p.M.a: has presence in the channel only"},
    {"PresenceWon", P3("int32 a = 1;"), P3("optional int32 a = 1;"), kCompatible,
     "p.M.a: has presence in the channel only", "p.M.a: has presence here"},
    {"DefaultChanged", P2("optional int32 a = 1 [default = 5];"),
     P2("optional int32 a = 1 [default = 7];"), kCompatible,
     "p.M.a: its default is \"5\" here, \"7\" in the channel",
     "p.M.a: its default is \"7\" here, \"5\" in the channel"},
    {"ZeroIsNotSentAndReadAsDefault", P3("int32 a = 1;"), P2("optional int32 a = 1 [default = 7];"),
     kRefused, "p.M.a: a zero is not sent here, and an absent field is \"7\" in the channel",
     "p.M.a: a zero is not sent in the channel, and an absent field is \"7\" here"},
    {"EmptyTextIsNotSentAndReadAsDefault", P3("string a = 1;"),
     P2("optional string a = 1 [default = \"0\"];"), kRefused, "a zero is not sent here",
     "a zero is not sent in the channel"},
    {"ZeroIsNotSentAndReadAsZero", P3("int32 a = 1; bool b = 2; double c = 3;"),
     P2("optional int32 a = 1 [default = 0]; optional bool b = 2 [default = false];"
        "optional double c = 3 [default = 0];"),
     kCompatible, "p.M.a: has presence in the channel only", "p.M.a: has presence here"},

    {"Int32ToInt64", P3("int32 a = 1;"), P3("int64 a = 1;"), kCompatible,
     "p.M.a: field 1 is int32 here, int64 in the channel",
     "p.M.a: field 1 is int64 here, int32 in the channel"},
    {"Int64ToInt32", P3("int64 a = 1;"), P3("int32 a = 1;"), kRefused,
     "p.M.a: field 1 is int64 here, int32 in the channel",
     "p.M.a: field 1 is int32 here, int64 in the channel"},
    {"Uint32ToUint64", P3("uint32 a = 1;"), P3("uint64 a = 1;"), kCompatible, "is uint32 here",
     "is uint64 here"},
    {"Uint32ToInt64", P3("uint32 a = 1;"), P3("int64 a = 1;"), kCompatible, "is uint32 here",
     "is int64 here"},
    {"Uint32ToInt32", P3("uint32 a = 1;"), P3("int32 a = 1;"), kRefused, "is uint32 here",
     "is int32 here"},
    {"Int32ToUint32", P3("int32 a = 1;"), P3("uint32 a = 1;"), kRefused, "is int32 here",
     "is uint32 here"},
    {"Int32ToUint64", P3("int32 a = 1;"), P3("uint64 a = 1;"), kRefused, "is int32 here",
     "is uint64 here"},
    {"Uint64ToInt64", P3("uint64 a = 1;"), P3("int64 a = 1;"), kRefused, "is uint64 here",
     "is int64 here"},
    {"BoolToUint32", P3("bool a = 1;"), P3("uint32 a = 1;"), kCompatible, "is bool here",
     "is uint32 here"},
    {"Int32ToBool", P3("int32 a = 1;"), P3("bool a = 1;"), kRefused, "is int32 here",
     "is bool here"},
    {"RepeatedInt32ToInt64", P3("repeated int32 a = 1;"), P3("repeated int64 a = 1;"), kCompatible,
     "is repeated int32 here", "is repeated int64 here"},
    {"EnumToInt32", P3(E "E a = 1;"), P3("int32 a = 1;"), kCompatible,
     "p.M.a: field 1 is p.M.E here, int32 in the channel",
     "p.M.a: field 1 is int32 here, p.M.E in the channel"},
    {"ClosedEnumToInt64", P2(E "optional E a = 1;"), P2("optional int64 a = 1;"), kCompatible,
     "is p.M.E here", "is int64 here"},
    {"Int32ToOpenEnum", P3("int32 a = 1;"), P3(E "E a = 1;"), kCompatible, "is int32 here",
     "is p.M.E here"},
    {"BoolToOpenEnum", P3("bool a = 1;"), P3(E "E a = 1;"), kCompatible, "is bool here",
     "is p.M.E here"},
    {"Int32ToClosedEnum", P2("optional int32 a = 1;"), P2(E "optional E a = 1;"), kRefused,
     "is int32 here", "is p.M.E here"},
    {"EnumToUint32", P3(E "E a = 1;"), P3("uint32 a = 1;"), kRefusedToBeSafe, "is p.M.E here",
     "is uint32 here"},
    {"Sint32ToSint64", P3("sint32 a = 1;"), P3("sint64 a = 1;"), kCompatible, "is sint32 here",
     "is sint64 here"},
    {"Sint64ToSint32", P3("sint64 a = 1;"), P3("sint32 a = 1;"), kRefused, "is sint64 here",
     "is sint32 here"},
    {"Sint32ToInt32", P3("sint32 a = 1;"), P3("int32 a = 1;"), kRefused, "is sint32 here",
     "is int32 here"},
    {"Int32ToSint32", P3("int32 a = 1;"), P3("sint32 a = 1;"), kRefused, "is int32 here",
     "is sint32 here"},
    {"Fixed32ToUint32", P3("fixed32 a = 1;"), P3("uint32 a = 1;"), kRefused, "is fixed32 here",
     "is uint32 here"},
    {"Uint64ToFixed64", P3("uint64 a = 1;"), P3("fixed64 a = 1;"), kRefused, "is uint64 here",
     "is fixed64 here"},
    {"Fixed32ToSfixed32", P3("fixed32 a = 1;"), P3("sfixed32 a = 1;"), kRefused, "is fixed32 here",
     "is sfixed32 here"},
    {"Fixed32ToFloat", P3("fixed32 a = 1;"), P3("float a = 1;"), kRefused, "is fixed32 here",
     "is float here"},
    {"FloatToDouble", P3("float a = 1;"), P3("double a = 1;"), kRefused, "is float here",
     "is double here"},
    {"Fixed32ToFixed64", P3("fixed32 a = 1;"), P3("fixed64 a = 1;"), kRefused, "is fixed32 here",
     "is fixed64 here"},

    {"StringToBytes", P3("string a = 1;"), P3("bytes a = 1;"), kCompatible, "is string here",
     "is bytes here"},
    {"BytesToString", P3("bytes a = 1;"), P3("string a = 1;"), kRefused, "is bytes here",
     "is string here"},
    {"StringThatIsChecked", P2("optional string a = 1;"), P3("optional string a = 1;"), kCompatible,
     "p.M.a: is checked for UTF-8 in the channel only",
     "p.M.a: is checked for UTF-8 here, not in the channel"},
    {"StringToMessage", P3("string a = 1;"), P3("message N {} N a = 1;"), kRefused,
     "field 1 is string here, p.M.N in the channel",
     "field 1 is p.M.N here, string in the channel"},
    {"MessageToBytes", P3("message N { int32 x = 1; } N a = 1;"), P3("bytes a = 1;"),
     kRefusedToBeSafe, "is p.M.N here", "is bytes here"},
    {"StringToInt32", P3("string a = 1;"), P3("int32 a = 1;"), kRefused, "is string here",
     "is int32 here"},

    {"SingularToRepeated", P3("int32 a = 1;"), P3("repeated int32 a = 1;"), kRefused,
     "p.M.a: field 1 is int32 here, repeated int32 in the channel", "is repeated int32 here"},
    {"RepeatedToSingular", P3("repeated string a = 1;"), P3("string a = 1;"), kRefused,
     "is repeated string here", "is string here"},
    {"PackedToUnpacked", P3("repeated int32 a = 1;"), P3("repeated int32 a = 1 [packed = false];"),
     kCompatible, "p.M.a: is packed here, not in the channel",
     "p.M.a: is packed in the channel only"},
    {"UnpackedToPacked", P2("repeated int32 a = 1;"), P2("repeated int32 a = 1 [packed = true];"),
     kCompatible, "p.M.a: is packed in the channel only", "p.M.a: is packed here"},

    {"OneofOfWhatCouldBothBeSet", P3("int32 a = 1; int32 b = 2;"),
     P3("oneof o { int32 a = 1; int32 b = 2; }"), kRefused,
     "p.M.b: shares oneof o with a in the channel, so one of them is lost",
     "p.M.b: shares oneof o with a here, so one of them is lost"},
    {"OneofsMerged", P3("oneof o { int32 a = 1; } oneof q { int32 b = 2; }"),
     P3("oneof o { int32 a = 1; int32 b = 2; }"), kRefused, "p.M.b: shares oneof o with a",
     "p.M.b: shares oneof o with a"},
    {"OneofWithOneFieldThatWas", P3("int32 a = 1;"), P3("oneof o { int32 a = 1; int32 b = 2; }"),
     kCompatible, "p.M.a: is in no oneof here, in oneof o in the channel",
     "p.M.a: is in oneof o here, in no oneof in the channel"},
    {"OneofDissolved", P3("oneof o { int32 a = 1; int32 b = 2; }"), P3("int32 a = 1; int32 b = 2;"),
     kCompatible, "p.M.b: is in oneof o here, in no oneof in the channel",
     "p.M.b: is in no oneof here, in oneof o in the channel"},
    {"OneofRenamed", P3("oneof o { int32 a = 1; int32 b = 2; }"),
     P3("oneof q { int32 a = 1; int32 b = 2; }"), kCompatible,
     "p.M.a: is in oneof o here, in oneof q in the channel", "p.M.a: is in oneof q here"},
    {"MemberAddedByWriter", P3("oneof o { int32 a = 1; int32 b = 2; }"),
     P3("oneof o { int32 a = 1; }"), kCompatible, "p.M.b: field 2 is not in the channel's schema",
     "p.M.b: field 2 is in the channel's schema only"},

    {"OpenEnumValueAddedByWriter", P3("enum E { A = 0; B = 1; C = 2; } E a = 1;"), P3(E "E a = 1;"),
     kCompatible, "p.M.E.C: 2 is not in the channel's schema",
     "p.M.E.C: 2 is in the channel's schema only"},
    {"ClosedEnumValueAddedByWriter", P2("enum E { A = 0; B = 1; C = 2; } optional E a = 1;"),
     P2(E "optional E a = 1;"), kRefused,
     "p.M.E.C: 2 is not in the channel's schema, whose receivers lose it",
     "p.M.E.C: 2 is in the channel's schema only, and this receiver loses it"},
    {"ClosedEnumValueAddedByReader", P2(E "optional E a = 1;"),
     P2("enum E { A = 0; B = 1; C = 2; } optional E a = 1;"), kCompatible,
     "p.M.E.C: 2 is in the channel's schema only", "p.M.E.C: 2 is not in the channel's schema"},
    {"EnumValueRenamed", P3(E "E a = 1;"), P3("enum E { A = 0; C = 1; } E a = 1;"), kCompatible,
     "p.M.E.B: 1 is called C in the channel", "p.M.E.C: 1 is called B in the channel"},
    {"EnumValueRenumbered", P3(E "E a = 1;"), P3("enum E { A = 0; B = 2; } E a = 1;"),
     kRefusedToBeSafe, "p.M.E.B: is 1 here, 2 in the channel",
     "p.M.E.B: is 2 here, 1 in the channel"},
    {"EnumAliasAdded", P3(E "E a = 1;"),
     P3("enum E { option allow_alias = true; A = 0; B = 1; C = 1; } E a = 1;"), kCompatible, "",
     "p.M.E.C: 1 is called B in the channel"},
    {"EnumOpenToClosed", P3(E "optional E a = 1;"), P2(E "optional E a = 1;"), kRefusedToBeSafe,
     "p.M.a: the enum is open here and closed in the channel",
     "p.M.a: the enum is open in the channel and closed here"},
    {"EnumClosedToOpen", P2(E "optional E a = 1;"), P3(E "optional E a = 1;"), kCompatible,
     "p.M.a: the enum is closed here and open in the channel",
     "p.M.a: the enum is closed in the channel and open here"},
    {"OtherEnum", P3(E "E a = 1;"), P3("enum F { A = 0; B = 1; } F a = 1;"), kRefusedToBeSafe,
     "field 1 is p.M.E here, p.M.F in the channel", "field 1 is p.M.F here, p.M.E in the channel"},

    {"WithinAMessage", "proto3; message N { int32 x = 1; } message M { repeated N n = 1; }",
     "proto3; message N { string x = 1; } message M { repeated N n = 1; }", kRefused,
     "p.N.x: field 1 is int32 here, string in the channel",
     "p.N.x: field 1 is string here, int32 in the channel"},
    {"WithinARecursiveMessage", P3("M m = 1; repeated M more = 2; uint32 a = 3;"),
     P3("M m = 1; repeated M more = 2; uint64 a = 3;"), kCompatible,
     "p.M.a: field 3 is uint32 here", "p.M.a: field 3 is uint64 here"},
    {"WithinWhatOnlyOneHas",
     "proto2; message N { required int32 x = 1; } message M { optional N n = 1; }",
     "proto2; message N {} message M {}", kCompatible, "p.M.n: field 1 is not in the channel's",
     "p.M.n: field 1 is in the channel's schema only"},
    {"OtherMessage", P3("message N { int32 x = 1; } N a = 1;"),
     P3("message O { int32 x = 1; } O a = 1;"), kRefusedToBeSafe,
     "field 1 is p.M.N here, p.M.O in the channel", "field 1 is p.M.O here, p.M.N in the channel"},
    {"GroupToMessage", P2("optional group G = 1 { optional int32 x = 1; }"),
     P2("message G { optional int32 x = 1; } optional G g = 1;"), kRefused,
     "field 1 is group p.M.G here, p.M.G in the channel",
     "field 1 is p.M.G here, group p.M.G in the channel"},
    {"WithinAGroup", P2("repeated group G = 1 { optional int32 x = 1; }"),
     P2("repeated group G = 1 { optional string x = 1; }"), kRefused, "p.M.G.x: field 1 is int32",
     "p.M.G.x: field 1 is string"},

    {"MapValueWidened", P3("map<string, int32> a = 1;"), P3("map<string, int64> a = 1;"),
     kCompatible, "p.M.a.value: field 2 is int32 here, int64 in the channel",
     "p.M.a.value: field 2 is int64 here, int32 in the channel"},
    {"MapValueNarrowed", P3("map<string, int64> a = 1;"), P3("map<string, int32> a = 1;"), kRefused,
     "p.M.a.value: field 2 is int64 here", "p.M.a.value: field 2 is int32 here"},
    {"MapKeyChanged", P3("map<int32, int32> a = 1;"), P3("map<sint32, int32> a = 1;"), kRefused,
     "p.M.a.key: field 1 is int32 here", "p.M.a.key: field 1 is sint32 here"},
    {"MapRenamed", P3("map<int32, int32> a = 1;"), P3("map<int32, int32> b = 1;"), kCompatible,
     "p.M.a: field 1 is called b in the channel", "p.M.b: field 1 is called a in the channel"},
    {"MapToEntries", P3("map<string, int32> a = 1;"),
     P3("message N { string key = 1; int32 value = 2; } repeated N a = 1;"), kRefusedToBeSafe,
     "field 1 is map<string, int32> here, repeated p.M.N in the channel",
     "field 1 is repeated p.M.N here, map<string, int32> in the channel"},
    {"WithinAMap", "proto3; message N { int32 x = 1; } message M { map<int32, N> n = 1; }",
     "proto3; message N { string x = 1; } message M { map<int32, N> n = 1; }", kRefused,
     "p.N.x: field 1 is int32", "p.N.x: field 1 is string"},

    {"Extensions", P2("optional int32 a = 1; extensions 100 to 200;"), P2("optional int32 a = 1;"),
     kCompatible, "", ""},
    {"MessageSet", P2("extensions 4 to max;"),
     P2("option message_set_wire_format = true; extensions 4 to max;"), kRefusedToBeSafe,
     "p.M: it has the wire format of a message set on one side only",
     "p.M: it has the wire format of a message set on one side only"},
};

class SchemaVerdictTest : public testing::TestWithParam<Row> {
 protected:
  SchemaVerdictTest() : writer_(GetParam().writer), reader_(GetParam().reader) {}

  void ExpectVerdict(const absl::StatusOr<SchemaDifferences>& differences, const char* text) {
    if (GetParam().verdict == kCompatible) {
      ASSERT_OK(differences);
      if (*text == '\0') {
        EXPECT_THAT(*differences, testing::IsEmpty());
      } else {
        EXPECT_THAT(*differences, testing::Contains(HasSubstr(text)));
      }
    } else {
      EXPECT_THAT(differences,
                  StatusIs(StatusCode::kFailedPrecondition,
                           testing::AllOf(HasSubstr(text), HasSubstr("an incompatible schema"))));
    }
  }

  // Returns what the reader changes in random messages of the writer, or "" if all are equal.
  std::string Harm() {
    const ipmpsc::testing::QuietProtobuf silencer;  // a missing required field is logged
    Random random(1);
    for (int i = 0; i < 500; ++i) {
      const std::unique_ptr<google::protobuf::Message> written = writer_.NewMessage();
      FillRandomly(random, 3, written.get());
      // Reflection can set a map key twice. Of a oneof, the last field counts.
      EXPECT_TRUE(written->ParseFromString(DeterministicWire(*written)));
      const std::unique_ptr<google::protobuf::Message> read = reader_.NewMessage();
      if (!read->ParseFromString(DeterministicWire(*written)))
        return absl::StrCat("rejected: ", written->ShortDebugString());
      const std::string difference = ValueDifference(*written, *read);
      if (!difference.empty()) return difference;
    }
    return "";
  }

  SchemaText writer_;
  SchemaText reader_;
};

TEST_P(SchemaVerdictTest, SenderVerdicts) {
  ExpectVerdict(CheckDescription(writer_.type(), Describe(reader_.type()), End::kSender),
                GetParam().at_sender);
}

TEST_P(SchemaVerdictTest, ReceiverVerdicts) {
  ExpectVerdict(CheckDescription(reader_.type(), Describe(writer_.type()), End::kReceiver),
                GetParam().at_receiver);
}

TEST_P(SchemaVerdictTest, VerdictsHoldForMessages) {
  if (GetParam().verdict == kCompatible) {
    EXPECT_EQ(Harm(), "");
  } else if (GetParam().verdict == kRefused) {
    EXPECT_NE(Harm(), "");
  }
}

// A schema is compatible with itself and has no differences.
TEST_P(SchemaVerdictTest, Identical) {
  for (const SchemaText* schema : {&writer_, &reader_}) {
    for (const End end : {End::kSender, End::kReceiver}) {
      ipmpsc::schema::MessageType type = schema->type();
      const std::string description = Describe(type);
      ASSERT_OK_AND_ASSIGN(const SchemaDifferences differences,
                           CheckDescription(type, description, end));
      EXPECT_THAT(differences, testing::IsEmpty());
      type.fingerprint += 1;  // forces the comparison
      ASSERT_OK_AND_ASSIGN(const SchemaDifferences looked_at,
                           CheckDescription(type, description, end));
      EXPECT_THAT(looked_at, testing::IsEmpty());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, SchemaVerdictTest, testing::ValuesIn(kRows),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(SchemaVerdictTest, EveryReasonIsReported) {
  const SchemaText ours(P3("int32 a = 1; string b = 2; bool c = 3;"));
  const SchemaText theirs(P3("string a = 1; int32 b = 2; bool d = 3;"));
  EXPECT_THAT(CheckDescription(ours.type(), Describe(theirs.type()), End::kReceiver),
              StatusIs(StatusCode::kFailedPrecondition,
                       "the channel carries p.M with an incompatible schema; cannot attach a "
                       "receiver: p.M.a: field 1 is int32 here, string in the "
                       "channel; p.M.b: field 2 is string here, int32 in the channel"));
}

TEST(SchemaVerdictTest, LongListsAreCut) {
  std::string fields;
  for (int i = 2; i < 302; ++i) absl::StrAppend(&fields, "int32 f", i, " = ", i, ";");
  const SchemaText ours(P3("int32 a = 1;"));
  const SchemaText theirs(absl::StrCat("proto3; message M { int32 a = 1; ", fields, " }"));
  ASSERT_OK_AND_ASSIGN(const SchemaDifferences differences,
                       CheckDescription(ours.type(), Describe(theirs.type()), End::kReceiver));
  ASSERT_EQ(differences.size(), 101);
  EXPECT_EQ(differences[99], "p.M.f101: field 101 is in the channel's schema only");
  EXPECT_EQ(differences[100], "and 200 more");
}

}  // namespace
}  // namespace ipmpsc_test
