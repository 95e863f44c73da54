// Sends messages from three processes into a channel, and ipmpsc-bridge copies them into NATS
// JetStream or Kafka. Kills the bridge again and again and restarts the server twice. In the end
// another consumer counts what is in the stream.
//
// With --back another bridge brings the stream into a channel of a second machine, which counts,
// too. Both machines have a network of their own where the system permits it.
//
//   bridge [--engine=nats|kafka] [--seconds=20] [--rate=2000] [--back]
//          [--program=bridge/ipmpsc-bridge]
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/bridge/kafka_broker.h"
#include "examples/bridge/kill_times.h"
#include "examples/bridge/machine.h"
#include "examples/bridge/nats_server.h"
#include "examples/bridge/reading.ipmpsc.h"
#include "examples/bridge/reading.pb.h"
#include "examples/bridge/stream_reader.h"
#include "examples/command_line.h"
#include "examples/processes.h"
#include "examples/stop.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/receiver.h"

ABSL_FLAG(double, seconds, 20, "how many seconds the senders run");
ABSL_FLAG(std::string, engine, "nats", "nats: nats-server; kafka: librdkafka's mock cluster");
ABSL_FLAG(
    std::string, server, "",
    "HOST:PORT of a Kafka broker that runs, instead of the mock cluster; it is not restarted");
ABSL_FLAG(double, rate, 2000, "messages per second and sender");
ABSL_FLAG(bool, back, false, "also brings the stream into a channel of a second machine");
ABSL_FLAG(std::string, program, "bridge/ipmpsc-bridge", "the bridge's program");

namespace ipmpsc::examples {
namespace {

constexpr int kSenders = 3;
constexpr char kSubject[] = "readings";
constexpr char kSchemas[] = "ipmpsc_schemas";

// The messages that somebody has found.
struct Counts {
  struct Sender {
    std::atomic<uint64_t> stored;  // different messages
    std::atomic<uint64_t> repeated;
    std::atomic<uint64_t> out_of_order;
  };
  Sender senders[kSenders];
  std::atomic<uint64_t> foreign;  // messages that no sender sent
};

// The notes of all processes, in memory that they share.
struct Ledger {
  std::atomic<uint64_t> committed[kSenders];
  Counts stream;
  Counts back;  // on the second machine
  std::atomic<bool> has_schema;
  std::atomic<bool> finished;  // nothing more will be stored
  std::atomic<uint64_t> back_kills;
};

Ledger* CreateLedger() {
  void* const memory =
      mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Fail(kFault, "no memory for the ledger");
  return new (memory) Ledger();
}

// Relaxed: one process writes each count, and the others read it after that process has ended.
uint64_t Get(const std::atomic<uint64_t>& count) { return count.load(std::memory_order_relaxed); }
void Add(std::atomic<uint64_t>* count) { count->fetch_add(1, std::memory_order_relaxed); }

// The work of a sender.
absl::Status SendReadings(const std::string& path, uint32_t number, absl::Duration time,
                          Ledger* ledger) {
  absl::StatusOr<Channel> channel = ReadingChannel::Open(path);
  if (!channel.ok()) return channel.status();
  SenderOptions options;
  options.name = absl::StrCat("sender ", number);
  absl::StatusOr<ReadingSender> sender = ReadingSender::Attach(*channel, options);
  if (!sender.ok()) return sender.status();
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
  const double rate = absl::GetFlag(FLAGS_rate);
  Reading reading;
  reading.set_sender(number);
  for (uint64_t i = 1; elapsed() < time && !StopRequested(); ++i) {
    reading.set_number(i);
    reading.set_filling(std::string(i % 200, 'x'));
    // Waits while the ring is full: the bridge is dead, or the server is gone.
    const absl::Status sent = sender->Send(reading, absl::Seconds(60));
    if (!sent.ok()) return sent;
    ledger->committed[number].store(i, std::memory_order_relaxed);
    const absl::Duration due = absl::Seconds(static_cast<double>(i) / rate);
    if (due > elapsed()) absl::SleepFor(due - elapsed());
  }
  return absl::OkStatus();
}

// The engine that the demo runs.
struct Server {
  std::string scheme;   // "kafka"
  std::string address;  // "HOST:PORT"
  // How many times 200 to 800 ms a bridge lives. librdkafka's timers make a start take a second.
  int pace = 1;
  // Goes away for a while, the first or the second time. Null: it is another's server.
  std::function<absl::Status(int restart)> restart;
  const char* restarted = "restarted";  // what `restart` does
  // Counts all that is stored. It runs beside the senders, since the mock cluster keeps little.
  std::function<absl::Status(Ledger*)> count;
};

// Enters messages into counts.
class Counter {
 public:
  explicit Counter(Counts* counts) : counts_(counts) {}

