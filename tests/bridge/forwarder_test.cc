// The verdicts of the bridge's core about the stream that it finds.
#include "bridge/forwarder.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/engine.h"
#include "bridge/metrics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/bridge/fake_engine.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::bridge {
namespace {

using ::ipmpsc::testing::IsOk;
using ::ipmpsc::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

int NoFault(int) { return 0; }

class ForwarderTest : public ::testing::Test {
 protected:
  ForwarderTest() {
    for (const char* payload : {"a", "b", "c"}) channel_.Send(payload);
    channel_.end = absl::OutOfRangeError("closed");
    options_.settle_time = absl::ZeroDuration();
    options_.first_retry = options_.last_retry = absl::ZeroDuration();
    options_.log = [this](absl::string_view line) { log_.emplace_back(line); };
  }

  // Runs a bridge until it ends.
  absl::Status Run() {
    FakeEngine engine(&server_, NoFault);
    FakeSource source(&channel_, NoFault);
    metrics_ = Metrics();
    Forwarder forwarder(&source, &engine, identity_, options_, &metrics_);
    for (int step = 0; step < 1000; ++step) {
      if (on_step_) on_step_(step);
      const absl::Status done = forwarder.Step(absl::ZeroDuration());
      if (!done.ok()) return done;
    }
    return absl::DeadlineExceededError("no end");
  }

  std::vector<std::string> Stored() const {
    std::vector<std::string> stored;
    for (const FakeServer::Stored& message : server_.stream) stored.push_back(message.payload);
    return stored;
  }

  FakeServer server_;
  FakeChannel channel_;
  ForwarderOptions options_;
  ChannelIdentity identity_ = {"c0ffee", "host:/dev/shm/c", "me", "T", "f00d"};
  Metrics metrics_;
  std::vector<std::string> log_;
  std::function<void(int)> on_step_;
};

TEST_F(ForwarderTest, StoresMessagesUnderTheirIds) {
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(server_.stream[1].id, "c0ffee-64");
  EXPECT_EQ(metrics_.acknowledged, 3u);
  EXPECT_EQ(metrics_.bytes, 3u);
  EXPECT_EQ(metrics_.in_flight, 0u);
  EXPECT_EQ(channel_.released, 3u);
}

TEST_F(ForwarderTest, CreatesAMissingStreamAtTheFirstStart) {
  server_.exists = false;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("a", "b", "c"));
}

TEST_F(ForwarderTest, RefusesAMissingStreamAfterMessagesWereReleased) {
  server_.exists = false;
  channel_.released = 1;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("--force")));
  EXPECT_FALSE(server_.exists);
  options_.force = true;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("b", "c"));
}

TEST_F(ForwarderTest, RefusesAPurgedStream) {
  channel_.messages.pop_back();
  ASSERT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  server_.Purge();
  channel_.Send("c");
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("purged")));
  EXPECT_THAT(Stored(), IsEmpty());
  EXPECT_EQ(channel_.released, 2u);
  options_.force = true;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("c"));
}

// The deduplication window of a purged stream still has the ids of what is gone.
TEST_F(ForwarderTest, StoresUnderANewIdWhatTheEngineCallsADuplicateAndDoesNotHave) {
  ASSERT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  server_.Purge();
  channel_.released = 1;
  options_.force = true;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("b", "c"));
  EXPECT_EQ(server_.stream[0].id, "c0ffee-64-1");
}

TEST_F(ForwarderTest, RefusesAStreamThatIsPurgedMeanwhile) {
  options_.window = 1;
  on_step_ = [&](int) {
    if (server_.stream.size() == 2) server_.Purge();
  };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("purged")));
  EXPECT_EQ(channel_.released, 2u);
}

TEST_F(ForwarderTest, GoesOnWhenMessagesWentAwayByAge) {
  options_.window = 1;
  server_.expires = true;
  int purges = 0;
  on_step_ = [&](int) {
    if (server_.stream.size() == 2 && purges++ == 0) server_.Purge();
  };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("c"));
}

TEST_F(ForwarderTest, RefusesAStreamThatLacksWhatItAcknowledged) {
  options_.window = 1;
  on_step_ = [&](int) {
    if (server_.stream.size() == 2) server_.stream.pop_back();
  };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("lacks messages")));
}

