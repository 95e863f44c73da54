// Kills the bridge before and after each system call of its thread, in both directions and over a
// real server. A second bridge then does the rest. Every message is there once and in order.
//
//   IPMPSC_STEP_STRIDE=1 bazel-bin/tests/bridge/kill_points_test    # each one
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/channel_outlet.h"
#include "bridge/deliverer.h"
#include "bridge/engine.h"
#include "bridge/feed.h"
#include "bridge/forwarder.h"
#include "bridge/metrics.h"
#include "bridge/nats_engine.h"
#include "bridge/nats_feed.h"
#include "bridge/place.h"
#include "bridge/source.h"
#include "examples/bridge/nats_server.h"
#include "examples/bridge/stream_reader.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/bridge/connect.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/stepped_child.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {
namespace {

using examples::NatsServer;
using ::ipmpsc::testing::ChildProcess;
using ::ipmpsc::testing::InChild;
using ::ipmpsc::testing::SteppedChild;

constexpr absl::Duration kStep = absl::Milliseconds(5);
constexpr int kMostSteps = 4000;

uint64_t Stride() {
  const char* const text = std::getenv("IPMPSC_STEP_STRIDE");
  uint64_t stride = 0;
  return text != nullptr && absl::SimpleAtoi(text, &stride) && stride > 0 ? stride : 3;
}

Channel CreateChannel() {
  ChannelOptions options;
  options.capacity = 4096;
  options.timestamps = true;
  absl::StatusOr<Channel> channel = Channel::CreateTemp(options);
  EXPECT_OK(channel);
  return *std::move(channel);
}

// From a channel to a stream.
class Forward {
 public:
  Forward(const Channel& channel, const NatsOptions& options) {
    absl::StatusOr<std::unique_ptr<Engine>> engine =
        ConnectPatiently([&] { return ConnectToNats(options); });
    absl::StatusOr<ChannelSource> source = ChannelSource::Attach(channel, "bridge");
    if (!engine.ok() || !source.ok()) _exit(99);
    engine_ = *std::move(engine);
    source_.emplace(*std::move(source));
    ForwarderOptions core;
    core.settle_time = absl::Seconds(1);
    forwarder_.emplace(&*source_, engine_.get(),
                       ChannelIdentity{channel.id(), "here", "bridge", "", ""}, core, &metrics_);
  }
  // Returns 0 if everything is stored.
  int Run() {
    absl::Status done;
    for (int i = 0; done.ok() && i < kMostSteps; ++i) done = forwarder_->Step(kStep);
    return absl::IsOutOfRange(done) ? 0 : 1;
  }

 private:
  std::unique_ptr<Engine> engine_;
  std::optional<ChannelSource> source_;
  Metrics metrics_;
  std::optional<Forwarder> forwarder_;
};

// From a stream of three messages to a channel.
class Back {
 public:
  Back(const Channel& channel, const NatsOptions& options, const std::string& place)
      : outlet_(channel, "", "bridge") {
    absl::StatusOr<std::unique_ptr<Feed>> feed =
        ConnectPatiently([&] { return ConnectToNatsFeed(options); });
    absl::StatusOr<PlaceFile> file = PlaceFile::Open(place);
    if (!feed.ok() || !file.ok()) _exit(99);
    feed_ = *std::move(feed);
    file_.emplace(*std::move(file));
    deliverer_.emplace(feed_.get(), &outlet_, &*file_, DelivererOptions(), &metrics_);
  }
  // Returns 0 if everything is sent.
  int Run() {
    absl::Status done;
    for (int i = 0; done.ok() && i < kMostSteps; ++i) {
      if (file_->place().done == 3 && file_->place().begun == 0) deliverer_->Stop();
      done = deliverer_->Step(kStep);
    }
    return absl::IsCancelled(done) && metrics_.uncertain == 0 && metrics_.missed == 0 ? 0 : 1;
  }

