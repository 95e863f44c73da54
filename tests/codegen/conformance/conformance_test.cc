// Feeds the testee with cases like those of protobuf's conformance suite, through its protocol and
// in a process of its own. protobuf's classes are the judge.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "ipmpsc/wire/encoding.h"
#include "ipmpsc/wire/types.h"
#include "tests/codegen/conformance/conformance.pb.h"
#include "tests/codegen/conformance/test_messages_proto2.pb.h"
#include "tests/codegen/conformance/test_messages_proto3.pb.h"
#include "tests/codegen/random_message.h"
#include "tests/testing/quiet_protobuf.h"

namespace ipmpsc_test {
namespace {

using ::conformance::ConformanceRequest;
using ::conformance::ConformanceResponse;
using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
namespace wire = ::ipmpsc::wire;

// A process that answers requests.
class Testee {
 public:
  explicit Testee(std::string path) {
    int in[2];
    int out[2];
    if (pipe(in) != 0 || pipe(out) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    for (const int fd : {in[0], in[1], out[0], out[1]}) {
      posix_spawn_file_actions_addclose(&actions, fd);
    }
    std::string program = "tests/codegen/conformance/conformance_testee";
    char* const arguments[] = {program.data(), path.data(), nullptr};
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    requests_ = fdopen(in[1], "wb");
    responses_ = fdopen(out[0], "rb");
  }
  // The end of its input ends it.
  ~Testee() {
    std::fclose(requests_);
    std::fclose(responses_);
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
  }

  ConformanceResponse Ask(const ConformanceRequest& request) {
    const std::string bytes = request.SerializeAsString();
    uint8_t length[4];
    for (int i = 0; i < 4; ++i) length[i] = static_cast<uint8_t>(bytes.size() >> (8 * i));
    EXPECT_EQ(std::fwrite(length, 1, 4, requests_), 4);
    EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), requests_), bytes.size());
    EXPECT_EQ(std::fflush(requests_), 0);
    EXPECT_EQ(std::fread(length, 1, 4, responses_), 4) << "the testee has ended";
    std::string answer(length[0] | size_t{length[1]} << 8 | size_t{length[2]} << 16, '\0');
    EXPECT_EQ(std::fread(answer.data(), 1, answer.size(), responses_), answer.size());
    ConformanceResponse response;
    EXPECT_TRUE(response.ParseFromString(answer));
    return response;
  }

 private:
  pid_t pid_ = -1;
  FILE* requests_ = nullptr;
  FILE* responses_ = nullptr;
};

std::string Varint(uint64_t value) {
  char bytes[wire::kMaxVarintWidth];
  return std::string(bytes, static_cast<size_t>(wire::EncodeVarint(value, bytes) - bytes));
}
std::string TagOf(int number, int type) {
  return Varint(static_cast<uint64_t>(number) << 3 | static_cast<uint64_t>(type));
}
std::string Delimited(int number, absl::string_view bytes) {
  return absl::StrCat(TagOf(number, wire::kWireLengthDelimited), Varint(bytes.size()), bytes);
}

// The wire type of one value of the field.
int WireTypeOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
    case FieldDescriptor::TYPE_FLOAT:
      return wire::kWireFixed32;
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
    case FieldDescriptor::TYPE_DOUBLE:
      return wire::kWireFixed64;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return wire::kWireLengthDelimited;
    case FieldDescriptor::TYPE_GROUP:
      return wire::kWireStartGroup;
    default:
      return wire::kWireVarint;
  }
}

