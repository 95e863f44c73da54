// Compares the generated code for .proto files of other projects with protobuf, on random messages.
// Views must read the same values as protobuf's classes. Messages written in place must read the
// same.
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"
#include "google/protobuf/message_lite.h"
#include "gtest/gtest.h"
#include "ipmpsc/info.pb.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/parser.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/codegen/copier/copy.h"
#include "tests/codegen/installed/registry.h"
#include "tests/codegen/random_message.h"
#include "tests/codegen/view_difference.h"
#include "tests/testing/quiet_protobuf.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test::installed {
namespace {

using copier::Style;
using google::protobuf::Message;
using google::protobuf::MessageLite;

constexpr int kRounds = 20;
constexpr Style kStyles[] = {{/*arrays=*/true, /*in_place=*/false},
                             {/*arrays=*/false, /*in_place=*/true}};

class InstalledTest : public testing::TestWithParam<InstalledType> {
 protected:
  InstalledTest() : factory_(&pool_) {
    prototype_ = GetParam().classes.prototype;
    if (prototype_ == nullptr) prototype_ = Reflecting();
  }

  // Returns a message with reflection if protobuf's class has none. It is built from the
  // description of a channel.
  const Message* Reflecting() {
    ipmpsc::ChannelInfo info;
    EXPECT_TRUE(info.ParseFromString(ipmpsc::schema::Describe(*GetParam().type)));
    for (const auto& file : info.schema().file()) EXPECT_NE(pool_.BuildFile(file), nullptr);
    return factory_.GetPrototype(pool_.FindMessageTypeByName(info.message()));
  }

  std::unique_ptr<Message> RandomMessage(Random& random, int depth) {
    std::unique_ptr<Message> message(prototype_->New());
    FillRandomly(random, depth, message.get());
    // Reflection can set a map key twice.
    const std::string wire = DeterministicWire(*message);
    EXPECT_TRUE(message->ParseFromString(wire));
    return message;
  }

  std::unique_ptr<MessageLite> Read(const std::string& wire) {
    std::unique_ptr<MessageLite> message(GetParam().classes.lite_prototype->New());
    EXPECT_TRUE(message->ParseFromString(wire)) << absl::BytesToHexString(wire);
    return message;
  }

  void ExpectSameView(const Message& message, const std::string& wire) {
    arena_.Reset();
    const void* const view = ipmpsc::view::Parse(*GetParam().classes.table, wire, &arena_);
    ASSERT_NE(view, nullptr) << absl::BytesToHexString(wire);
    ASSERT_EQ(ViewDifference(*GetParam().classes.table, view, message), "");
  }

  absl::StatusOr<std::string> Write(const MessageLite& message, Style style, size_t bound) {
    const std::unique_ptr<char[]> space(new char[bound]);
    ipmpsc::writer::Draft draft(absl::MakeSpan(space.get(), bound));
    GetParam().classes.write(message, style, &draft);
    const absl::StatusOr<size_t> size = draft.Finish(message.GetTypeName());
    if (!size.ok()) return size.status();
    return std::string(space.get(), *size);
  }

  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  const Message* prototype_;
  ipmpsc::view::Arena arena_;
};

TEST_P(InstalledTest, ViewsReadTheSameAsProtobuf) {
  Random random(1);
  for (int i = 0; i < kRounds; ++i) {
    const std::unique_ptr<Message> message = RandomMessage(random, 3);
    ASSERT_NO_FATAL_FAILURE(ExpectSameView(*message, DeterministicWire(*message)))
        << message->DebugString();
  }
}

TEST_P(InstalledTest, ViewsAcceptAndRejectTheSameAsProtobuf) {
  const ipmpsc::testing::QuietProtobuf silencer;  // a missing required field is logged
  Random random(2);
  for (int i = 0; i < kRounds; ++i) {
    const std::string wire = DeterministicWire(*RandomMessage(random, 2));
    for (const std::string& changed : {ShuffleWire(random, wire), DamageWire(random, wire)}) {
      const std::unique_ptr<Message> message(prototype_->New());
      const bool accepts = message->ParseFromString(changed);
      arena_.Reset();
      const void* const view = ipmpsc::view::Parse(*GetParam().classes.table, changed, &arena_);
      ASSERT_EQ(view != nullptr, accepts) << absl::BytesToHexString(changed);
      if (!accepts) continue;
      ASSERT_EQ(ViewDifference(*GetParam().classes.table, view, *message), "");
    }
  }
}

TEST_P(InstalledTest, ProtobufReadsTheOutputOfWriters) {
  Random random(3);
  for (int i = 0; i < kRounds; ++i) {
    const std::unique_ptr<Message> message = RandomMessage(random, 3);
    const std::string wanted = DeterministicWire(*message);
    const std::unique_ptr<MessageLite> read = Read(wanted);
    for (const Style style : kStyles) {
      ASSERT_OK_AND_ASSIGN(const std::string wire, Write(*read, style, 2 * wanted.size() + 4096));
      ASSERT_EQ(DeterministicWire(*Read(wire)), wanted) << message->DebugString();
      ASSERT_NO_FATAL_FAILURE(ExpectSameView(*message, wire));
      // If the message is shorter than 128 bytes, so are all nested ones: their lengths take one
      // byte.
      if (style.arrays && wanted.size() < 128) {
        ASSERT_EQ(absl::BytesToHexString(wire), absl::BytesToHexString(wanted));
      }
    }
  }
}

std::vector<InstalledType> AllTypes() {
  std::vector<InstalledType> all;
  for (const TypesOfFile types : AddedFiles()) {
    for (const InstalledType& type : types()) all.push_back(type);
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(AllTypes, InstalledTest, testing::ValuesIn(AllTypes()),
                         [](const auto& info) {
                           return absl::StrCat(
                               info.index, "_",
                               absl::StrReplaceAll(info.param.type->name, {{".", "_"}}));
                         });

TEST(InstalledTest, EveryFileIsRegistered) {
  EXPECT_GT(kFileCount, 0);
  EXPECT_EQ(AddedFiles().size(), kFileCount);
}

}  // namespace
}  // namespace ipmpsc_test::installed
