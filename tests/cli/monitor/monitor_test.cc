// ChannelRates, the text for Prometheus and the screen of `top`.
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "cli/monitor/history.h"
#include "cli/monitor/prometheus.h"
#include "cli/monitor/top_screen.h"
#include "cli/output.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/stats.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::cli {
namespace {

using ::ipmpsc::testing::CountNames;
using ::ipmpsc::testing::Exists;
using ::ipmpsc::testing::ReadFile;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kStart = absl::FromUnixSeconds(1'000'000);

ChannelStats StatsOf(uint64_t sent, uint64_t received) {
  ChannelStats stats;
  stats.id = "0123";
  stats.path = "/dev/shm/quotes";
  stats.capacity = 1000;
  stats.max_senders = 4;
  SenderStats sender;
  sender.slot = 2;
  sender.name = "camera";
  sender.pid = 17;
  sender.pid_is_ours = true;
  sender.liveness = Liveness::kAlive;
  sender.sent_messages = sent;
  sender.sent_bytes = 10 * sent;
  sender.full_waits = sent / 10;
  sender.waited = absl::Milliseconds(sent);
  sender.refused = sent / 5;
  stats.senders.push_back(sender);
  ReceiverStats receiver;
  receiver.name = "viewer";
  receiver.liveness = Liveness::kAlive;
  receiver.epoch = 1;
  receiver.received_messages = received;
  receiver.received_bytes = 10 * received;
  stats.receiver = receiver;
  stats.claim_position = sent;
  stats.release_position = received;
  stats.fill = sent - received;
  return stats;
}

TEST(RatesTest, ArePerSecond) {
  const ChannelRates rates =
      ChannelRatesBetween(StatsOf(100, 100), StatsOf(300, 200), absl::Seconds(2));
  EXPECT_EQ(rates.sent_messages, 100);
  EXPECT_EQ(rates.sent_bytes, 1000);
  EXPECT_EQ(rates.received_messages, 50);
  EXPECT_EQ(rates.received_bytes, 500);
  EXPECT_EQ(rates.full_waits, 10);
  EXPECT_EQ(rates.refused, 20);
  ASSERT_EQ(rates.senders.size(), 1u);
  EXPECT_EQ(rates.senders[0].slot, 2);
  EXPECT_EQ(rates.senders[0].messages, 100);
  EXPECT_DOUBLE_EQ(rates.senders[0].waiting, 0.1);
}

TEST(RatesTest, CountFromZeroInANewChannel) {
  ChannelStats replaced = StatsOf(50, 40);
  replaced.id = "4567";
  const ChannelRates rates = ChannelRatesBetween(StatsOf(100, 100), replaced, absl::Seconds(1));
  EXPECT_EQ(rates.sent_messages, 50);
  EXPECT_EQ(rates.received_messages, 40);
}

TEST(RatesTest, AreNeverNegative) {
  const ChannelRates lower =
      ChannelRatesBetween(StatsOf(100, 100), StatsOf(50, 40), absl::Seconds(1));
  EXPECT_EQ(lower.sent_messages, 50);
  EXPECT_EQ(lower.senders[0].waiting, 0);
  for (const absl::Duration interval : {absl::ZeroDuration(), absl::Seconds(-1)}) {
    const ChannelRates none = ChannelRatesBetween(StatsOf(1, 1), StatsOf(50, 40), interval);
    EXPECT_EQ(none.sent_messages, 0);
    EXPECT_EQ(none.received_messages, 0);
  }
}

TEST(HistoryTest, TellsForHowLongNothingMoved) {
  History history(3);
  EXPECT_TRUE(history.empty());
  history.Add(kStart, StatsOf(0, 0));
  history.Add(kStart + absl::Seconds(1), StatsOf(20, 10));
  EXPECT_EQ(history.stalled(), absl::ZeroDuration());
  history.Add(kStart + absl::Seconds(2), StatsOf(30, 10));
  EXPECT_EQ(history.stalled(), absl::Seconds(1));
  history.Add(kStart + absl::Seconds(5), StatsOf(40, 10));
  EXPECT_EQ(history.stalled(), absl::Seconds(4));
  EXPECT_THAT(history.received(), ElementsAre(10, 0, 0));
  EXPECT_THAT(history.fill(), ElementsAre(0.01, 0.02, 0.03));
  history.Add(kStart + absl::Seconds(6), StatsOf(40, 40));
  EXPECT_EQ(history.stalled(), absl::ZeroDuration());
  // A clock that was set back.
  history.Add(kStart, StatsOf(50, 40));
  EXPECT_EQ(history.rates().sent_messages, 0);
  EXPECT_GE(history.stalled(), absl::ZeroDuration());
}

TEST(HistoryTest, TellsForHowLongAClaimIsOpen) {
  ChannelStats stats = StatsOf(20, 10);
  stats.oldest_open_claim = OpenClaim{10, 10, 2};
  History history(3);
  history.Add(kStart, stats);
  EXPECT_EQ(history.claim_open(), absl::ZeroDuration());
  history.Add(kStart + absl::Seconds(3), stats);
  EXPECT_EQ(history.claim_open(), absl::Seconds(3));
  stats.oldest_open_claim->position = 20;
  history.Add(kStart + absl::Seconds(4), stats);
  EXPECT_EQ(history.claim_open(), absl::ZeroDuration());
  // The same position in another channel.
  stats.id = "4567";
  history.Add(kStart + absl::Seconds(5), stats);
  EXPECT_EQ(history.claim_open(), absl::ZeroDuration());
}

TEST(PrometheusTest, WritesEachMetricOnce) {
  std::map<std::string, History> histories;
  History& history = histories.try_emplace("/dev/shm/quotes", 1).first->second;
  history.Add(kStart, StatsOf(300, 200));
  history.Add(kStart + absl::Seconds(2), StatsOf(400, 200));
  histories.try_emplace("/dev/shm/damaged", 1);
  const std::string text = PrometheusText(histories);
  EXPECT_THAT(text, HasSubstr("ipmpsc_channel_up{channel=\"/dev/shm/damaged\"} 0\n"
                              "ipmpsc_channel_up{channel=\"/dev/shm/quotes\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nipmpsc_used_bytes{channel=\"/dev/shm/quotes\"} 200\n"));
  EXPECT_THAT(text,
              HasSubstr("\nipmpsc_receiver_stalled_seconds{channel=\"/dev/shm/quotes\"} 2\n"));
  EXPECT_THAT(
      text, HasSubstr("# TYPE ipmpsc_sent_messages_total counter\n"
                      "ipmpsc_sent_messages_total{channel=\"/dev/shm/quotes\",slot=\"2\"} 400\n"));
  EXPECT_THAT(text, HasSubstr("slot=\"2\",name=\"camera\",pid=\"17\"} 1\n"));
  std::map<std::string, int> heads;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "# TYPE")) ++heads[std::string(line)];
  }
  EXPECT_GE(heads.size(), 30u);
  for (const auto& [head, count] : heads) EXPECT_EQ(count, 1) << head;
}

