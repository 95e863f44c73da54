// Measures the bridge's throughput into a server on loopback with file storage, and beside it that
// of libnats alone: asynchronous publishing of the same bytes without ids, fences and headers.
//
//   ./bazelw run -c opt //tests/bridge:throughput -- [BYTES [MESSAGES]]
#include <nats/nats.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
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

// The time of the processors in this process or its children, in seconds. Unlike the rates it is
// nearly the same on a busy machine.
double ProcessorSeconds(int who) {
  rusage usage = {};
  getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct Result {
  double seconds = 0;            // 0 after a failure
  double processor_seconds = 0;  // of the publishing program
};

void Print(const char* what, uint64_t messages, uint64_t bytes, const Result& result) {
  const double seconds = result.seconds;
  std::printf("%-14s %9llu bytes %9.0f messages/s %8.1f MB/s %6.2f us of processor a message\n",
              what, static_cast<unsigned long long>(bytes), static_cast<double>(messages) / seconds,
              static_cast<double>(messages * bytes) / seconds / 1e6,
              result.processor_seconds * 1e6 / static_cast<double>(messages));
}

Result RunBridge(const std::string& server, uint64_t bytes, uint64_t messages) {
  ChannelOptions options;
  options.capacity = 32 << 20;
  options.timestamps = true;
  absl::StatusOr<Channel> channel = Channel::CreateTemp(options);
  if (!channel.ok()) return {};
  const std::string address = "nats://" + server + "/bridged";
  const double before = ProcessorSeconds(RUSAGE_CHILDREN);
  const auto start = Clock::now();
  testing::ChildProcess bridge = testing::ChildProcess::Fork([&] {
    execl("bridge/ipmpsc-bridge", "ipmpsc-bridge", channel->path().c_str(), address.c_str(),
          nullptr);
    return 127;
  });
  {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel);
    if (!sender.ok()) return {};
    const std::string payload(bytes, 'x');
    for (uint64_t i = 0; i < messages; ++i) {
      if (!sender->Send(payload, absl::Seconds(30)).ok()) return {};
    }
  }
  channel->Close();
  if (bridge.Wait(absl::Minutes(2)) != "exited 0") return {};
  const double seconds = SecondsSince(start);
  if (CountMessages(server, "bridged") != static_cast<int64_t>(messages)) return {};
  return {seconds, ProcessorSeconds(RUSAGE_CHILDREN) - before};
}

// With a window of as many messages as the bridge has.
Result RunLibrary(const std::string& server, uint64_t bytes, uint64_t messages) {
  if (!CreateStream(server, {"alone", {"alone"}}).empty()) return {};
  const double before = ProcessorSeconds(RUSAGE_SELF);
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
  const Result result = {SecondsSince(start), ProcessorSeconds(RUSAGE_SELF) - before};
  jsCtx_Destroy(context);
  natsConnection_Destroy(connection);
  return CountMessages(server, "alone") == static_cast<int64_t>(messages) ? result : Result();
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
    const Result bridge = RunBridge(server->address(), bytes, messages);
    const Result alone = RunLibrary(server->address(), bytes, messages);
    if (bridge.seconds == 0 || alone.seconds == 0) {
      std::fprintf(stderr, "failed: %s\n", bridge.seconds == 0 ? "the bridge" : "libnats alone");
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
