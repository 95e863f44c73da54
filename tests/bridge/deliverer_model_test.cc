// Searches every course of the bridge from an engine to a channel with few faults: an engine that
// does not answer, loses its place or brings a message again, a channel that is full, and deaths of
// the bridge at each operation. After each course every message was sent once and in order.
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/deliverer.h"
#include "bridge/feed.h"
#include "bridge/place.h"
#include "gtest/gtest.h"
#include "tests/bridge/search.h"

namespace ipmpsc::bridge {
namespace {

// Thrown where the bridge dies.
struct Death {};

constexpr char kChannelId[] = "0123456789abcdef0123456789abcdef";

// The things that outlive a bridge.
struct World {
  struct Stored {
    uint64_t sequence;
    std::string payload;
    std::string fingerprint;
  };
  std::vector<Stored> stream;
  uint64_t last = 0;
  bool exists = true;
  bool alone = true;
  std::vector<std::string> channel;  // what was sent
  std::vector<uint64_t> numbers;     // and the numbers
  std::string fingerprint;           // of the channel
  bool forgets = false;              // the channel no longer shows what was sent
  bool lossy = false;
  bool refuse_gap = false;
  bool tells_read = false;
  Place place;

  void Add(const std::string& payload) { stream.push_back({++last, payload, ""}); }
  std::string Text() const { return absl::StrJoin(channel, " "); }
};

using Chooser = std::function<int(int options)>;

class FakeFeed final : public Feed {
 public:
  FakeFeed(World* world, Chooser choose) : world_(world), choose_(std::move(choose)) {}

  absl::StatusOr<FeedState> Look() override {
    MayDie();
    if (choose_(2) == 1) return absl::UnavailableError("no answer");
    if (!world_->exists) return absl::NotFoundError("no stream");
    FeedState state;
    state.first = world_->stream.empty() ? world_->last + 1 : world_->stream.front().sequence;
    state.last = world_->last;
    state.messages = world_->stream.size();
    state.bytes = 10 * state.messages;
    state.alone = world_->alone;
    state.refuse_gap = world_->refuse_gap;
    return state;
  }
  uint64_t read() const override {
    return world_->tells_read && began_ && at_ == world_->stream.size() ? world_->last : 0;
  }
  absl::Status Begin(uint64_t from) override {
    MayDie();
    if (choose_(2) == 1) return absl::UnavailableError("no answer");
    at_ = 0;
    began_ = true;
    while (at_ < world_->stream.size() && world_->stream[at_].sequence < from) ++at_;
    return absl::OkStatus();
  }
  absl::StatusOr<Arrival> Next(absl::Duration) override {
    MayDie();
    // The fourth: the next message is still on its way.
    const int fault = choose_(at_ < world_->stream.size() ? 4 : 3);
    if (fault == 3) return absl::DeadlineExceededError("");
    if (fault == 1) return absl::UnavailableError("the place is lost");
    if (fault == 2 && at_ > 0) --at_;  // once more
    if (at_ == world_->stream.size()) return absl::DeadlineExceededError("");
    const World::Stored& stored = world_->stream[at_++];
    return Arrival{stored.payload, stored.sequence, 1, stored.fingerprint};
  }
  absl::StatusOr<std::string> Schema(const std::string&) override {
    return absl::NotFoundError("");
  }

 private:
  void MayDie() {
    if (choose_(2) == 1) throw Death();
  }

  World* const world_;
  const Chooser choose_;
  size_t at_ = 0;
  bool began_ = false;
};

class FakeOutlet final : public Outlet {
 public:
  FakeOutlet(World* world, Chooser choose) : world_(world), choose_(std::move(choose)) {}