TEST(PrometheusTest, KeepsAllDigitsOfACounter) {
  ChannelStats stats = StatsOf(0, 0);
  stats.claim_position = 1'234'567'890'123'456;
  std::map<std::string, History> histories;
  histories.try_emplace("x", 1).first->second.Add(kStart, stats);
  EXPECT_THAT(PrometheusText(histories),
              HasSubstr("ipmpsc_claimed_bytes_total{channel=\"x\"} 1234567890123456\n"));
}

TEST(PrometheusTest, EscapesLabels) {
  EXPECT_EQ(LabelValue("plain-1.x/y"), "plain-1.x/y");
  EXPECT_EQ(LabelValue("a\nb"), "a\\\\nb");
  EXPECT_EQ(LabelValue("\""), "\\\\\\\"");
  EXPECT_EQ(LabelValue("\xff"), "\\\\xff");
}

TEST(ExporterTest, FollowsTheChannelsOfAFolder) {
  const SharedMemoryDirectory directory;
  Exporter exporter({directory.path()});
  EXPECT_THAT(exporter.Collect(kStart), Not(HasSubstr("channel=")));
  ASSERT_OK(Channel::Create(directory / "a", {}));
  EXPECT_THAT(exporter.Collect(kStart), HasSubstr("/a\"} 1\n"));
  WriteFile(directory / "a", std::string(ReadFile(directory / "a"), 0, 4096));
  EXPECT_THAT(exporter.Collect(kStart), HasSubstr("/a\"} 0\n"));
  ASSERT_OK(Channel::Create(directory / "b", {}));
  EXPECT_THAT(exporter.Collect(kStart), HasSubstr("/b\"} 1\n"));
  ASSERT_EQ(std::remove((directory / "b").c_str()), 0);
  EXPECT_THAT(exporter.Collect(kStart), Not(HasSubstr("/b\"")));
}

