// A NATS server, a channel, and a bridge between both as a program.
#ifndef TESTS_BRIDGE_BRIDGE_FIXTURE_H_
#define TESTS_BRIDGE_BRIDGE_FIXTURE_H_

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/nats_engine.h"
#include "examples/bridge/nats_server.h"
#include "examples/bridge/stream_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"
#include "tests/bridge/bridge_program.h"
#include "tests/bridge/nats_admin.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc::bridge {

class BridgeFixture : public ::testing::Test {
 protected:
  BridgeFixture() : log_(testing::PathOnDisk(absl::StrCat("bridge-", Counter(), ".log"))) {
    folder_ = testing::PathOnDisk(absl::StrCat("server-", Counter()));
    mkdir(folder_.c_str(), 0700);
  }

  static int Counter() {
    static int count = 0;
    return ++count;
  }

  void SetUp() override {
    // ./bazelw installs both, so this is for builds without it.
    if (!HasNats()) GTEST_SKIP() << "this build has no libnats: install libnats-dev";
    absl::StatusOr<examples::NatsServer> server = examples::NatsServer::Start(folder_);
    if (absl::IsNotFound(server.status())) GTEST_SKIP() << "nats-server is not installed";
    ASSERT_OK(server);
    server_ = std::make_unique<examples::NatsServer>(*std::move(server));
  }

  Channel CreateChannel(const ChannelOptions& options = WithTimestamps()) {
    absl::StatusOr<Channel> channel = Channel::Create(memory_ / "c", options);
    EXPECT_OK(channel);
    return *std::move(channel);
  }

  static ChannelOptions WithTimestamps() {
    ChannelOptions options;
    options.timestamps = true;
    return options;
  }

  static void Send(const Channel& channel, const std::vector<std::string>& payloads) {
    SenderOptions options;
    options.name = "thermo\nmeter";
    absl::StatusOr<Sender> sender = Sender::Attach(channel, options);
    ASSERT_OK(sender);
    for (const std::string& payload : payloads) {
      ASSERT_OK(sender->Send(payload, absl::Seconds(20)));
    }
  }

  std::string Address() const { return absl::StrCat("nats://", server_->address(), "/s.x"); }

  // Starts the bridge. Its lines go to `log_`.
  testing::ChildProcess StartBridge(std::vector<std::string> options = {},
                                    std::string address = "") {
    if (address.empty()) address = Address();
    options.insert(options.begin(), {memory_ / "c", address});
    return StartProgram(std::move(options), log_);
  }

  // Runs the bridge to its end. Returns "exited N".
  std::string RunBridge(const std::vector<std::string>& options = {},
                        const std::string& address = "") {
    unlink(log_.c_str());
    return StartBridge(options, address).Wait();
  }

  std::string Log() const { return testing::ReadFile(log_); }

  bool AwaitStored(int64_t count) {
    return testing::Await([&] { return CountMessages(server_->address(), "s_x") == count; });
  }

  std::vector<std::string> Stored(const std::string& stream = "s_x",
                                  const std::string& subject = "s.x") {
    std::vector<std::string> stored;
    EXPECT_OK(examples::ReadStream(
        server_->address(), stream, subject,
        [&](const examples::StreamMessage& message) { stored.emplace_back(message.payload); }));
    return stored;
  }

  testing::SharedMemoryDirectory memory_;
  std::string log_;
  std::string folder_;
  std::unique_ptr<examples::NatsServer> server_;
};

}  // namespace ipmpsc::bridge

#endif  // TESTS_BRIDGE_BRIDGE_FIXTURE_H_