// Values of a wire type, without their tag.
std::vector<std::string> ValuesOf(int wire_type) {
  switch (wire_type) {
    case wire::kWireFixed32:
      return {std::string(4, '\0'), std::string("\x01\x00\x00\x80", 4), "\xff\xff\xff\x7f"};
    case wire::kWireFixed64:
      return {std::string(8, '\0'), std::string("\x01\x00\x00\x00\x00\x00\x00\x80", 8)};
    case wire::kWireLengthDelimited:
      return {Varint(0), Varint(1) + "a", Varint(2) + "\xc3\xa4", Varint(2) + "\xc3+",
              Varint(2) + "\x08\x01", Varint(200) + std::string(200, 'x'),
              // A length of more bytes than necessary, and one of too many.
              std::string("\x82\x80\x00\x08\x02", 5), "\x80\x80\x80\x80\x80\x01"};
    case wire::kWireStartGroup:
      return {""};
    case 6:  // types that there are not
    case 7:
      return {Varint(1), Varint(300)};
    default: {
      std::vector<std::string> values = {
          std::string("\x80\x00", 2), std::string("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10),
          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"};
      for (int bit = 0; bit < 64; bit += 3) values.push_back(Varint(uint64_t{1} << bit));
      for (const uint64_t value : {0, 2, 3, 127, 255, 65535}) values.push_back(Varint(value));
      values.push_back(Varint(std::numeric_limits<uint64_t>::max()));
      values.push_back(Varint(std::numeric_limits<int32_t>::max()));
      return values;
    }
  }
}

// Cases for each field: every value of every wire type, cut off anywhere, twice, packed.
void AddCasesOf(const FieldDescriptor& field, std::vector<std::string>* cases) {
  const int number = field.number();
  for (int type = 0; type < 8; ++type) {
    for (const std::string& value : ValuesOf(type)) {
      std::string one = TagOf(number, type) + value;
      if (type == wire::kWireStartGroup) {
        cases->push_back(one);
        one += TagOf(202, wire::kWireVarint) + Varint(7) + TagOf(number, wire::kWireEndGroup);
      }
      for (size_t cut = one.size() > 8 ? one.size() - 2 : 1; cut <= one.size(); ++cut) {
        cases->push_back(one.substr(0, cut));
      }
      if (type != WireTypeOf(field)) continue;
      cases->push_back(one + one);
      cases->push_back(Delimited(27, one) + Delimited(27, one));  // merged
      if (field.is_map()) cases->push_back(Delimited(number, "") + one);
    }
  }
  const int value_type = WireTypeOf(field);
  std::string packed;
  for (const std::string& value : ValuesOf(value_type)) packed += value;
  for (const size_t cut : {packed.size(), packed.size() - 1, size_t{1}, size_t{0}}) {
    cases->push_back(Delimited(number, packed.substr(0, cut)));
    cases->push_back(Delimited(number, packed.substr(0, cut)) + TagOf(number, value_type) +
                     ValuesOf(value_type).front());
  }
}

// Cases of messages, maps, oneofs and unknown fields.
void AddOtherCases(const Descriptor& type, std::vector<std::string>* cases) {
  // Field number 0, wire types that there are not, an end without its group.
  for (int wire_type = 0; wire_type < 8; ++wire_type) {
    for (const std::string& value : ValuesOf(wire_type)) {
      cases->push_back(TagOf(0, wire_type) + value);
      cases->push_back(TagOf(123456, wire_type) + value);
      cases->push_back(TagOf(536870911, wire_type) + value);
    }
  }
  cases->push_back(TagOf(5000, 3) + TagOf(1, 0) + Varint(1) + TagOf(5000, 4));
  cases->push_back(TagOf(5000, 3) + TagOf(1, 0) + Varint(1) + TagOf(5001, 4));
  // Each member of a oneof after each other one.
  for (int first = 111; first <= 119; ++first) {
    for (int second = 111; second <= 119; ++second) {
      std::string both;
      for (const int number : {first, second}) {
        const int wire_type = WireTypeOf(*type.FindFieldByNumber(number));
        both += TagOf(number, wire_type) + ValuesOf(wire_type).front();
      }
      cases->push_back(both);
    }
  }
  for (int number = 56; number <= 74; ++number) {
    const Descriptor& entry = *type.FindFieldByNumber(number)->message_type();
    std::string fields[2];
    for (int i = 0; i < 2; ++i) {
      const int wire_type = WireTypeOf(*entry.field(i));
      fields[i] = TagOf(i + 1, wire_type) + ValuesOf(wire_type)[1];
    }
    const std::string unknown = TagOf(3, 0) + Varint(1);
    for (const std::string& body :
         {std::string(), fields[0], fields[1], fields[0] + fields[1], fields[1] + fields[0],
          fields[0] + fields[0] + fields[1] + fields[1], fields[0] + unknown + fields[1],
          fields[0] + fields[1] + "\x08", TagOf(1, 5) + fields[1]}) {
      cases->push_back(Delimited(number, body));
      cases->push_back(Delimited(number, fields[0] + fields[1]) + Delimited(number, body));
    }
  }
  // Messages in each other, up to what parsers read and one deeper.
  for (const int levels : {1, 99, 100, 101}) {
    std::string nested = TagOf(1, 0) + Varint(5);
    std::string groups = TagOf(1, 0) + Varint(5);
    for (int i = 0; i < levels; ++i) {
      nested = Delimited(27, nested);
      groups = TagOf(5000, 3) + groups + TagOf(5000, 4);
    }
    cases->push_back(nested);
    cases->push_back(groups);
  }
}

// Drops unknown fields: all, or those with a number that the type has.
void DropUnknown(Message* message, bool all) {
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  google::protobuf::UnknownFieldSet* const unknown = reflection.MutableUnknownFields(message);
  for (int i = unknown->field_count() - 1; i >= 0; --i) {
    const int number = unknown->field(i).number();
    if (all || message->GetDescriptor()->FindFieldByNumber(number) != nullptr)
      unknown->DeleteSubrange(i, 1);
  }
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      DropUnknown(reflection.MutableMessage(message, field), all);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
      DropUnknown(reflection.MutableRepeatedMessage(message, field, i), all);
    }
  }
}