TEST(ReplaceFileTest, LeavesNothingBehind) {
  const SharedMemoryDirectory directory;
  EXPECT_OK(ReplaceFile(directory / "metrics.prom", "first"));
  EXPECT_OK(ReplaceFile(directory / "metrics.prom", "second"));
  EXPECT_EQ(ReadFile(directory / "metrics.prom"), "second");
  EXPECT_EQ(CountNames(directory.path()), 1);
  EXPECT_FALSE(ReplaceFile(directory / "none/metrics.prom", "x").ok());
  EXPECT_FALSE(ReplaceFile(directory.path(), "x").ok());
  EXPECT_EQ(CountNames(directory.path()), 1);
}

TEST(SparklineTest, DrawsBars) {
  EXPECT_EQ(Sparkline({0, 1, 4, 8}, 4, 8, true), "__-#");
  EXPECT_EQ(Sparkline({0, 1, 4, 8}, 4, 8, false), "▁▁▄█");
  EXPECT_EQ(Sparkline({1, 2, 3}, 2, 3, true), "+#");
  EXPECT_EQ(Sparkline({1}, 3, 1, true), "  #");
  EXPECT_EQ(Sparkline({}, 3, 1, true), "   ");
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Sparkline({-1, std::nan(""), inf, 9}, 4, 8, true), "__##");
  EXPECT_EQ(Sparkline({0, 0}, 2, 0, true), "__");
}

TEST(ClipTest, CountsCodePoints) {
  EXPECT_EQ(Clip("abc", 3), "abc");
  EXPECT_EQ(Clip("abcd", 3), "ab…");
  EXPECT_EQ(Clip("äöü", 3), "äöü");
  EXPECT_EQ(Clip("äöüß", 3), "äö…");
  EXPECT_EQ(Clip("abc", 0), "");
  EXPECT_EQ(Clip("abc", 1), "…");
  EXPECT_EQ(Clip("", 0), "");
  EXPECT_EQ(ClipFront("abc", 3), "abc");
  EXPECT_EQ(ClipFront("abcd", 3), "…cd");
  EXPECT_EQ(ClipFront("äöüß", 3), "…üß");
  EXPECT_EQ(ClipFront("abc", 1), "…");
  EXPECT_EQ(ClipFront("abc", 0), "");
}

class TopScreenTest : public ::testing::Test {
 protected:
  TopScreenTest() {
    history_.Add(kStart, StatsOf(100, 100));
    history_.Add(kStart + absl::Seconds(1), StatsOf(1300, 1200));
  }

  History history_ = History(60);
};

std::string TextOf(const std::vector<ScreenLine>& lines) {
  std::string text;
  for (const ScreenLine& line : lines) absl::StrAppend(&text, line.text, "\n");
  return text;
}

TEST_F(TopScreenTest, ShowsRatesAndSenders) {
  TopView view;
  view.width = 120;
  view.title = "the title";
  const std::string text = TextOf(RenderTop({{"quotes", &history_, ""}}, view));
  EXPECT_THAT(text, HasSubstr("the title\n"));
  EXPECT_THAT(text, ::testing::ContainsRegex("quotes +1,100 +10.7 KiB +360 +10 %"));
  EXPECT_THAT(text,
              ::testing::ContainsRegex("2  camera   17  alive +1,200 +11.7 KiB +120 +100 % +240"));
  EXPECT_THAT(text, HasSubstr("█"));
  view.ascii = true;
  EXPECT_THAT(TextOf(RenderTop({{"quotes", &history_, ""}}, view)), Not(HasSubstr("█")));
}

