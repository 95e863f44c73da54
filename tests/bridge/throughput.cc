// Measures the bridge's throughput into a server on loopback with file storage, and beside it that
// of libnats alone: asynchronous publishing of the same bytes without ids, fences and headers.
//
//   ./bazelw run -c opt //tests/bridge:throughput -- [BYTES [MESSAGES]]
#include <nats/nats.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/bridge/nats_server.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"
#include "tests/bridge/nats_admin.h"
#include "tests/testing/process/child_process.h"

namespace ipmpsc::bridge {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void Print(const char* what, uint64_t messages, uint64_t bytes, double seconds) {
  std::printf("%-14s %9llu bytes %9.0f messages/s %8.1f MB/s\n", what,
              static_cast<unsigned long long>(bytes), static_cast<double>(messages) / seconds,
              static_cast<double>(messages * bytes) / seconds / 1e6);
}

// Returns seconds, or 0 after a failure.
double RunBridge(const std::string& server, uint64_t bytes, uint64_t messages) {
  ChannelOptions options;
  options.capacity = 32 << 20;
  options.timestamps = true;
  absl::StatusOr<Channel> channel = Channel::CreateTemp(options);
  if (!channel.ok()) return 0;
  const std::string address = "nats://" + server + "/bridged";
  const auto start = Clock::now();
  testing::ChildProcess bridge = testing::ChildProcess::Fork([&] {
    execl("bridge/ipmpsc-bridge", "ipmpsc-bridge", channel->path().c_str(), address.c_str(),
          nullptr);
    return 127;
  });
  {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel);
    if (!sender.ok()) return 0;
    const std::string payload(bytes, 'x');
    for (uint64_t i = 0; i < messages; ++i) {
      if (!sender->Send(payload, absl::Seconds(30)).ok()) return 0;
    }
  }
  channel->Close();
  if (bridge.Wait(absl::Minutes(2)) != "exited 0") return 0;
  const double seconds = SecondsSince(start);
  return CountMessages(server, "bridged") == static_cast<int64_t>(messages) ? seconds : 0;
}

// With a window of as many messages as the bridge has.
double RunLibrary(const std::string& server, uint64_t bytes, uint64_t messages) {
  if (!CreateStream(server, {"alone", {"alone"}}).empty()) return 0;
  const auto start = Clock::now();
  natsConnection* connection = nullptr;
  jsCtx* context = nullptr;
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = 1024;
  options.PublishAsync.StallWait = 10000;
  natsStatus status = natsConnection_ConnectTo(&connection, ("nats://" + server).c_str());
  if (status == NATS_OK) status = natsConnection_JetStream(&context, connection, &options);
  const std::string payload(bytes, 'x');
  for (uint64_t i = 0; i < messages && status == NATS_OK; ++i) {
    status = js_PublishAsync(context, "alone", payload.data(), static_cast<int>(bytes), nullptr);
  }
  if (status == NATS_OK) status = js_PublishAsyncComplete(context, nullptr);
  const double seconds = SecondsSince(start);
  jsCtx_Destroy(context);
  natsConnection_Destroy(connection);
  return CountMessages(server, "alone") == static_cast<int64_t>(messages) ? seconds : 0;
}

int Main(int argc, char** argv) {
  const uint64_t bytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 64;
  const uint64_t messages = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 300000;
  char folder[] = "/tmp/ipmpsc-throughput-XXXXXX";
  if (mkdtemp(folder) == nullptr) return 1;
  int result = 1;
  for (int round = 0; round < 3; ++round) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    absl::StatusOr<examples::NatsServer> server = examples::NatsServer::Start(folder);
    if (!server.ok()) {
      std::fprintf(stderr, "%s\n", server.status().ToString().c_str());
      break;
    }
    const double bridge = RunBridge(server->address(), bytes, messages);
    const double alone = RunLibrary(server->address(), bytes, messages);
    if (bridge == 0 || alone == 0) {
      std::fprintf(stderr, "failed: %s\n", bridge == 0 ? "the bridge" : "libnats alone");
      break;
    }
    Print("bridge", messages, bytes, bridge);
    Print("libnats alone", messages, bytes, alone);
    result = round == 2 ? 0 : 1;
  }
  std::filesystem::remove_all(folder);
  return result;
}

}  // namespace
}  // namespace ipmpsc::bridge

int main(int argc, char** argv) { return ipmpsc::bridge::Main(argc, argv); }
