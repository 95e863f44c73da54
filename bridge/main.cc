// ipmpsc-bridge: copies the messages of a channel into NATS JetStream or Kafka, or those of a
// stream or a topic into a channel. docs/bridge.md is its manual.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/command_line.h"
#include "bridge/confluent.h"
#include "bridge/delivery.h"
#include "bridge/end_name.h"
#include "bridge/engine.h"
#include "bridge/forwarder.h"
#include "bridge/headers.h"
#include "bridge/kafka_engine.h"
#include "bridge/log.h"
#include "bridge/metrics.h"
#include "bridge/nats_engine.h"
#include "bridge/schema_registry.h"
#include "bridge/source.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/info.pb.h"
#include "third_party/protobuf/silence.h"

namespace ipmpsc::bridge {
namespace {

// The longest wait before signals and metrics are looked at.
constexpr absl::Duration kStep = absl::Milliseconds(100);
constexpr absl::Duration kMetricsInterval = absl::Seconds(1);
// How long a bridge that was asked to end waits for acknowledgements.
constexpr absl::Duration kStopPatience = absl::Seconds(5);

volatile sig_atomic_t stop_requested = 0;

std::string HostName() {
  char name[256] = "";
  if (gethostname(name, sizeof(name) - 1) != 0) return "unknown";
  return name;
}

ChannelIdentity Identify(const Channel& channel, const CommandLine& options) {
  ChannelIdentity identity;
  identity.id = channel.id();
  const std::string host = HostName();
  // Escaped here, so that it is what the bridge finds again in the header of a stored message.
  identity.source = HeaderText(options.source.empty() ? absl::StrCat(host, ":", options.channel)
                                                      : options.source);
  identity.bridge = absl::StrCat("ipmpsc-bridge ", getpid(), " on ", host);
  // A channel may be described by any bytes.
  ChannelInfo info;
  if (info.ParseFromArray(channel.description().data(),
                          static_cast<int>(channel.description().size())) &&
      !info.message().empty() && info.fingerprint() != 0) {
    identity.type = info.message();
    identity.fingerprint = absl::StrFormat("%016x", info.fingerprint());
  }
  return identity;
}

// Opens the channel. Looks for it again and again, so that a signal ends the wait.
absl::StatusOr<Channel> AwaitChannel(const CommandLine& options) {
  const Deadline deadline = absl::Seconds(options.wait_seconds);
  for (bool said = false;; said = true) {
    absl::StatusOr<Channel> channel = Channel::Open(options.channel);
    if (!absl::IsNotFound(channel.status()) || deadline.Passed() || stop_requested != 0) {
      return channel;
    }
    if (!said) Complain(absl::StrCat("waiting for the channel ", options.channel));
    absl::SleepFor(kStep);
  }
}

// Tries again and again until a server answers, --connect seconds have passed or a signal has come.
template <typename T>
absl::StatusOr<T> AwaitAnswer(const CommandLine& options,
                              const std::function<absl::StatusOr<T>()>& attempt) {
  const Deadline deadline = absl::Seconds(options.connect_seconds);
  for (absl::Duration pause = absl::Milliseconds(100);;
       pause = std::min(pause * 2, absl::Seconds(1))) {
    absl::StatusOr<T> answer = attempt();
    if (answer.ok() || !absl::IsUnavailable(answer.status()) || deadline.Passed() ||
        stop_requested != 0) {
      return answer;
    }
    // No event tells that a server has come.
    absl::SleepFor(pause);
  }
}

absl::StatusOr<std::unique_ptr<Engine>> Connect(const CommandLine& options) {
  return AwaitAnswer<std::unique_ptr<Engine>>(options, [&] {
    return options.address.is_kafka() ? ConnectToKafka(options.kafka) : ConnectToNats(options.nats);
  });
}

// Returns the schema's id in the registry. With --check it may be 0: the bridge registers it.
//
// Errors: as `FindOrRegisterSchema`.
absl::StatusOr<uint32_t> AskRegistry(const ChannelInfo& info, const CommandLine& options) {
  SchemaRegistryOptions registry = options.registry;
  registry.stop = [] { return stop_requested != 0; };
  const std::string subject = absl::StrCat(options.address.subject, "-value");
  const absl::StatusOr<uint32_t> id =
      AwaitAnswer<uint32_t>(options, [&] { return FindOrRegisterSchema(registry, subject, info); });
  if (options.check && absl::IsNotFound(id.status())) {
    std::printf("registry %s: connected; the bridge registers the schema for %s\n",
                registry.url.c_str(), subject.c_str());
    return 0;
  }
  if (!id.ok()) return id.status();
  const std::string found = absl::StrCat(registry.url, ": schema ", *id, " of ", subject);
  if (options.check) {
    std::printf("registry %s\n", found.c_str());
  } else {
    Complain(absl::StrCat("the schema registry ", found));
  }
  return *id;
}

// Returns what is stored before each message: nothing, or the beginning of Confluent's wire format.
//
// Errors: kFailedPrecondition - the format needs a schema, and the channel has none; others as
// `AskRegistry`.
absl::StatusOr<std::string> FindPrefix(const Channel& channel, const CommandLine& options) {
  const bool registry = !options.registry.url.empty();
  if (options.confluent_schema_id == 0 && !registry) return std::string();
  ChannelInfo info;
  if (Identify(channel, options).fingerprint.empty() ||
      !info.ParseFromArray(channel.description().data(),
                           static_cast<int>(channel.description().size()))) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the channel has no schema, and ", registry ? "--schema-registry" : "--confluent-schema-id",
        " needs to know its message type"));
  }
  const absl::StatusOr<MessagePlace> place = FindMessageType(info);
  if (!place.ok()) return absl::FailedPreconditionError(place.status().message());
  uint32_t id = options.confluent_schema_id;
  if (registry) {
    const absl::StatusOr<uint32_t> found = AskRegistry(info, options);
    if (!found.ok()) return found.status();
    id = *found;
  }
  return ConfluentPrefix(id, place->path);
}