TEST_F(TopScreenTest, FitsEveryTerminal) {
  std::vector<TopRow> rows;
  for (int i = 0; i < 30; ++i) rows.push_back({absl::StrCat("channel", i), &history_, ""});
  rows.push_back({"broken", nullptr, "the file is truncated"});
  for (size_t width = 0; width < 200; ++width) {
    for (const size_t height : {0, 1, 2, 3, 10, 24, 100}) {
      TopView view;
      view.width = width;
      view.height = height;
      view.title = "title";
      view.selected = width % 40;
      const std::vector<ScreenLine> lines = RenderTop(rows, view);
      EXPECT_LE(lines.size(), height);
      for (const ScreenLine& line : lines) EXPECT_LE(DisplayWidth(line.text), width) << line.text;
    }
  }
  EXPECT_THAT(TextOf(RenderTop({}, TopView{})), HasSubstr("no channels"));
}

TEST_F(TopScreenTest, ShowsALongNameWhole) {
  ChannelStats stats = StatsOf(1300, 1300);
  stats.receiver->name = "ipmpsc-bridge nats://nats.plant-7.example.org:4222/plant.robots";
  history_.Add(kStart + absl::Seconds(4), stats);
  TopView view;
  view.width = 80;
  EXPECT_THAT(TextOf(RenderTop({{"quotes", &history_, ""}}, view)),
              HasSubstr(absl::StrCat("\nreceiver ", stats.receiver->name)));
}

TEST_F(TopScreenTest, ScrollsToTheSelection) {
  std::vector<TopRow> rows;
  for (int i = 0; i < 30; ++i) rows.push_back({absl::StrCat("channel", i), &history_, ""});
  TopView view;
  EXPECT_THAT(TextOf(RenderTop(rows, view)), HasSubstr("channel0: "));
  view.selected = 29;
  const std::string text = TextOf(RenderTop(rows, view));
  EXPECT_THAT(text, HasSubstr("channel29: "));
  EXPECT_THAT(text, Not(HasSubstr("channel0 ")));
}

TEST_F(TopScreenTest, TellsWhatIsStuck) {
  TopView view;
  view.width = 120;
  const auto text = [&] { return TextOf(RenderTop({{"quotes", &history_, ""}}, view)); };
  EXPECT_THAT(text(), Not(HasSubstr("doctor")));
  history_.Add(kStart + absl::Seconds(4), StatsOf(1300, 1200));
  EXPECT_THAT(text(), HasSubstr("nothing released for 3 s; `ipmpsc doctor` explains"));
  ChannelStats stats = StatsOf(1400, 1300);
  stats.receiver->liveness = Liveness::kDead;
  history_.Add(kStart + absl::Seconds(5), stats);
  EXPECT_THAT(text(), HasSubstr("no receiver, messages wait"));
  stats.receiver->name = "ipmpsc-bridge nats://127.0.0.1:4222/quotes";
  history_.Add(kStart + absl::Seconds(6), stats);
  EXPECT_THAT(text(), HasSubstr("no bridge, messages wait"));
  stats.damaged = true;
  history_.Add(kStart + absl::Seconds(7), stats);
  EXPECT_THAT(text(), HasSubstr("damaged"));
  stats = StatsOf(1500, 1400);
  stats.oldest_open_claim = OpenClaim{1400, 10, 2};
  history_.Add(kStart + absl::Seconds(8), stats);
  history_.Add(kStart + absl::Seconds(10), stats);
  EXPECT_THAT(text(), HasSubstr("sender 2 has an open claim for 2 s"));
  EXPECT_THAT(TextOf(RenderTop({{"quotes", nullptr, "the file is truncated"}}, view)),
              HasSubstr("the file is truncated"));
}

}  // namespace
}  // namespace ipmpsc::cli