class ConformanceTest : public testing::TestWithParam<std::string> {
 protected:
  // Returns the text of the difference between the answer and protobuf's reading.
  std::string Difference(const Message& prototype, const std::string& payload) {
    ConformanceRequest request;
    request.set_protobuf_payload(payload);
    request.set_requested_output_format(::conformance::PROTOBUF);
    request.set_message_type(prototype.GetTypeName());
    const ConformanceResponse response = testee_.Ask(request);
    const std::unique_ptr<Message> wanted(prototype.New());
    if (!wanted->ParseFromString(payload)) {
      return response.has_parse_error() ? "" : "accepted: " + response.ShortDebugString();
    }
    ++accepted_;
    const std::unique_ptr<Message> got(prototype.New());
    if (!response.has_protobuf_payload() || !got->ParseFromString(response.protobuf_payload()))
      return "refused: " + response.ShortDebugString();
    // A writer has no setters for them. A view shows them by `Bytes()`, in which those with a
    // number that the type has are not told from fields.
    if (GetParam() != "message") {
      for (Message* message : {wanted.get(), got.get()}) {
        DropUnknown(message, GetParam() == "setters");
      }
    }
    if (DeterministicWire(*got) == DeterministicWire(*wanted)) return "";
    return absl::StrCat(got->ShortDebugString(), " instead of ", wanted->ShortDebugString());
  }

  void ExpectConforming(const Message& prototype) {
    const Descriptor& type = *prototype.GetDescriptor();
    std::vector<std::string> cases = {""};
    for (int i = 0; i < type.field_count(); ++i) AddCasesOf(*type.field(i), &cases);
    AddOtherCases(type, &cases);
    for (const std::string& payload : cases) {
      ASSERT_EQ(Difference(prototype, payload), "") << absl::BytesToHexString(payload);
    }
    std::printf("%s, %s: %zu cases, of which %d are accepted\n", std::string(type.name()).c_str(),
                GetParam().c_str(), cases.size(), accepted_);
    EXPECT_GT(accepted_, static_cast<int>(cases.size()) / 20);
    EXPECT_LT(accepted_, static_cast<int>(cases.size()));
  }

  ipmpsc::testing::QuietProtobuf silencer_;  // text that is not UTF-8 is logged
  Testee testee_{GetParam()};
  int accepted_ = 0;
};

TEST_P(ConformanceTest, Proto2) {
  ExpectConforming(protobuf_test_messages::proto2::TestAllTypesProto2::default_instance());
}

TEST_P(ConformanceTest, Proto3) {
  ExpectConforming(protobuf_test_messages::proto3::TestAllTypesProto3::default_instance());
}

TEST_P(ConformanceTest, WhatItDoesNotTest) {
  ConformanceRequest request;
  request.set_message_type("conformance.FailureSet");
  EXPECT_TRUE(testee_.Ask(request).has_protobuf_payload());
  request.set_message_type("protobuf_test_messages.proto3.TestAllTypesProto3");
  request.set_json_payload("{}");
  request.set_requested_output_format(::conformance::PROTOBUF);
  EXPECT_TRUE(testee_.Ask(request).has_skipped());
  request.set_protobuf_payload("");
  request.set_requested_output_format(::conformance::JSON);
  EXPECT_TRUE(testee_.Ask(request).has_skipped());
  request.set_message_type("not.a.Type");
  EXPECT_TRUE(testee_.Ask(request).has_skipped());
}

INSTANTIATE_TEST_SUITE_P(AllPaths, ConformanceTest, testing::Values("message", "walk", "setters"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace ipmpsc_test