int ConnectStatus(const absl::Status& status) {
  if (absl::IsUnavailable(status)) return kNoAnswer;
  if (absl::IsPermissionDenied(status)) return kRefused;
  return absl::IsInvalidArgument(status) ? kUsage : kFailed;
}

int OpenStatus(const absl::Status& status) {
  if (absl::IsNotFound(status)) return kNoChannel;
  return absl::IsDataLoss(status) ? kDamaged : kFailed;
}

// Says what a bridge would find. Takes no message and no slot.
int Check(const Channel& channel, const CommandLine& options) {
  ChannelIdentity identity = Identify(channel, options);
  const absl::StatusOr<std::string> prefix = FindPrefix(channel, options);
  if (!prefix.ok()) return Fail(ExitStatusOf(prefix.status()), prefix.status().message());
  identity.prefix = *prefix;
  absl::StatusOr<std::unique_ptr<Engine>> engine = Connect(options);
  if (!engine.ok()) {
    return Fail(ConnectStatus(engine.status()), engine.status().message());
  }
  const ChannelStats stats = channel.Stats();
  std::printf("channel  %s, id %s, %llu bytes in use\n", options.channel.c_str(),
              identity.id.c_str(), static_cast<unsigned long long>(stats.fill));
  std::printf(
      "type     %s\n",
      identity.type.empty()
          ? "none"
          : absl::StrCat(HeaderText(identity.type), ", schema ", identity.fingerprint).c_str());
  if (channel.HasReceiver()) {
    return Fail(
        kNotAlone,
        absl::StrCat("the channel has a receiver: ",
                     stats.receiver.has_value() ? HeaderText(stats.receiver->name) : "unknown"));
  }
  const absl::StatusOr<Tail> tail = (*engine)->ReadTail();
  std::printf("engine   %s: connected\n", options.address.Text().c_str());
  if (absl::IsNotFound(tail.status())) {
    std::printf("stream   none; the bridge creates it\n");
    if (stats.release_position != 0 && !options.forwarder.force) {
      return Fail(kContradicts, "messages of the channel were received before; --force goes on");
    }
    return kDone;
  }
  if (!tail.ok()) return Fail(ExitStatusOf(tail.status()), tail.status().message());
  std::printf("stream   %s, last sequence %llu, messages of up to %llu bytes\n",
              (*engine)->pipelined() ? "of its own" : "shared: one message at a time",
              static_cast<unsigned long long>(tail->last_sequence),
              static_cast<unsigned long long>((*engine)->MaxPayload(identity)));
  // The core's own verdict, over a channel without messages.
  class NoMessages final : public Source {
   public:
    explicit NoMessages(bool released) : released_(released) {}
    absl::StatusOr<Message> Next(absl::Duration) override {
      return absl::DeadlineExceededError("");
    }
    void ReleaseOldest() override {}
    bool released_before() const override { return released_; }

   private:
    const bool released_;
  } none(stats.release_position != 0);
  Metrics metrics;
  Forwarder forwarder(&none, engine->get(), identity, options.forwarder, &metrics);
  const absl::Status verdict = forwarder.Step(absl::ZeroDuration());
  if (!verdict.ok()) return Fail(ExitStatusOf(verdict), verdict.message());
  std::printf("verdict  the bridge can begin\n");
  return kDone;
}

