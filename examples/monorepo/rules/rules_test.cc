#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "company/rules/prefixed.ipmpsc.h"
#include "company/rules/prefixed.pb.h"
#include "far/away/moved.ipmpsc.h"
#include "far/away/moved.pb.h"
#include "forecast/forecast.ipmpsc.h"
#include "forecast/forecast.pb.h"
#include "gtest/gtest.h"
#include "inner/stripped.ipmpsc.h"
#include "inner/stripped.pb.h"
#include "ipmpsc/channel.h"
#include "rules/both.ipmpsc.h"
#include "rules/both.pb.h"
#include "rules/generated.ipmpsc.h"
#include "rules/generated.pb.h"
#include "rules/pair_first.ipmpsc.h"
#include "rules/pair_first.pb.h"

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
  rules::Both both;
  both.mutable_prefixed()->set_x(1);
  both.mutable_stripped()->mutable_prefixed()->set_x(2);
  both.mutable_moved()->set_x(3);
  both.mutable_forecast()->mutable_until()->set_seconds(4);
  Exchange<rules::BothChannel, rules::BothSender, rules::BothReceiver>(
      both, [](const rules::BothView& view) {
        const rules::PrefixedView& prefixed = view.prefixed();
        const rules::StrippedView& stripped = view.stripped();
        const rules::MovedView& moved = view.moved();
        const weather::ForecastView& forecast = view.forecast();
        EXPECT_EQ(prefixed.x(), 1);
        EXPECT_EQ(stripped.prefixed().x(), 2);
        EXPECT_EQ(moved.x(), 3);
        EXPECT_EQ(forecast.until().seconds(), 4);
      });
}

TEST(RulesTest, TakesGeneratedProtos) {
  rules::Generated generated;
  generated.mutable_at()->set_x(5);
  Exchange<rules::GeneratedChannel, rules::GeneratedSender, rules::GeneratedReceiver>(
      generated, [](const rules::GeneratedView& view) { EXPECT_EQ(view.at().x(), 5); });
}

TEST(RulesTest, TakesTwoProtosOfOneLibrary) {
  rules::First first;
  first.mutable_second()->set_x(6);
  Exchange<rules::FirstChannel, rules::FirstSender, rules::FirstReceiver>(
      first, [](const rules::FirstView& view) { EXPECT_EQ(view.second().x(), 6); });
}

}  // namespace