  // `sender_name` is that of the message's header; empty: it has none.
  void Add(absl::string_view payload, absl::string_view sender_name = "") {
    Reading reading;
    if (!reading.ParseFromArray(payload.data(), static_cast<int>(payload.size())) ||
        reading.sender() >= kSenders || reading.filling().size() != reading.number() % 200 ||
        (!sender_name.empty() && sender_name != absl::StrCat("sender ", reading.sender()))) {
      examples::Add(&counts_->foreign);
      return;
    }
    ++total_;
    Counts::Sender& sender = counts_->senders[reading.sender()];
    std::vector<bool>& numbers = seen_[reading.sender()];
    if (numbers.size() <= reading.number()) numbers.resize(reading.number() + 1);
    if (numbers[reading.number()]) {
      examples::Add(&sender.repeated);
      return;
    }
    numbers[reading.number()] = true;
    examples::Add(&sender.stored);
    if (reading.number() < last_[reading.sender()]) examples::Add(&sender.out_of_order);
    last_[reading.sender()] = reading.number();
  }
  // Notes the schema that a message names.
  void AddFingerprint(const std::string& fingerprint) { fingerprint_ = fingerprint; }

  uint64_t total() const { return total_; }
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  Counts* const counts_;
  std::vector<bool> seen_[kSenders];
  uint64_t last_[kSenders] = {};
  uint64_t total_ = 0;
  std::string fingerprint_;
};

// Counts what a consumer has read, which knows nothing of the channel: a StreamMessage or a
// TopicMessage.
template <typename T>
void CountStored(const T& message, Counter* counter) {
  counter->AddFingerprint(message.header("Ipmpsc-Schema"));
  counter->Add(message.payload, message.header("Ipmpsc-Sender"));
}

// Whether the senders and the bridge have ended.
// Relaxed: a flag that is polled. All that it tells of has been stored by the server.
bool Finished(const Ledger& ledger) { return ledger.finished.load(std::memory_order_relaxed); }

absl::Status CountStream(const std::string& server, Ledger* ledger) {
  // Polls a flag in shared memory, which wakes nobody.
  while (!Finished(*ledger)) absl::SleepFor(absl::Milliseconds(20));
  Counter counter(&ledger->stream);
  const absl::Status read =
      ReadStream(server, kSubject, kSubject,
                 [&](const StreamMessage& message) { CountStored(message, &counter); });
  if (!read.ok()) return read;
  const absl::StatusOr<std::string> schema = ReadKey(server, kSchemas, counter.fingerprint());
  ledger->has_schema.store(schema.ok() && !schema->empty(), std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status CountTopic(const std::string& server, Ledger* ledger) {
  Counter counter(&ledger->stream);
  absl::Status read = ReadTopic(
      server, kSubject, [&] { return Finished(*ledger); },
      [&](const TopicMessage& message) { CountStored(message, &counter); });
  if (!read.ok()) return read;
  return ReadTopic(
      server, kSchemas, [] { return true; },
      [&](const TopicMessage& message) {
        if (message.key == counter.fingerprint() && !message.payload.empty()) {
          ledger->has_schema.store(true, std::memory_order_relaxed);
        }
      });
}

// Starts the bridge's program, from the channel to the engine or back.
Process StartBridge(const std::string& path, const Server& server, const std::string& log,
                    bool back = false) {
  return Start("bridge", [&]() -> absl::Status {
    const std::string program = absl::GetFlag(FLAGS_program);
    const std::string address = absl::StrCat(server.scheme, "://", server.address, "/", kSubject);
    const std::string& from = back ? address : path;
    const std::string& to = back ? path : address;
    if (std::freopen(log.c_str(), "a", stderr) == nullptr) return absl::UnknownError("no log");
    execl(program.c_str(), program.c_str(), from.c_str(), to.c_str(), nullptr);
    return absl::ErrnoToStatus(errno, "cannot run " + program);
  });
}

void PrintLog(const std::string& log) {
  std::ifstream lines(log);
  for (std::string line; std::getline(lines, line);) std::fprintf(stderr, "%s\n", line.c_str());
}

uint64_t Committed(const Ledger& ledger) {
  uint64_t committed = 0;
  for (const std::atomic<uint64_t>& count : ledger.committed) committed += Get(count);
  return committed;
}

uint64_t Stored(const Counts& counts) {
  uint64_t stored = 0;
  for (const Counts::Sender& sender : counts.senders) stored += Get(sender.stored);
  return stored;
}

// The work of the receiver on the second machine. It ends when it has everything and nothing more
// comes, or when nothing has come for long.
absl::Status CountReceived(const std::string& path, Ledger* ledger) {
  absl::StatusOr<Channel> channel = ReadingChannel::Open(path, {absl::Seconds(60)});
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();
  Counter counter(&ledger->back);
  Deadline patience = absl::Seconds(60);
  for (;;) {
    absl::StatusOr<Lease> lease = receiver->Receive(absl::Milliseconds(300));
    if (lease.ok()) {
      counter.Add(lease->payload());
      patience = absl::Seconds(60);
      continue;
    }
    if (!absl::IsDeadlineExceeded(lease.status())) return lease.status();
    // Relaxed: it only ends the wait, and the counts before it are final by then.
    const bool finished = ledger->finished.load(std::memory_order_relaxed);
    if ((finished && counter.total() >= Committed(*ledger)) || patience.Passed()) {
      return absl::OkStatus();
    }
  }
}

// The work of the second machine: a bridge that is killed again and again, and a receiver.
absl::Status RunSecondMachine(const Separation& separation, Server server,
                              const std::string& folder, Ledger* ledger) {
  if (!separation.why_not.empty()) {
    std::printf("the second machine has no namespaces: %s\n", separation.why_not.c_str());
  } else if (!separation.why_no_network.empty()) {
    std::printf(
        "the second machine has its own processes and /dev/shm, and the network of the "
        "first one: %s\n",
        separation.why_no_network.c_str());
  } else {
    const absl::StatusOr<std::string> found = FindServer(server.address);
    if (!found.ok()) return found.status();
    std::printf(
        "the second machine has its own processes, /dev/shm and network: the server "
        "answers at %s, not at %s\n",
        found->c_str(), server.address.c_str());
    server.address = *found;
  }
  std::fflush(stdout);
  const std::string path = absl::StrCat("/dev/shm/ipmpsc-readings-", getppid(), "-", getpid());
  const std::string log = folder + "/back.log";
  std::vector<Process> receiver = {Start("receiver", [&] { return CountReceived(path, ledger); })};
  std::vector<Process> bridge = {StartBridge(path, server, log, true)};
  KillTimes kill_times(server.pace);
  absl::Status done;
  while (done.ok() && AnyRunning(&receiver)) {
    // Polls, since no one call waits for processes, the clock and signals.
    absl::SleepFor(absl::Milliseconds(5));
    if (!ledger->finished.load(std::memory_order_relaxed) && kill_times.Due(Stored(ledger->back))) {
      Signal(bridge[0], SIGKILL);
      Add(&ledger->back_kills);
    }
    if (AnyRunning(&bridge)) continue;
    if (bridge[0].killed()) {
      bridge[0] = StartBridge(path, server, log, true);
    } else {
      PrintLog(log);
      done = absl::UnknownError(absl::StrCat("the bridge back ", bridge[0].Ending()));
    }
  }
  Signal(bridge[0], SIGKILL);
  unlink(path.c_str());
  unlink(absl::StrCat(path, ".", kSubject, ".place").c_str());
  if (done.ok() && !receiver[0].ended_well()) {
    done = absl::UnknownError(absl::StrCat("the receiver ", receiver[0].Ending()));
  }
  return done;
}

// Prints the table and the last line. Returns whether each message is there once and in order.
bool PrintVerdict(const Ledger& ledger, const Counts& counts, const char* column) {
  std::printf("\n%-9s %11s %11s %7s %9s %13s\n", "sender", "committed", column, "lost", "repeated",
              "out of order");
  uint64_t stored = 0;
  uint64_t lost = 0;
  uint64_t repeated = 0;
  uint64_t out_of_order = 0;
  for (int i = 0; i < kSenders; ++i) {
    const Counts::Sender& sender = counts.senders[i];
    const uint64_t committed = Get(ledger.committed[i]);
    const uint64_t sender_lost = committed - std::min(committed, Get(sender.stored));
    stored += Get(sender.stored);
    lost += sender_lost;
    repeated += Get(sender.repeated);
    out_of_order += Get(sender.out_of_order);
    std::printf("%-9d %11llu %11llu %7llu %9llu %13llu\n", i,
                static_cast<unsigned long long>(committed),
                static_cast<unsigned long long>(Get(sender.stored)),
                static_cast<unsigned long long>(sender_lost),
                static_cast<unsigned long long>(Get(sender.repeated)),
                static_cast<unsigned long long>(Get(sender.out_of_order)));
  }
  if (Get(counts.foreign) != 0) {
    std::printf("%llu messages that no sender sent\n",
                static_cast<unsigned long long>(Get(counts.foreign)));
  }
  const bool has_schema = ledger.has_schema.load(std::memory_order_relaxed);
  if (!has_schema) std::printf("the schema is not stored\n");
  std::printf("verified: %llu messages, %llu lost, %llu repeated, %llu out of order\n",
              static_cast<unsigned long long>(stored), static_cast<unsigned long long>(lost),
              static_cast<unsigned long long>(repeated),
              static_cast<unsigned long long>(out_of_order));
  return stored > 0 && lost == 0 && repeated == 0 && out_of_order == 0 && has_schema &&
         Get(counts.foreign) == 0;
}

// A folder for the server's files. The destructor removes it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* parent = getenv("TMPDIR");
    path_ = absl::StrCat(parent == nullptr ? "/tmp" : parent, "/ipmpsc-bridge-XXXXXX");
    if (mkdtemp(path_.data()) == nullptr) Fail(kFault, "cannot create " + path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Runs everything but the counting. Returns whether all went as it should.
bool RunAll(const std::string& folder, const Server& server, const Channel& channel,
            Ledger* ledger) {
  const absl::Duration time = absl::Seconds(absl::GetFlag(FLAGS_seconds));
  std::vector<Process> senders;
  for (uint32_t i = 0; i < kSenders; ++i) {
    senders.push_back(Start(absl::StrCat("sender ", i),
                            [&] { return SendReadings(channel.path(), i, time, ledger); }));
  }
  const std::string log = folder + "/bridge.log";
  std::vector<Process> bridge = {StartBridge(channel.path(), server, log)};
  KillTimes kill_times(server.pace);
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
  absl::Duration next_progress = absl::Seconds(1);
  int kills = 0;
  int restarts = 0;
  bool closed = false;
  for (;;) {
    // Polls, since no one call waits for processes, the clock and signals.
    absl::SleepFor(absl::Milliseconds(5));
    if (StopRequested()) {
      for (const Process& sender : senders) Signal(sender, SIGTERM);
    }
    const bool sending = AnyRunning(&senders);
    if (!AnyRunning(&bridge)) {
      if (bridge[0].ended_well()) break;
      if (!bridge[0].killed()) {
        Complain(absl::StrCat("the bridge ", bridge[0].Ending()));
        PrintLog(log);
        return false;
      }
      bridge[0] = StartBridge(channel.path(), server, log);
    }
    if (!sending && !closed) {
      // The last bridge ends when it has stored all.
      closed = true;
      Channel(channel).Close();
    }
    // Senders go on while the ring has space, and so while the bridge takes messages.
    if (sending && kill_times.Due(Committed(*ledger))) {
      Signal(bridge[0], SIGKILL);
      ++kills;
    }
    if (sending && server.restart != nullptr && restarts < 2 &&
        elapsed() >= time * (restarts + 1) / 3) {
      const absl::Status started = server.restart(restarts);
      if (!started.ok()) {
        Complain(started.message());
        return false;
      }
      ++restarts;
      std::printf("%5.1f s the server was %s\n", absl::ToDoubleSeconds(elapsed()),
                  server.restarted);
    }
    if (elapsed() >= next_progress) {
      std::printf("%5.1f s %10llu messages committed, bridge killed %d times\n",
                  absl::ToDoubleSeconds(elapsed()),
                  static_cast<unsigned long long>(Committed(*ledger)), kills);
      std::fflush(stdout);
      next_progress += absl::Seconds(1);
    }
  }
  std::printf("the bridge was killed %d times, the server was %s %d times\n", kills,
              server.restarted, restarts);
  for (const Process& sender : senders) {
    if (!sender.ended_well()) {
      Complain(absl::StrCat(sender.name, " ", sender.Ending()));
      return false;
    }
  }
  return true;
}

// `own_network`: this process is in a network where nobody but the second machine reaches it.
absl::Status StartNats(const std::string& folder, bool own_network, std::optional<NatsServer>* nats,
                       Server* server) {
  std::vector<std::string> arguments;
  if (own_network) arguments = {"-a", "0.0.0.0"};
  absl::StatusOr<NatsServer> started = NatsServer::Start(folder, arguments);
  if (!started.ok()) return started.status();
  nats->emplace(*std::move(started));
  NatsServer* const running = &**nats;
  server->scheme = "nats";
  server->address = running->address();
  server->restart = [running](int restart) {
    // Once without a warning, and once as an administrator does it.
    running->Stop(restart == 0 ? SIGKILL : SIGTERM);
    // Long enough for the bridge to find no server.
    absl::SleepFor(absl::Milliseconds(300));
    return running->StartAgain();
  };
  server->count = [address = running->address()](Ledger* ledger) {
    return CountStream(address, ledger);
  };
  return absl::OkStatus();
}

absl::Status StartKafka(std::optional<KafkaBroker>* kafka, Server* server) {
  std::string address = absl::GetFlag(FLAGS_server);
  if (address.empty()) {
    absl::StatusOr<KafkaBroker> started = KafkaBroker::Start({kSubject, kSchemas});
    if (!started.ok()) return started.status();
    kafka->emplace(*std::move(started));
    const KafkaBroker* const running = &**kafka;
    address = running->address();
    server->restarted = "paused";
    server->restart = [running](int) {
      running->Pause(absl::Milliseconds(300));
      return absl::OkStatus();
    };
  }
  server->pace = 4;
  server->scheme = "kafka";
  server->address = address;
  server->count = [address](Ledger* ledger) { return CountTopic(address, ledger); };
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments = ParseArguments(
      argc, argv,
      "bridge [flags]\n\nThree processes send messages into a channel, and ipmpsc-bridge copies "
      "them into NATS JetStream or Kafka, on loopback. The bridge is killed every half second, and "
      "the server is restarted twice (the mock cluster of Kafka, which is in memory, stops for a "
      "while). Another consumer counts the stream. With --back another bridge brings the stream "
      "into a channel of a second machine, and is killed as often. Both machines have a network of "
      "their own with NATS, where the system permits it.",
      {"engine", "server", "seconds", "rate", "back", "program"});
  if (!arguments.empty()) {
    Fail(kBadInput, absl::StrCat("unexpected argument '", arguments[0], "'; see --help"));
  }
  const double seconds = absl::GetFlag(FLAGS_seconds);
  const double rate = absl::GetFlag(FLAGS_rate);
  if (!(seconds > 0 && seconds <= 86400)) {
    Fail(kBadInput, "--seconds must be more than 0 and at most 86400");
  }
  if (!(rate > 0 && rate <= 1e6)) Fail(kBadInput, "--rate must be more than 0 and at most 1e6");
  if (access(absl::GetFlag(FLAGS_program).c_str(), X_OK) != 0) {
    Fail(kBadInput, absl::StrCat("cannot run ", absl::GetFlag(FLAGS_program),
                                 "; name the bridge's program with --program"));
  }
  const std::string engine = absl::GetFlag(FLAGS_engine);
  if (engine != "nats" && engine != "kafka") Fail(kBadInput, "--engine must be nats or kafka");
  if (!absl::GetFlag(FLAGS_server).empty() && engine != "kafka") {
    Fail(kBadInput, "--server needs --engine=kafka");
  }
  const TemporaryFolder folder;
  std::optional<NatsServer> nats;
  std::optional<KafkaBroker> kafka;
  Server server;
  const bool back = absl::GetFlag(FLAGS_back);
  absl::Status left = absl::UnimplementedError(
      "a broker of Kafka names itself by one address, which is that of this network");
  if (back && engine == "nats") left = LeaveNetwork();
  const absl::Status started = engine == "nats"
                                   ? StartNats(folder.path(), back && left.ok(), &nats, &server)
                                   : StartKafka(&kafka, &server);
  if (!started.ok()) {
    Complain(started.message());
    return absl::IsNotFound(started) ? kBadInput : kFault;
  }
  absl::StatusOr<Channel> channel = ReadingChannel::CreateTemp();
  if (!channel.ok()) {
    Complain(channel.status().message());
    return kFault;
  }
  std::printf("channel %s, server %s://%s\n", channel->path().c_str(), server.scheme.c_str(),
              server.address.c_str());
  StopOnSignals();
  Ledger* const ledger = CreateLedger();
  std::vector<Process> machine;
  if (back) {
    machine.push_back(StartMachine("second machine", left, [&](const Separation& separation) {
      return RunSecondMachine(separation, server, folder.path(), ledger);
    }));
  }
  Process consumer = Start("consumer", [&] { return server.count(ledger); });
  const bool ran = RunAll(folder.path(), server, *channel, ledger);
  // Relaxed: see `CountReceived`.
  ledger->finished.store(true, std::memory_order_relaxed);
  if (!ran) Signal(consumer, SIGKILL);
  Wait(&consumer);
  if (kafka.has_value()) kafka->Stop();
  if (!ran) return kFault;
  if (!consumer.ended_well()) {
    Complain(absl::StrCat("the consumer ", consumer.Ending()));
    return kFault;
  }
  bool well = PrintVerdict(*ledger, ledger->stream, "stored");
  if (!machine.empty()) {
    Wait(&machine[0]);
    if (!machine[0].ended_well()) {
      Complain(absl::StrCat("the second machine ", machine[0].Ending()));
      return kFault;
    }
    std::printf("\non the second machine, where the bridge was killed %llu times\n",
                static_cast<unsigned long long>(Get(ledger->back_kills)));
    well = PrintVerdict(*ledger, ledger->back, "received") && well;
  }
  return well ? 0 : kFault;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