TEST_F(ForwarderTest, RefusesTheSubjectOfAnotherChannel) {
  server_.stream.push_back({Mark{"beef", 5, "other:/dev/shm/c", "him"}, "beef-5", "x", 1});
  server_.last_sequence = 1;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition,
                              HasSubstr("him for the channel other:/dev/shm/c")));
  EXPECT_THAT(Stored(), ElementsAre("x"));
  options_.force = true;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("x", "a", "b", "c"));
}

TEST_F(ForwarderTest, GoesOnAfterTheChannelWasReplaced) {
  server_.stream.push_back({Mark{"01d", 5000, "host:/dev/shm/c", "him"}, "01d-5000", "x", 1});
  server_.last_sequence = 1;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("x", "a", "b", "c"));
}

TEST_F(ForwarderTest, RefusesASubjectOfForeignMessages) {
  server_.StoreForeign();
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no bridge")));
  options_.force = true;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_F(ForwarderTest, EndsBesideAnotherBridge) {
  options_.window = 1;
  bool written = false;
  on_step_ = [&](int) {
    if (server_.stream.size() != 1 || written) return;
    written = true;
    server_.stream.push_back(
        {Mark{"beef", 7, "host:/dev/shm/d", "him"}, "beef-7", "x", ++server_.last_sequence});
  };
  options_.force = true;  // does not help
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kAlreadyExists,
                              HasSubstr("him for the channel host:/dev/shm/d")));
  EXPECT_THAT(Stored(), ElementsAre("a", "x"));
}

TEST_F(ForwarderTest, WaitsForAnEngineThatIsGone) {
  server_.unavailable = true;
  on_step_ = [&](int step) { server_.unavailable = step < 500; };
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("a", "b", "c"));
  EXPECT_GE(metrics_.retries, 400u);
}

TEST_F(ForwarderTest, EndsWhereTheEngineRefusesTheUser) {
  server_.denied = true;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(ForwarderTest, StoresLargeMessagesAsDeadLetters) {
  channel_.messages[1].payload = "too long";
  server_.max_payload = 4;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("a", "c"));
  EXPECT_THAT(server_.letters,
              ElementsAre("64: the message has 8 bytes, and the engine stores at most 4"));
  EXPECT_EQ(metrics_.dead_letters, 1u);
}

TEST_F(ForwarderTest, GoesOnWhereNobodyTakesDeadLetters) {
  channel_.messages[1].payload = "too long";
  server_.max_payload = 4;
  server_.refuses_letters = true;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Stored(), ElementsAre("a", "c"));
  EXPECT_EQ(metrics_.dead_letters, 0u);
  EXPECT_EQ(metrics_.refused_letters, 1u);
  EXPECT_THAT(log_, ::testing::Contains(HasSubstr("dropped")));
}

TEST_F(ForwarderTest, GoesOnWithoutASchema) {
  options_.description = "schema";
  server_.refuses_schemas = true;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_EQ(metrics_.schemas_refused, 1u);
  server_.refuses_schemas = false;
  channel_.released = 0;
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(server_.schemas, ElementsAre("f00d=schema"));
  EXPECT_EQ(metrics_.skipped, 3u);
}

TEST_F(ForwarderTest, TakesNoMoreThanTheWindow) {
  FakeEngine engine(&server_, NoFault);
  FakeSource source(&channel_, NoFault);
  options_.window_bytes = 2;
  Forwarder forwarder(&source, &engine, identity_, options_, &metrics_);
  server_.unavailable = false;
  ASSERT_THAT(forwarder.Step(absl::ZeroDuration()), IsOk());  // reads the tail
  EXPECT_TRUE(forwarder.started());
  server_.unavailable = true;
  for (int i = 0; i < 10; ++i) ASSERT_THAT(forwarder.Step(absl::ZeroDuration()), IsOk());
  EXPECT_EQ(forwarder.held(), 2u);
}

TEST_F(ForwarderTest, StopsWhenWhatItTookIsStored) {
  FakeEngine engine(&server_, NoFault);
  FakeSource source(&channel_, NoFault);
  options_.window = 2;
  Forwarder forwarder(&source, &engine, identity_, options_, &metrics_);
  while (forwarder.held() == 0 && server_.stream.empty()) {
    ASSERT_THAT(forwarder.Step(absl::ZeroDuration()), IsOk());
  }
  forwarder.Stop();
  absl::Status done;
  while (done.ok()) done = forwarder.Step(absl::ZeroDuration());
  EXPECT_THAT(done, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(Stored(), ElementsAre("a", "b"));
  EXPECT_EQ(channel_.released, 2u);
}

}  // namespace
}  // namespace ipmpsc::bridge
