// Compares views with protobuf's own parser, on random messages and on random changes to their
// bytes. Both accept the same input, reject the same input, and return the same values.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/parser.h"
#include "tests/codegen/message_types.h"
#include "tests/codegen/random_message.h"
#include "tests/codegen/view_difference.h"
#include "tests/testing/quiet_protobuf.h"

namespace ipmpsc_test {
namespace {

using google::protobuf::Message;

class ViewAgainstProtobufTest : public testing::TestWithParam<MessageType> {
 protected:
  // The numbers of accepted and rejected inputs. A test with only one kind proves little.
  struct Counts {
    int accepted = 0;
    int rejected = 0;
  };

  void Compare(const std::string& wire, Counts* counts) {
    const std::unique_ptr<Message> message(GetParam().prototype->New());
    const bool accepts = message->ParseFromArray(wire.data(), static_cast<int>(wire.size()));
    arena_.Reset();
    const void* const view = ipmpsc::view::Parse(*GetParam().table, wire, &arena_);
    ASSERT_EQ(view != nullptr, accepts) << absl::BytesToHexString(wire);
    ++(accepts ? counts->accepted : counts->rejected);
    if (!accepts) return;
    ASSERT_EQ(ViewDifference(*GetParam().table, view, *message), "")
        << absl::BytesToHexString(wire);
  }

  ipmpsc::testing::QuietProtobuf silencer_;  // a missing required field is logged
  ipmpsc::view::Arena arena_;
};

constexpr int kRounds = 300;

TEST_P(ViewAgainstProtobufTest, SameValues) {
  Random random(1);
  Counts counts;
  for (int i = 0; i < kRounds; ++i) {
    const std::unique_ptr<Message> message(GetParam().prototype->New());
    FillRandomly(random, 3, message.get());
    ASSERT_NO_FATAL_FAILURE(Compare(DeterministicWire(*message), &counts)) << i;
  }
  EXPECT_EQ(counts.accepted, kRounds);
}

TEST_P(ViewAgainstProtobufTest, SameValuesFromAnotherStructure) {
  Random random(2);
  Counts counts;
  for (int i = 0; i < kRounds; ++i) {
    std::string wire;
    for (int pieces = Pick(random, 3); pieces >= 0; --pieces) {
      const std::unique_ptr<Message> message(GetParam().prototype->New());
      FillRandomly(random, 2, message.get());
      wire += DeterministicWire(*message);
    }
    for (int j = 0; j < 5; ++j) {
      wire = ShuffleWire(random, wire);
      ASSERT_NO_FATAL_FAILURE(Compare(wire, &counts)) << i;
    }
  }
  EXPECT_GT(counts.accepted, kRounds / 2);
}

TEST_P(ViewAgainstProtobufTest, SameVerdictOnDamagedBytes) {
  Random random(3);
  Counts counts;
  for (int i = 0; i < kRounds; ++i) {
    const std::unique_ptr<Message> message(GetParam().prototype->New());
    FillRandomly(random, 2, message.get());
    const std::string wire = DeterministicWire(*message);
    for (int j = 0; j < 10; ++j)
      ASSERT_NO_FATAL_FAILURE(Compare(DamageWire(random, wire), &counts)) << i;
  }
  if (GetParam().table->field_count != 0) {
    EXPECT_GT(counts.rejected, kRounds / 10);
  }
}

TEST_P(ViewAgainstProtobufTest, SameVerdictOnAnyBytes) {
  Random random(4);
  Counts counts;
  for (int i = 0; i < 20 * kRounds; ++i) {
    std::string wire(static_cast<size_t>(Pick(random, 12)), '\0');
    for (char& byte : wire)
      byte = static_cast<char>(Pick(random, 4) == 0 ? Pick(random, 256) : Pick(random, 40));
    ASSERT_NO_FATAL_FAILURE(Compare(wire, &counts)) << i;
  }
  EXPECT_GT(counts.rejected, kRounds);
}

INSTANTIATE_TEST_SUITE_P(AllTypes, ViewAgainstProtobufTest, testing::ValuesIn(AllMessageTypes()),
                         [](const auto& info) {
                           return absl::StrCat(info.index, "_",
                                               info.param.prototype->GetDescriptor()->name());
                         });

}  // namespace
}  // namespace ipmpsc_test
