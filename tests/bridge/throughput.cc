// Measures the bridge's throughput into a server on loopback, and beside it in the same rounds the
// engine's own benchmark tool, if it is installed, and libnats alone: asynchronous publishing of
// the same bytes with the same window, without ids, fences and headers.
//
//   ./bazelw run -c opt //tests/bridge:throughput -- [--engine=kafka] [BYTES [MESSAGES]]
#include <nats/nats.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "benchmarks/figures.h"
#include "examples/bridge/kafka_broker.h"
#include "examples/bridge/nats_server.h"
#include "examples/command_line.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"
#include "tests/bridge/bridge_program.h"
#include "tests/bridge/nats_admin.h"
#include "tests/testing/process/child_process.h"

ABSL_FLAG(std::string, engine, "nats", "nats or kafka");
ABSL_FLAG(std::string, server, "",
          "with --engine=kafka: the HOST:PORT of a broker that runs, in place of librdkafka's mock "
          "cluster; it creates topics by itself");
ABSL_FLAG(int, rounds, 5, "rounds, in each of which all take a turn");
ABSL_FLAG(int, window, 1024, "messages that are under way");

namespace ipmpsc::bridge {
namespace {

using Clock = std::chrono::steady_clock;

struct Load {
  uint64_t bytes;
  uint64_t messages;
  int window;
};

// Where one contender publishes to.
struct Place {
  std::string server;   // "HOST:PORT"
  std::string subject;  // a new stream's and subject's name, or a new topic
  std::string log;      // a file for what programs print
};

struct Result {
  double seconds = 0;            // 0 after a failure
  double processor_seconds = 0;  // of the publishing program
  std::string failure = "";
  // Of the processors, by the server. 0 if it is not a child of this program.
  double server_seconds = 0;
};

struct Contender {
  std::string name;
  std::function<Result(const Place&, const Load&)> run;
  std::vector<Result> results;  // one for each round
};

Result Failure(absl::string_view what) {
  Result result;
  result.failure = std::string(what);
  return result;
}

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Returns the time of the processors in this process or its children. Unlike the rates it is nearly
// the same on a busy machine.
double ProcessorSeconds(int who) {
  rusage usage = {};
  getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// Returns the time of the processors in another process.
double ProcessorSecondsOf(pid_t pid) {
  clockid_t clock;
  timespec time = {};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string Content(const std::string& path) {
  std::string content;
  if (FILE* const file = std::fopen(path.c_str(), "r"); file != nullptr) {
    char part[4096];
    for (size_t size; (size = std::fread(part, 1, sizeof(part), file)) > 0;) {
      content.append(part, size);
    }
    std::fclose(file);
  }
  return content;
}

// From the start of the bridge's process to its end, while a sender of this process sends.
Result RunBridge(const std::string& address, const Place& place, const Load& load) {
  ChannelOptions options;
  options.capacity = 32 << 20;
  options.timestamps = true;
  absl::StatusOr<Channel> channel = Channel::CreateTemp(options);
  if (!channel.ok()) return Failure(channel.status().message());
  const double before = ProcessorSeconds(RUSAGE_CHILDREN);
  const auto start = Clock::now();
  testing::ChildProcess bridge =
      StartProgram({channel->path(), address, absl::StrCat("--window=", load.window)}, place.log);
  {
    absl::StatusOr<Sender> sender = Sender::Attach(*channel);
    if (!sender.ok()) return Failure(sender.status().message());
    const std::string payload(load.bytes, 'x');
    for (uint64_t i = 0; i < load.messages; ++i) {
      if (!sender->Send(payload, absl::Seconds(30)).ok()) return Failure(Content(place.log));
    }
  }
  channel->Close();
  if (bridge.Wait(absl::Minutes(2)) != "exited 0") return Failure(Content(place.log));
  return {SecondsSince(start), ProcessorSeconds(RUSAGE_CHILDREN) - before, ""};
}

Result CheckCount(const Place& place, const Load& load, Result result) {
  if (!result.failure.empty()) return result;
  const int64_t stored = CountMessages(place.server, place.subject);
  if (stored == static_cast<int64_t>(load.messages)) return result;
  return Failure(absl::StrCat("the stream has ", stored, " messages"));
}

Result RunBridgeToNats(const Place& place, const Load& load) {
  return CheckCount(
      place, load,
      RunBridge(absl::StrCat("nats://", place.server, "/", place.subject), place, load));
}

Result RunBridgeToKafka(const Place& place, const Load& load) {
  return RunBridge(absl::StrCat("kafka://", place.server, "/", place.subject), place, load);
}

Result RunLibnats(const Place& place, const Load& load) {
  if (const std::string error = CreateStream(place.server, {place.subject, {place.subject}});
      !error.empty()) {
    return Failure(error);
  }
  const double before = ProcessorSeconds(RUSAGE_SELF);
  const auto start = Clock::now();
  natsConnection* connection = nullptr;
  jsCtx* context = nullptr;
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = load.window;
  options.PublishAsync.StallWait = 10000;
  natsStatus status = natsConnection_ConnectTo(&connection, ("nats://" + place.server).c_str());
  if (status == NATS_OK) status = natsConnection_JetStream(&context, connection, &options);
  const std::string payload(load.bytes, 'x');
  for (uint64_t i = 0; i < load.messages && status == NATS_OK; ++i) {
    status = js_PublishAsync(context, place.subject.c_str(), payload.data(),
                             static_cast<int>(load.bytes), nullptr);
  }
  if (status == NATS_OK) status = js_PublishAsyncComplete(context, nullptr);
  const Result result = {SecondsSince(start), ProcessorSeconds(RUSAGE_SELF) - before, ""};
  jsCtx_Destroy(context);
  natsConnection_Destroy(connection);
  return CheckCount(place, load, result);
}

// Returns the last number of `text` that stands before `unit`, as in "1,234 msgs/sec", or 0.
double NumberBefore(absl::string_view text, absl::string_view unit) {
  const size_t end = text.rfind(unit);
  if (end == absl::string_view::npos) return 0;
  size_t begin = end;
  while (begin > 0 && (absl::ascii_isdigit(static_cast<unsigned char>(text[begin - 1])) ||
                       text[begin - 1] == ',' || text[begin - 1] == '.')) {
    --begin;
  }
  double number = 0;
  const std::string digits = absl::StrReplaceAll(text.substr(begin, end - begin), {{",", ""}});
  return absl::SimpleAtod(digits, &number) ? number : 0;
}

// Runs a benchmark tool, which measures itself: its start and its connecting are not in its figure.
Result RunTool(const std::string& command, absl::string_view unit, const Place& place,
               const Load& load) {
  const double before = ProcessorSeconds(RUSAGE_CHILDREN);
  const int status = std::system(absl::StrCat(command, " >", place.log, " 2>&1").c_str());
  const double rate = NumberBefore(Content(place.log), unit);
  if (status != 0 || rate <= 0) {
    return Failure(absl::StrCat(command, ": status ", status, ": ", Content(place.log)));
  }
  return {static_cast<double>(load.messages) / rate, ProcessorSeconds(RUSAGE_CHILDREN) - before,
          ""};
}

Result RunNatsBench(const Place& place, const Load& load) {
  if (const std::string error = CreateStream(place.server, {place.subject, {place.subject}});
      !error.empty()) {
    return Failure(error);
  }
  return CheckCount(
      place, load,
      RunTool(
          absl::StrCat("nats --server=nats://", place.server, " bench js pub async ", place.subject,
                       " --stream=", place.subject, " --clients=1 --msgs=", load.messages,
                       " --size=", load.bytes, "B --batch=", load.window, " --no-progress"),
          " msgs/sec", place, load));
}

Result RunRdkafkaPerformance(const Place& place, const Load& load) {
  Result result =
      RunTool(absl::StrCat("rdkafka_performance -P -b ", place.server, " -t ", place.subject,
                           " -p 0 -s ", load.bytes, " -c ", load.messages,
                           " -a -1 -X enable.idempotence=true -X linger.ms=1",
                           " -X message.max.bytes=", load.bytes + 10000,
                           " -X queue.buffering.max.messages=", load.window),
              " msgs/s", place, load);
  if (!result.failure.empty()) return result;
  const double delivered = NumberBefore(Content(place.log), " delivered");
  if (delivered == static_cast<double>(load.messages)) return result;
  return Failure(absl::StrCat("rdkafka_performance delivered ", delivered, " messages"));
}

bool IsInPath(const std::string& program) {
  const char* const path = std::getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(path == nullptr ? "" : path, ':')) {
    if (access(absl::StrCat(folder, "/", program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::vector<Contender> ContendersOf(const std::string& engine) {
  std::vector<Contender> contenders;
  if (engine == "nats") {
    contenders.push_back({"bridge", RunBridgeToNats, {}});
    contenders.push_back({"libnats alone", RunLibnats, {}});
    if (IsInPath("nats")) {
      contenders.push_back({"nats bench", RunNatsBench, {}});
    } else {
      std::printf(
          "nats bench is left out, since no program nats is in PATH; get it with\n"
          "  go install github.com/nats-io/natscli/nats@v0.5.1\n");
    }
  } else {
    contenders.push_back({"bridge", RunBridgeToKafka, {}});
    if (IsInPath("rdkafka_performance")) {
      contenders.push_back({"rdkafka_performance", RunRdkafkaPerformance, {}});
    } else {
      std::printf(
          "rdkafka_performance is left out, since it is not in PATH; get it with\n"
          "  third_party/musl/fetch_source.sh librdkafka librdkafka-dev FOLDER\n"
          "  cd FOLDER && ./configure\n"
          "  cc -O2 -Isrc -o BIN/rdkafka_performance examples/rdkafka_performance.c -lrdkafka\n");
    }
  }
  return contenders;
}

// Runs one contender over a server that has nothing else to do.
Result Run(const Contender& contender, const Load& load, const std::string& folder, int number) {
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  std::filesystem::create_directory(folder, error);
  if (error) return Failure(absl::StrCat(folder, ": ", error.message()));
  Place place;
  place.log = folder + "/program.log";
  place.subject = absl::StrCat("throughput-", getpid(), "-", number);
  place.server = absl::GetFlag(FLAGS_server);
  if (absl::GetFlag(FLAGS_engine) == "kafka") {
    if (!place.server.empty()) return contender.run(place, load);
    absl::StatusOr<examples::KafkaBroker> broker =
        examples::KafkaBroker::Start({place.subject, "ipmpsc_schemas"});
    if (!broker.ok()) return Failure(broker.status().message());
    place.server = broker->address();
    const Result result = contender.run(place, load);
    broker->Stop();
    return result;
  }
  absl::StatusOr<examples::NatsServer> server = examples::NatsServer::Start(folder);
  if (!server.ok()) return Failure(server.status().message());
  place.server = server->address();
  const double before = ProcessorSecondsOf(server->pid());
  Result result = contender.run(place, load);
  result.server_seconds = ProcessorSecondsOf(server->pid()) - before;
  return result;
}

void Print(absl::string_view name, const Load& load, const Result& result) {
  const auto messages = static_cast<double>(load.messages);
  std::printf("%-20s %9.0f messages/s %8.1f MB/s %7.2f us of processor a message",
              std::string(name).c_str(), messages / result.seconds,
              messages * static_cast<double>(load.bytes) / result.seconds / 1e6,
              result.processor_seconds * 1e6 / messages);
  if (result.server_seconds > 0) {
    std::printf(", server %7.2f us", result.server_seconds * 1e6 / messages);
  }
  std::printf("\n");
  std::fflush(stdout);
}

// Prints the medians, and those of the ratios within each round.
void PrintMedians(const std::vector<Contender>& contenders, const Load& load) {
  std::printf("medians of %zu rounds, messages of %llu bytes, %d under way:\n",
              contenders[0].results.size(), static_cast<unsigned long long>(load.bytes),
              load.window);
  for (const Contender& contender : contenders) {
    std::vector<double> seconds;
    std::vector<double> processor_seconds;
    std::vector<double> server_seconds;
    std::vector<double> ratios;
    for (size_t i = 0; i < contender.results.size(); ++i) {
      seconds.push_back(contender.results[i].seconds);
      processor_seconds.push_back(contender.results[i].processor_seconds);
      server_seconds.push_back(contender.results[i].server_seconds);
      ratios.push_back(contender.results[i].seconds / contenders[0].results[i].seconds);
    }
    Print(contender.name, load,
          {benchmarks::Median(seconds), benchmarks::Median(processor_seconds), "",
           benchmarks::Median(server_seconds)});
    if (&contender != &contenders[0]) {
      std::printf("  the bridge has %.2f times the rate of %s (%.2f to %.2f)\n",
                  benchmarks::Median(ratios), contender.name.c_str(),
                  *std::min_element(ratios.begin(), ratios.end()),
                  *std::max_element(ratios.begin(), ratios.end()));
    }
  }
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments =
      examples::ParseArguments(argc, argv,
                               "throughput [flags] [BYTES [MESSAGES]]\n\nMeasures ipmpsc-bridge "
                               "beside the benchmark tool of "
                               "the engine. They take turns, each over a new server.",
                               {"engine", "server", "rounds", "window"});
  Load load = {64, 300000, absl::GetFlag(FLAGS_window)};
  if (arguments.size() > 2 ||
      (!arguments.empty() && !absl::SimpleAtoi(arguments[0], &load.bytes)) ||
      (arguments.size() > 1 && !absl::SimpleAtoi(arguments[1], &load.messages)) ||
      load.messages == 0 || load.bytes == 0 || load.window <= 0 ||
      absl::GetFlag(FLAGS_rounds) <= 0) {
    examples::Fail(examples::kBadInput,
                   "BYTES, MESSAGES, --rounds and --window must be numbers above 0; see --help");
  }
  const std::string engine = absl::GetFlag(FLAGS_engine);
  if (engine != "nats" && engine != "kafka") {
    examples::Fail(examples::kBadInput, "--engine must be nats or kafka");
  }
  if (!absl::GetFlag(FLAGS_server).empty() && engine != "kafka") {
    examples::Fail(examples::kBadInput, "--server needs --engine=kafka");
  }
  std::vector<Contender> contenders = ContendersOf(engine);
  char folder[] = "/tmp/ipmpsc-throughput-XXXXXX";
  if (mkdtemp(folder) == nullptr) examples::Fail(examples::kFault, "no folder in /tmp");
  std::string failure;
  int number = 0;
  for (int round = 0; round < absl::GetFlag(FLAGS_rounds) && failure.empty(); ++round) {
    for (size_t i = 0; i < contenders.size() && failure.empty(); ++i) {
      // Each has each place in the order as often.
      Contender& contender = contenders[(static_cast<size_t>(round) + i) % contenders.size()];
      Result result = Run(contender, load, folder, ++number);
      if (!result.failure.empty()) {
        failure = absl::StrCat(contender.name, ": ", result.failure);
        break;
      }
      Print(contender.name, load, result);
      contender.results.push_back(std::move(result));
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (!failure.empty()) examples::Fail(examples::kFault, failure);
  PrintMedians(contenders, load);
  return 0;
}

}  // namespace
}  // namespace ipmpsc::bridge

int main(int argc, char** argv) { return ipmpsc::bridge::Main(argc, argv); }
