#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "company/tests/codegen/bazel_rules/prefixed.ipmpsc.h"
#include "company/tests/codegen/bazel_rules/prefixed.pb.h"
#include "far/away/moved.ipmpsc.h"
#include "far/away/moved.pb.h"
#include "google/protobuf/timestamp.ipmpsc.h"
#include "google/protobuf/timestamp.pb.h"
#include "gtest/gtest.h"
#include "inner/stripped.ipmpsc.h"
#include "inner/stripped.pb.h"
#include "ipmpsc/channel.h"
#include "tests/codegen/bazel_rules/both.ipmpsc.h"
#include "tests/codegen/bazel_rules/both.pb.h"
#include "tests/codegen/bazel_rules/generated.ipmpsc.h"
#include "tests/codegen/bazel_rules/generated.pb.h"
#include "tests/codegen/bazel_rules/pair_first.ipmpsc.h"
#include "tests/codegen/bazel_rules/pair_first.pb.h"

namespace ipmpsc_test::bazel_rules {
namespace {

// Sends the message through a channel of its type and passes the received one to `check`.
template <typename Channel, typename Sender, typename Receiver, typename Message, typename Check>
void Exchange(const Message& message, Check check) {
  absl::StatusOr<ipmpsc::Channel> channel = Channel::CreateAnonymous();
  ASSERT_TRUE(channel.ok()) << channel.status();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  ASSERT_TRUE(sender.ok()) << sender.status();
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  ASSERT_TRUE(receiver.ok()) << receiver.status();
  const absl::Status sent = sender->TrySend(message);
  ASSERT_TRUE(sent.ok()) << sent;
  const auto lease = receiver->TryReceive();
  ASSERT_TRUE(lease.ok()) << lease.status();
  check(**lease);
}

TEST(RulesTest, TakesProtosOfEveryPath) {
  Both both;
  both.mutable_prefixed()->set_x(1);
  both.mutable_stripped()->mutable_prefixed()->set_x(2);
  both.mutable_moved()->set_x(3);
  both.mutable_timestamp()->set_seconds(4);
  Exchange<BothChannel, BothSender, BothReceiver>(both, [](const BothView& view) {
    const PrefixedView& prefixed = view.prefixed();
    const StrippedView& stripped = view.stripped();
    const MovedView& moved = view.moved();
    const ::google::protobuf::TimestampView& timestamp = view.timestamp();
    EXPECT_EQ(prefixed.x(), 1);
    EXPECT_EQ(stripped.prefixed().x(), 2);
    EXPECT_EQ(moved.x(), 3);
    EXPECT_EQ(timestamp.seconds(), 4);
  });
}

TEST(RulesTest, TakesGeneratedProtos) {
  Generated generated;
  generated.mutable_second()->set_x(5);
  Exchange<GeneratedChannel, GeneratedSender, GeneratedReceiver>(
      generated, [](const GeneratedView& view) { EXPECT_EQ(view.second().x(), 5); });
}

TEST(RulesTest, TakesTwoProtosOfOneLibrary) {
  First first;
  first.mutable_second()->set_x(6);
  Exchange<FirstChannel, FirstSender, FirstReceiver>(
      first, [](const FirstView& view) { EXPECT_EQ(view.second().x(), 6); });
}

}  // namespace
}  // namespace ipmpsc_test::bazel_rules