 private:
  std::unique_ptr<Feed> feed_;
  std::optional<PlaceFile> file_;
  ChannelOutlet outlet_;
  DeliveryMetrics metrics_;
  std::optional<Deliverer> deliverer_;
};

// No process that forks uses libnats: all work is done in children.
class KillPointsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasNats()) GTEST_SKIP() << "this build has no libnats: install libnats-dev";
    const std::string why_not = SteppedChild::Unavailable();
    if (!why_not.empty()) GTEST_SKIP() << why_not;
    const std::string folder = testing::PathOnDisk("server");
    mkdir(folder.c_str(), 0700);
    absl::StatusOr<NatsServer> server = NatsServer::Start(folder);
    if (absl::IsNotFound(server.status())) GTEST_SKIP() << "nats-server is not installed";
    ASSERT_OK(server);
    server_ = std::make_unique<NatsServer>(*std::move(server));
  }

  NatsOptions Options(const std::string& subject) const {
    NatsOptions options;
    options.address = {"nats", server_->address(), subject};
    options.timeout = absl::Seconds(2);
    return options;
  }

  static Channel ClosedChannelWithMessages() {
    Channel channel = CreateChannel();
    absl::StatusOr<Sender> sender = Sender::Attach(channel);
    EXPECT_OK(sender);
    for (const char* payload : {"a", "b", "b"}) EXPECT_OK(sender->TrySend(payload));
    channel.Close();
    return channel;
  }

  // Makes `Bridge` objects by `make` in children. Kills one before and after each system call.
  template <typename Bridge>
  void KillAtEachCall(const std::function<void(uint64_t place)>& prepare,
                      const std::function<void(std::optional<Bridge>*)>& make,
                      const std::function<std::string()>& found) {
    uint64_t places = 0;
    uint64_t rest = 0;  // places at which the second bridge had work to do
    for (bool whole = false; !whole; ++places) {
      ASSERT_LT(places * Stride(), 3000u) << "the bridge does not end";
      prepare(places);
      std::optional<Bridge> bridge;  // of the child
      SteppedChild child([&] { make(&bridge); }, [&] { bridge->Run(); });
      const uint64_t stop = places * Stride();
      for (uint64_t call = 0; call < stop / 2 && !whole; ++call) {
        whole = !child.RunThroughSystemCall();
      }
      // Its work since its last call is done, too.
      if (stop % 2 == 1 && !whole) whole = !child.RunToAnySystemCall();
      child.Kill();
      rest += found() != "a b b ";
      ChildProcess second = ChildProcess::Fork([&] {
        make(&bridge);
        return bridge->Run();
      });
      ASSERT_EQ(second.Wait(), "exited 0") << "at place " << places;
      ASSERT_EQ(found(), "a b b ") << "at place " << places;
    }
    std::cout << places << " places, something was left at " << rest << " of them\n";
    EXPECT_GT(places, 3u);
    EXPECT_GT(rest, 1u);
  }

  std::unique_ptr<NatsServer> server_;
};

TEST_F(KillPointsTest, FromAChannelToAStream) {
  std::string subject;
  std::optional<Channel> channel;
  KillAtEachCall<Forward>(
      [&](uint64_t place) {
        subject = absl::StrCat("forward", place);
        channel = ClosedChannelWithMessages();
      },
      [&](std::optional<Forward>* bridge) { bridge->emplace(*channel, Options(subject)); },
      [&] {
        return InChild([&] {
          std::string stored;
          // There may be no stream yet.
          (void)examples::ReadStream(server_->address(), subject, subject,
                                     [&](const examples::StreamMessage& message) {
                                       absl::StrAppend(&stored, message.payload, " ");
                                     });
          return stored;
        });
      });
}

TEST_F(KillPointsTest, FromAStreamToAChannel) {
  ASSERT_EQ(ChildProcess::Fork([&] {
              return Forward(ClosedChannelWithMessages(), Options("back")).Run();
            }).Wait(),
            "exited 0");
  const std::string path = testing::PathOnDisk("place");
  std::optional<Channel> channel;
  std::optional<Receiver> receiver;
  std::string received;
  KillAtEachCall<Back>(
      [&](uint64_t) {
        unlink(path.c_str());
        receiver.reset();
        channel = CreateChannel();
        absl::StatusOr<Receiver> attached = Receiver::Attach(*channel);
        ASSERT_OK(attached);
        receiver.emplace(*std::move(attached));
        received.clear();
      },
      [&](std::optional<Back>* bridge) { bridge->emplace(*channel, Options("back"), path); },
      [&] {
        for (;;) {
          // An orphan is stepped over only by a receiver that waits.
          absl::StatusOr<Lease> lease = receiver->Receive(absl::ZeroDuration());
          if (!lease.ok()) return received;
          absl::StrAppend(&received, lease->payload(), " ");
          EXPECT_EQ(lease->sequence(), received.size() / 2);
        }
      });
}

}  // namespace
}  // namespace ipmpsc::bridge