  std::string fingerprint() const override { return world_->fingerprint; }
  absl::Status Attach() override {
    attached_ = true;
    return absl::OkStatus();
  }
  absl::Status Prepare(uint64_t sequence, Place* place) override {
    attached_ = true;
    if (choose_(2) == 1) return absl::UnavailableError("no slot");
    place->channel_id = kChannelId;
    place->number = sequence_ = sequence;
    return absl::OkStatus();
  }
  absl::Status Send(absl::string_view payload, absl::Duration) override {
    if (world_->lossy && payload == "b") return absl::ResourceExhaustedError("");
    if (payload == "too large") return absl::InvalidArgumentError("too large");
    switch (choose_(4)) {
      case 1:
        throw Death();
      case 2:
        return absl::DeadlineExceededError("full");
      case 3:
        world_->channel.emplace_back(payload);
        world_->numbers.push_back(sequence_);
        throw Death();
    }
    world_->channel.emplace_back(payload);
    world_->numbers.push_back(sequence_);
    return absl::OkStatus();
  }
  absl::StatusOr<Found> Find(const Place& place, absl::string_view payload,
                             absl::Duration) override {
    EXPECT_FALSE(attached_) << "the slot that tells what was sent may be taken";
    if (choose_(2) == 1) return absl::DeadlineExceededError("not yet");
    if (world_->forgets) return Found::kUnknown;
    const bool sent = !world_->numbers.empty() && world_->numbers.back() == place.number &&
                      world_->channel.back() == payload;
    return sent ? Found::kSent : Found::kNotSent;
  }

 private:
  World* const world_;
  const Chooser choose_;
  uint64_t sequence_ = 0;
  bool attached_ = false;
};

class FakeStore final : public PlaceStore {
 public:
  FakeStore(World* world, Chooser choose) : world_(world), choose_(std::move(choose)) {}

  const Place& place() const override { return world_->place; }
  absl::Status Write(const Place& place) override {
    if (choose_(2) == 1) throw Death();
    // By way of the file's text, which the next bridge reads.
    const absl::StatusOr<Place> read = ParsePlace(PlaceText(place));
    EXPECT_TRUE(read.ok()) << PlaceText(place);
    world_->place = *read;
    if (choose_(2) == 1) throw Death();
    return absl::OkStatus();
  }

