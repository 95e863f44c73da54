// Searches every course of the bridge's core with few faults: answers that are lost, publishes that
// are lost, arrive late or twice, an engine that is busy or does not answer, and deaths of the
// bridge at each operation. After each course every message is stored once and in order.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/engine.h"
#include "bridge/forwarder.h"
#include "bridge/metrics.h"
#include "gtest/gtest.h"
#include "tests/bridge/fake_engine.h"
#include "tests/bridge/search.h"

namespace ipmpsc::bridge {
namespace {

ChannelIdentity Identity() { return {"c0ffee", "host:/dev/shm/c", "bridge", "T", "f"}; }

ForwarderOptions Options(size_t window) {
  ForwarderOptions options;
  options.window = window;
  options.settle_time = absl::ZeroDuration();
  options.first_retry = options.last_retry = absl::ZeroDuration();
  options.description = "schema";
  return options;
}

struct World {
  FakeServer server;
  FakeChannel channel;
};

// Runs bridges, one after the death of the other, until one ends. Returns its status.
absl::Status RunBridges(World* world, size_t window, Search* search) {
  const Chooser choose = [search](int options) { return search->Choose(options); };
  for (int bridge = 0; bridge < 100; ++bridge) {
    try {
      Metrics metrics;
      FakeEngine engine(&world->server, choose);
      FakeSource source(&world->channel, choose);
      Forwarder forwarder(&source, &engine, Identity(), Options(window), &metrics);
      for (int step = 0; step < 1000; ++step) {
        const absl::Status done = forwarder.Step(absl::ZeroDuration());
        if (!done.ok()) return done;
      }
      return absl::DeadlineExceededError("the bridge makes no progress");
    } catch (const Death&) {
      // The posts of the bridge are still on their way: FakeEngine's destructor.
    }
  }
  return absl::DeadlineExceededError("too many deaths");
}

std::string StoredText(const FakeServer& server) {
  return absl::StrJoin(server.stream, " ", [](std::string* out, const FakeServer::Stored& stored) {
    out->append(stored.payload);
  });
}

// Returns the number of courses. `check` is called after each one.
int ForEachCourse(int faults, size_t window, const std::function<void(World*)>& prepare,
                  const std::function<std::string(const World&, const absl::Status&)>& check) {
  Search search(faults);
  int courses = 0;
  do {
    World world;
    prepare(&world);
    const absl::Status done = RunBridges(&world, window, &search);
    const std::string wrong = check(world, done);
    ++courses;
    if (!wrong.empty()) {
      ADD_FAILURE() << wrong << "\nstatus: " << done << "\nstream: " << StoredText(world.server)
                    << "\ncourse: " << search.Text();
      return courses;
    }
  } while (search.Next());
  return courses;
}

std::string ExpectExactlyOnce(const World& world, const absl::Status& done) {
  if (!absl::IsOutOfRange(done)) return "the bridge did not end with the channel";
  if (StoredText(world.server) != "a b c d") return "lost, repeated or out of order";
  if (world.channel.released != 4) return "not everything was released";
  if (world.server.schemas.empty() || world.server.schemas[0] != "f=schema") return "no schema";
  return "";
}

void FourMessages(World* world) {
  for (const char* payload : {"a", "b", "c", "d"}) world->channel.Send(payload);
  world->channel.end = absl::OutOfRangeError("closed");
}

TEST(ForwarderModelTest, StoresEachMessageOnceWithTwoFaultsOrDeaths) {
  for (const size_t window : {1, 2, 4}) {
    const int courses = ForEachCourse(2, window, FourMessages, ExpectExactlyOnce);
    EXPECT_GT(courses, 1000) << window;
    RecordProperty(absl::StrCat("courses_of_window_", window), courses);
  }
}

TEST(ForwarderModelTest, StoresEachMessageOnceWithThreeFaultsOrDeaths) {
  const auto two_messages = [](World* world) {
    world->channel.Send("a");
    world->channel.Send("b");
    world->channel.end = absl::OutOfRangeError("closed");
  };
  const auto check = [](const World& world, const absl::Status& done) -> std::string {
    if (!absl::IsOutOfRange(done)) return "the bridge did not end with the channel";
    if (StoredText(world.server) != "a b") return "lost, repeated or out of order";
    return world.channel.released == 2 ? "" : "not everything was released";
  };
  EXPECT_GT(ForEachCourse(3, 2, two_messages, check), 5000);
}

TEST(ForwarderModelTest, StoresThreeMessagesOnceWithThreeFaultsOrDeaths) {
  const auto three_messages = [](World* world) {
    for (const char* payload : {"a", "b", "c"}) world->channel.Send(payload);
    world->channel.end = absl::OutOfRangeError("closed");
  };
  const auto check = [](const World& world, const absl::Status& done) -> std::string {
    if (!absl::IsOutOfRange(done)) return "the bridge did not end with the channel";
    if (StoredText(world.server) != "a b c") return "lost, repeated or out of order";
    return world.channel.released == 3 ? "" : "not everything was released";
  };
  EXPECT_GT(ForEachCourse(3, 2, three_messages, check), 8000);
}

// The fence and the tail suffice.
TEST(ForwarderModelTest, StoresEachMessageOnceIfTheServerForgetsIds) {
  const auto forgetful = [](World* world) {
    FourMessages(world);
    world->server.remembers_ids = false;
  };
  for (const size_t window : {1, 2, 4}) {
    EXPECT_GT(ForEachCourse(2, window, forgetful, ExpectExactlyOnce), 1000);
  }
}

TEST(ForwarderModelTest, StoresEachMessageOnceInASharedStream) {
  const auto shared = [](World* world) {
    FourMessages(world);
    world->server.pipelined = false;
  };
  EXPECT_GT(ForEachCourse(2, 4, shared, ExpectExactlyOnce), 1000);
}

TEST(ForwarderModelTest, StoresADeadLetterOnceWhicheverDeaths) {
  const auto large = [](World* world) {
    world->channel.Send("a");
    world->channel.Send("large");
    world->channel.Send("c");
    world->channel.end = absl::OutOfRangeError("closed");
    world->server.max_payload = 4;
  };
  const auto check = [](const World& world, const absl::Status& done) -> std::string {
    if (!absl::IsOutOfRange(done)) return "the bridge did not end with the channel";
    if (StoredText(world.server) != "a c") return "lost, repeated or out of order";
    if (world.server.letters.size() != 1) return "not one dead letter";
    return "";
  };
  EXPECT_GT(ForEachCourse(2, 4, large, check), 500);
}

// A program that is no bridge writes once, at any time. Nothing that was released is missing, and
// nothing is there twice.
TEST(ForwarderModelTest, LosesNothingWhenAnotherProgramWrites) {
  int ended = 0;
  for (int at = 0; at < 40; ++at) {
    Search search(1);
    do {
      World world;
      FourMessages(&world);
      int left = at;
      const Chooser choose = [&](int options) {
        if (left-- == 0) world.server.StoreForeign();
        return search.Choose(options);
      };
      Metrics metrics;
      absl::Status done;
      try {
        FakeEngine engine(&world.server, choose);
        FakeSource source(&world.channel, choose);
        Forwarder forwarder(&source, &engine, Identity(), Options(4), &metrics);
        for (int step = 0; done.ok() && step < 1000; ++step) {
          done = forwarder.Step(absl::ZeroDuration());
        }
      } catch (const Death&) {
        done = absl::AbortedError("died");
      }
      ASSERT_FALSE(done.ok()) << search.Text();
      ended += absl::IsAlreadyExists(done);
      std::string stored;
      for (const FakeServer::Stored& message : world.server.stream) {
        if (message.mark.has_value()) stored += message.payload;
      }
      ASSERT_TRUE(absl::string_view("abcd").substr(0, stored.size()) == stored)
          << stored << "\ncourse: " << search.Text();
      ASSERT_GE(stored.size(), world.channel.released) << search.Text();
    } while (search.Next());
  }
  EXPECT_GT(ended, 100);
}

}  // namespace
}  // namespace ipmpsc::bridge