// Bridges one channel until it ends. Sets `*replaced` if a new channel has taken its place.
int Bridge(const Channel& channel, const std::string& prefix, const CommandLine& options,
           Engine* engine, Log* log, bool* replaced) {
  absl::StatusOr<ChannelSource> source = ChannelSource::Attach(
      channel, EndName(options.address.ServerText(), options.address.subject));
  if (!source.ok()) {
    return Fail(absl::IsAlreadyExists(source.status()) ? kNotAlone : OpenStatus(source.status()),
                source.status().message());
  }
  ForwarderOptions core = options.forwarder;
  core.log = [log](absl::string_view line) { (*log)(line); };
  ChannelIdentity identity = Identify(channel, options);
  identity.prefix = prefix;
  if (!identity.fingerprint.empty()) core.description = std::string(channel.description());
  // An outcome names a position, and another channel may have had the same ones.
  engine->Forget();
  Metrics metrics;
  Forwarder forwarder(&*source, engine, identity, core, &metrics);
  Deadline next_metrics = absl::ZeroDuration();
  Deadline stop_at = Deadline::Never();
  bool said = false;
  absl::Status done;
  while (done.ok()) {
    done = forwarder.Step(kStep);
    if (forwarder.started() && !said) {
      said = true;
      Complain(absl::StrCat("bridging ", options.channel, " to ", options.address.Text()));
    }
    if (stop_requested != 0 && stop_at.is_never()) {
      stop_at = kStopPatience;
      forwarder.Stop();
    }
    if (done.ok() && stop_at.Passed()) done = absl::CancelledError("stopped");
    if (!options.metrics_file.empty() && (next_metrics.Passed() || !done.ok())) {
      next_metrics = kMetricsInterval;
      const absl::Status written = WriteTextFile(
          options.metrics_file, PrometheusText(metrics, channel.Stats(), absl::Now()));
      if (!written.ok()) (*log)(written.message());
    }
  }
  const std::string counts =
      absl::StrCat(metrics.acknowledged, " messages stored, ", metrics.skipped, " skipped, ",
                   metrics.dead_letters + metrics.refused_letters, " dead letters");
  switch (done.code()) {
    case absl::StatusCode::kOutOfRange:
      return Fail(kDone, absl::StrCat("the channel is closed: ", counts));
    case absl::StatusCode::kCancelled:
      return Fail(kDone, absl::StrCat("asked to end: ", counts, "; ", forwarder.held(),
                                      " stay in the channel without an acknowledgement"));
    case absl::StatusCode::kAborted:
      *replaced = channel.state() == ChannelState::kReplaced;
      return Fail(*replaced ? kDone : kNoChannel, absl::StrCat(done.message(), ": ", counts));
    default:
      return Fail(ExitStatusOf(done), done.message());
  }
}

int Main(int argc, char** argv) {
  SilenceProtobuf();
  int exit_status = kFailed;
  const std::optional<CommandLine> options = ParseCommandLine(argc, argv, &exit_status);
  if (!options.has_value()) return exit_status;
  struct sigaction action = {};
  action.sa_handler = [](int) { stop_requested = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  if (options->address.is_kafka() && !HasKafka()) {
    return Fail(kFailed, ConnectToKafka(options->kafka).status().message());
  }
  if (!options->address.is_kafka() && !HasNats()) {
    return Fail(kFailed, ConnectToNats(options->nats).status().message());
  }
  if (!options->registry.url.empty() && !HasSchemaRegistry()) {
    return Fail(kFailed, FindOrRegisterSchema(options->registry, "", {}).status().message());
  }
  if (options->delivery.on) return Deliver(*options, stop_requested);

  std::unique_ptr<Engine> connected;
  Log log;
  std::optional<std::string> first_schema;
  for (;;) {
    const absl::StatusOr<Channel> channel = AwaitChannel(*options);
    if (absl::IsNotFound(channel.status()) && stop_requested != 0) {
      return Fail(kDone, "asked to end before there was a channel");
    }
    if (!channel.ok()) return Fail(OpenStatus(channel.status()), channel.status().message());
    if (options->check) return Check(*channel, *options);
    if (options->confluent_schema_id != 0) {
      const std::string schema = Identify(*channel, *options).fingerprint;
      if (first_schema.has_value() && *first_schema != schema) {
        return Fail(kContradicts,
                    absl::StrCat("the channel that replaced another has the schema ", schema,
                                 ", and --confluent-schema-id is that of ", *first_schema,
                                 "; begin again with the new schema's id"));
      }
      first_schema = schema;
    }
    // Before the bridge becomes the receiver: so a channel is not taken in vain.
    const absl::StatusOr<std::string> prefix = FindPrefix(*channel, *options);
    if (!prefix.ok()) {
      if (stop_requested != 0) {
        return Fail(kDone, absl::StrCat("asked to end before the schema registry answered: ",
                                        prefix.status().message()));
      }
      return Fail(ExitStatusOf(prefix.status()), prefix.status().message());
    }
    if (connected == nullptr) {
      absl::StatusOr<std::unique_ptr<Engine>> engine = Connect(*options);
      if (absl::IsUnavailable(engine.status()) && stop_requested != 0) {
        return Fail(kDone, absl::StrCat("asked to end before the engine answered: ",
                                        engine.status().message()));
      }
      if (!engine.ok()) return Fail(ConnectStatus(engine.status()), engine.status().message());
      connected = *std::move(engine);
    }
    bool replaced = false;
    const int status = Bridge(*channel, *prefix, *options, connected.get(), &log, &replaced);
    if (!replaced) return status;
  }
}

}  // namespace
}  // namespace ipmpsc::bridge

int main(int argc, char** argv) {
  try {
    return ipmpsc::bridge::Main(argc, argv);
  } catch (const std::exception& error) {  // no memory, above all
    std::fprintf(stderr, "ipmpsc-bridge: %s\n", error.what());
    return ipmpsc::bridge::kFailed;
  }
}