 private:
  World* const world_;
  const Chooser choose_;
};

// Runs bridges, one after the death of the other, until everything is dealt with or one ends.
absl::Status RunBridges(World* world, const Chooser& choose, DeliveryMetrics* metrics,
                        bool force = false) {
  for (int bridge = 0; bridge < 100; ++bridge) {
    try {
      FakeFeed feed(world, choose);
      FakeOutlet outlet(world, choose);
      FakeStore store(world, choose);
      DelivererOptions options;
      options.first_retry = options.last_retry = absl::ZeroDuration();
      options.look_interval = absl::Hours(1);
      options.force = force;
      Deliverer deliverer(&feed, &outlet, &store, options, metrics);
      for (int step = 0; step < 200; ++step) {
        if (world->place.done == world->last && world->place.begun == 0) {
          deliverer.Stop();
        }
        const absl::Status done = deliverer.Step(absl::ZeroDuration());
        if (!done.ok()) return done;
      }
      return absl::DeadlineExceededError("the bridge makes no progress");
    } catch (const Death&) {
    }
  }
  return absl::DeadlineExceededError("too many deaths");
}

void FourMessages(World* world) {
  for (const char* payload : {"a", "b", "b", "d"}) world->Add(payload);
}

// Returns the number of courses.
int ForEachCourse(int faults, const std::function<void(World*)>& prepare,
                  const std::function<std::string(const World&, const DeliveryMetrics&)>& check) {
  Search search(faults);
  int courses = 0;
  do {
    World world;
    DeliveryMetrics metrics;
    prepare(&world);
    const absl::Status done = RunBridges(
        &world, [&](int options) { return search.Choose(options); }, &metrics);
    const std::string wrong =
        absl::IsCancelled(done) ? check(world, metrics) : "the bridge did not end when asked";
    ++courses;
    if (!wrong.empty()) {
      ADD_FAILURE() << wrong << "\nstatus: " << done << "\nchannel: " << world.Text()
                    << "\ncourse: " << search.Text();
      return courses;
    }
  } while (search.Next());
  return courses;
}

TEST(DelivererModelTest, SendsEachMessageOnceWithTwoFaultsOrDeaths) {
  const auto check = [](const World& world, const DeliveryMetrics&) -> std::string {
    if (world.Text() != "a b b d") return "lost, repeated or out of order";
    if (world.numbers != std::vector<uint64_t>{1, 2, 3, 4}) return "wrong numbers";
    return "";
  };
  EXPECT_GT(ForEachCourse(2, FourMessages, check), 1000);
}

TEST(DelivererModelTest, SendsTwoMessagesOnceWithThreeFaultsOrDeaths) {
  const auto two = [](World* world) {
    world->Add("a");
    world->last = 7;  // messages between them were deleted
    world->Add("b");
  };
  const auto check = [](const World& world, const DeliveryMetrics&) -> std::string {
    if (world.Text() != "a b") return "lost, repeated or out of order";
    return world.numbers == std::vector<uint64_t>{1, 8} ? "" : "wrong numbers";
  };
  EXPECT_GT(ForEachCourse(3, two, check), 5000);
}

TEST(DelivererModelTest, TakesNumbersWithoutMessagesForDone) {
  const auto marks = [](World* world) {
    world->tells_read = true;
    world->Add("a");
    world->last = 3;
    world->Add("b");
    world->last = 6;
  };
  const auto check = [](const World& world, const DeliveryMetrics&) -> std::string {
    if (world.Text() != "a b") return "lost, repeated or out of order";
    return world.place.done == 6 ? "" : "the place is before the end";
  };
  EXPECT_GT(ForEachCourse(2, marks, check), 500);
}

TEST(DelivererModelTest, CountsEachMessageThatMayComeTwice) {
  const auto forgetful = [](World* world) {
    FourMessages(world);
    world->forgets = true;
  };
  int repeated = 0;
  const auto check = [&](const World& world, const DeliveryMetrics& metrics) -> std::string {
    const uint64_t extra = world.channel.size() - 4;
    repeated += extra > 0;
    if (world.channel.size() < 4) return "lost";
    return extra <= metrics.uncertain ? "" : "repeated and not counted";
  };
  EXPECT_GT(ForEachCourse(2, forgetful, check), 1000);
  EXPECT_GT(repeated, 0);
}

TEST(DelivererModelTest, GoesOnBehindMessagesThatAreNotSent) {
  const auto some_do_not_fit = [](World* world) {
    FourMessages(world);
    world->lossy = true;
    world->Add("too large");
    world->Add("f");
  };
  const auto check = [](const World& world, const DeliveryMetrics& metrics) -> std::string {
    if (world.Text() != "a d f") return "lost, repeated or out of order";
    return metrics.dropped >= 2 && metrics.too_large >= 1 ? "" : "not counted";
  };
  EXPECT_GT(ForEachCourse(1, some_do_not_fit, check), 50);
}

const Chooser kNoFault = [](int) { return 0; };

TEST(DelivererTest, EndsWhenTheStreamContradictsThePlace) {
  World world;
  FourMessages(&world);
  world.place.done = 9;
  DeliveryMetrics metrics;
  EXPECT_TRUE(absl::IsFailedPrecondition(RunBridges(&world, kNoFault, &metrics)));
  EXPECT_EQ(world.Text(), "");
  EXPECT_TRUE(absl::IsCancelled(RunBridges(&world, kNoFault, &metrics, /*force=*/true)));
  EXPECT_EQ(world.Text(), "a b b d");
  world.exists = false;
  world.last = 9;
  EXPECT_TRUE(absl::IsNotFound(RunBridges(&world, kNoFault, &metrics)));
}

TEST(DelivererTest, CountsWhatWentAwayBeforeItWasRead) {
  World world;
  FourMessages(&world);
  world.place.done = 1;
  world.stream.erase(world.stream.begin(), world.stream.begin() + 3);
  DeliveryMetrics metrics;
  EXPECT_TRUE(absl::IsCancelled(RunBridges(&world, kNoFault, &metrics)));
  EXPECT_EQ(world.Text(), "d");
  EXPECT_EQ(metrics.missed, 2u);
}

TEST(DelivererTest, EndsWhereMessagesThatWentAwayUnreadAreRefused) {
  World world;
  FourMessages(&world);
  world.refuse_gap = true;
  world.place.done = 1;
  world.stream.erase(world.stream.begin(), world.stream.begin() + 3);
  DeliveryMetrics metrics;
  EXPECT_TRUE(absl::IsFailedPrecondition(RunBridges(&world, kNoFault, &metrics)));
  EXPECT_EQ(world.Text(), "");
  EXPECT_EQ(world.place.done, 1u);
  EXPECT_TRUE(absl::IsCancelled(RunBridges(&world, kNoFault, &metrics, /*force=*/true)));
  EXPECT_EQ(world.Text(), "d");
  EXPECT_EQ(metrics.missed, 2u);
  // A bridge that begins takes what there is.
  world.Add("e");
  world.place = Place();
  EXPECT_TRUE(absl::IsCancelled(RunBridges(&world, kNoFault, &metrics)));
  EXPECT_EQ(world.Text(), "d d e");
  EXPECT_EQ(metrics.missed, 2u);
}

TEST(DelivererTest, CountsAMessageInDoubtThatHasGoneFromTheStream) {
  World world;
  FourMessages(&world);
  world.place.done = 1;
  world.place.begun = 2;
  world.place.channel_id = kChannelId;
  world.stream.erase(world.stream.begin() + 1);
  DeliveryMetrics metrics;
  EXPECT_TRUE(absl::IsCancelled(RunBridges(&world, kNoFault, &metrics)));
  EXPECT_EQ(world.Text(), "b d");
  EXPECT_EQ(metrics.missed, 1u);
}

TEST(DelivererTest, EndsAtAMessageOfAnotherSchema) {
  World world;
  FourMessages(&world);
  world.fingerprint = "0000000000000001";
  world.stream[2].fingerprint = "0000000000000002";
  DeliveryMetrics metrics;
  EXPECT_TRUE(absl::IsFailedPrecondition(RunBridges(&world, kNoFault, &metrics)));
  EXPECT_EQ(world.Text(), "a b");
  EXPECT_EQ(world.place.done, 2u);
  EXPECT_EQ(world.place.begun, 0u);
  EXPECT_TRUE(absl::IsCancelled(RunBridges(&world, kNoFault, &metrics, /*force=*/true)));
  EXPECT_EQ(world.Text(), "a b b d");
}

TEST(DelivererTest, RefusesTheLargestNumber) {
  World world;
  world.last = UINT64_MAX - 1;
  world.Add("a");
  DeliveryMetrics metrics;
  EXPECT_TRUE(absl::IsFailedPrecondition(RunBridges(&world, kNoFault, &metrics)));
}

TEST(PlaceTest, ReadsOnlyWhatItWrites) {
  Place place;
  place.done = 5;
  place.begun = 7;
  place.channel_id = kChannelId;
  place.slot = 65535;
  place.owner = ~uint32_t{0};
  place.number = place.position = ~uint64_t{0};
  const std::string text = PlaceText(place);
  ASSERT_EQ(text.size(), kPlaceBytes);
  const absl::StatusOr<Place> read = ParsePlace(text);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(PlaceText(*read), text);
  // Each cut, and each byte changed to some others.
  for (size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(ParsePlace(text.substr(0, i)).ok());
    for (const char c : {'\0', ' ', '0', '-', '9', 'x', '\xff'}) {
      std::string changed = text;
      changed[i] = c;
      const absl::StatusOr<Place> other = ParsePlace(changed);
      if (!other.ok() || other->begun == 0) continue;
      EXPECT_LT(other->done, other->begun);
    }
  }
  place.begun = 5;
  EXPECT_FALSE(ParsePlace(PlaceText(place)).ok());
}

}  // namespace
}  // namespace ipmpsc::bridge
