#include "bridge/command_line.h"

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/address.h"
#include "bridge/schema_registry.h"
#include "ipmpsc/version.h"

namespace ipmpsc::bridge {
namespace {

// The last lines of --help.
constexpr char kFooter[] =
    "Example:\n"
    "  ipmpsc-bridge quotes nats://127.0.0.1:4222/quotes\n"
    "  ipmpsc-bridge quotes kafka://127.0.0.1:9092/quotes\n"
    "  ipmpsc-bridge nats://127.0.0.1:4222/quotes quotes\n"
    "  ipmpsc-bridge kafka://127.0.0.1:9092/quotes quotes\n\n"
    "Exit status: 0 the channel is closed, or the bridge was asked to end; 1 failed; 2 usage;\n"
    "3 no such channel; 4 damaged channel; 5 the engine or the registry does not answer; 6 the\n"
    "stream contradicts the channel (--force goes on), or the registry refuses the schema;\n"
    "7 another receiver or another writer; 8 the user is refused.\n"
    "docs/bridge.md explains them.";

// The longest timeout of a request in librdkafka, in seconds.
constexpr double kMostKafkaTimeout = 300;

// Returns the first line of a file.
std::optional<std::string> FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

}  // namespace

void Complain(const std::string& text) {
  std::fprintf(stderr, "ipmpsc-bridge: %s\n", text.c_str());
}

int ExitStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return kNoAnswer;
    case absl::StatusCode::kPermissionDenied:
      return kRefused;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
      return kContradicts;
    case absl::StatusCode::kAlreadyExists:
      return kNotAlone;
    case absl::StatusCode::kDataLoss:
      return kDamaged;
    case absl::StatusCode::kInvalidArgument:
      return kUsage;
    default:
      return kFailed;
  }
}

std::optional<CommandLine> ParseCommandLine(int argc, char** argv, int* exit_status) {
  CommandLine options;
  std::string address;
  std::string password_file;
  std::string registry_password_file;
  uint64_t window = options.forwarder.window;
  double window_mib = static_cast<double>(options.forwarder.window_bytes) / (1 << 20);
  double timeout = absl::ToDoubleSeconds(options.nats.timeout);
  CLI::App app(
      "Copies the messages of a channel into a stream of NATS JetStream or a topic of Kafka, each "
      "exactly once and in order, or those of a stream or a topic into a channel.",
      "ipmpsc-bridge");
  app.set_version_flag("--version", std::string(kVersion));
  app.footer(kFooter);
#if CLI11_VERSION_MAJOR > 2 || CLI11_VERSION_MINOR >= 5
  // Keeps the lines of the footer as they are.
  app.get_formatter()->enable_footer_formatting(false);
#endif
  app.add_option("channel", options.channel, "the channel's path, or its name in /dev/shm")
      ->required();
  app.add_option("engine", address,
                 "nats://HOST:PORT/SUBJECT or kafka://HOST:PORT[,HOST:PORT]/TOPIC; with TLS tls:// "
                 "or kafka+tls://. If it comes first, messages go from the stream to the channel")
      ->required();
  app.add_flag("--check", options.check, "tries everything and moves no message");
  app.add_flag("--force", options.forwarder.force,
               "goes on although the stream contradicts the channel");
  CLI::Option* const stream = app.add_option(
      "--stream", options.nats.stream, "NATS: the stream; default: the subject, with _ for .");
  CLI::Option* const letters =
      app.add_option("--dead-letters", options.nats.dead_letter_subject,
                     "the subject or topic for messages that are too large; default: "
                     "SUBJECT.dead_letters");
  app.add_option("--schemas", options.nats.schema_bucket,
                 "the key-value bucket or compacted topic for schemas")
      ->capture_default_str();
  CLI::Option* const source = app.add_option("--source", options.source,
                                             "names the channel in headers; default: HOST:PATH");
  CLI::Option* const messages = app.add_option("--window", window, "the most messages under way")
                                    ->check(CLI::Range(1, 1 << 20))
                                    ->capture_default_str();
  CLI::Option* const mib = app.add_option("--window-mib", window_mib, "the most MiB under way")
                               ->check(CLI::Range(0.001, 4096.0))
                               ->capture_default_str();
  CLI::Option* const user = app.add_option("--user", options.nats.user, "the user");
  CLI::Option* const password =
      app.add_option("--password-file", password_file, "a file with the password in its first line")
          ->needs(user);
  CLI::Option* const creds =
      app.add_option("--creds", options.nats.credentials_file, "NATS: a credentials file of nsc");
  CLI::Option* const sasl =
      app.add_option("--sasl", options.kafka.sasl_mechanism, "Kafka: how --user is checked")
          ->check(CLI::IsMember({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}))
          ->capture_default_str();
  CLI::Option* const max_message =
      app.add_option("--max-message", options.kafka.max_message,
                     "Kafka: the most bytes of a message with its headers")
          ->check(CLI::Range(10000, 1000000000))
          ->capture_default_str();
  CLI::Option* const confluent =
      app.add_option(
             "--confluent-schema-id", options.confluent_schema_id,
             "Kafka: stores messages in Confluent's wire format, with this id of the schema")
          ->check(CLI::Range(1, 2147483647));
  CLI::Option* const registry =
      app.add_option("--schema-registry", options.registry.url,
                     "Kafka: the same, with the id from Confluent's schema registry at this "
                     "http:// or https:// address, where the schema is registered")
          ->excludes(confluent);
  CLI::Option* const registry_user =
      app.add_option("--schema-registry-user", options.registry.user, "the registry's user")
          ->needs(registry);
  CLI::Option* const registry_password =
      app.add_option("--schema-registry-password-file", registry_password_file,
                     "a file with the password of that user in its first line")
          ->needs(registry_user);
  registry_user->needs(registry_password);
  app.add_option("--schema-registry-ca", options.registry.ca,
                 "certificates to check the registry by (PEM)")
      ->needs(registry);
  app.add_option("--tls-ca", options.nats.tls_ca, "certificates to check the server by (PEM)");
  CLI::Option* const certificate = app.add_option("--tls-cert", options.nats.tls_certificate,
                                                  "the certificate of this client (PEM)");
  CLI::Option* const key =
      app.add_option("--tls-key", options.nats.tls_key, "the key of --tls-cert (PEM)");
  certificate->needs(key);
  key->needs(certificate);
  app.add_option("--metrics", options.metrics_file, "a file for Prometheus, written each second");
  app.add_option("--timeout", timeout, "seconds to wait for each answer of the engine")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  CLI::Option* const patience =
      app.add_option("--wait", options.wait_seconds, "seconds to wait for the channel")
          ->check(CLI::Range(0.0, 1e6))
          ->capture_default_str();
  app.add_option("--connect", options.connect_seconds, "seconds to wait for the engine")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  const char* const back = "From an engine to a channel";
  CLI::Option* const place =
      app.add_option("--place", options.delivery.place_file,
                     "the file that says how far the bridge is; default: beside the channel")
          ->group(back);
  CLI::Option* const partition =
      app.add_option("--partition", options.kafka.partition,
                     "Kafka: the partition to read, of a topic that has several")
          ->check(CLI::Range(0, 1000000))
          ->group(back);
  CLI::Option* const capacity = app.add_option("--capacity-mib", options.delivery.capacity_mib,
                                               "the capacity of a channel that is created")
                                    ->check(CLI::Range(0.004, 4194304.0))
                                    ->capture_default_str()
                                    ->group(back);
  CLI::Option* const senders = app.add_option("--max-senders", options.delivery.max_senders,
                                              "the most senders of a channel that is created")
                                   ->check(CLI::Range(1, 4096))
                                   ->capture_default_str()
                                   ->group(back);
  CLI::Option* const lossy =
      app.add_flag("--lossy", options.delivery.lossy,
                   "a channel that is created drops messages that have no space")
          ->group(back);
  *exit_status = kUsage;
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help and --version
    app.exit(request);
    *exit_status = kDone;
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    Complain(absl::StrCat(error.what(), "; `ipmpsc-bridge --help` explains"));
    return std::nullopt;
  }
  options.delivery.on = absl::StrContains(options.channel, "://");
  if (options.delivery.on) std::swap(options.channel, address);
  if (absl::StrContains(options.channel, "://")) {
    Complain(absl::StrCat("'", WithoutUser(address), "' and '", WithoutUser(options.channel),
                          "' are two engines; a bridge has a channel at one of its ends"));
    return std::nullopt;
  }
  for (const CLI::Option* const option : {place, partition, capacity, senders, lossy}) {
    if (option->count() == 0 || options.delivery.on) continue;
    Complain(absl::StrCat(option->get_name(),
                          " is for the direction from an engine to a channel; give the engine's "
                          "address first"));
    return std::nullopt;
  }
  for (const CLI::Option* const option :
       {letters, source, messages, mib, patience, confluent, registry}) {
    if (option->count() == 0 || !options.delivery.on) continue;
    Complain(absl::StrCat(option->get_name(),
                          " is for the direction from a channel to an engine; give the channel "
                          "first"));
    return std::nullopt;
  }
  absl::StatusOr<Address> parsed = ParseAddress(address);
  if (!parsed.ok()) {
    Complain(absl::StrCat("'", WithoutUser(address), "': ", parsed.status().message()));
    return std::nullopt;
  }
  options.address = options.nats.address = options.kafka.address = *parsed;
  const bool kafka = options.address.is_kafka();
  for (const CLI::Option* option :
       {stream, creds, sasl, max_message, partition, confluent, registry}) {
    if (option->count() > 0 && kafka == (option == stream || option == creds)) {
      Complain(absl::StrCat(option->get_name(), " is an option for ", kafka ? "NATS" : "Kafka",
                            ", and the address is one of ", kafka ? "Kafka" : "NATS"));
      return std::nullopt;
    }
  }
  if (kafka && timeout > kMostKafkaTimeout) {
    Complain(absl::StrCat("--timeout is at most ", kMostKafkaTimeout, " seconds with Kafka"));
    return std::nullopt;
  }
  if (sasl->count() > 0 && user->count() == 0) {
    Complain("--sasl is how --user is checked; give --user and --password-file");
    return std::nullopt;
  }
  if (kafka && user->count() > 0 && password->count() == 0) {
    Complain("--user needs --password-file with Kafka");
    return std::nullopt;
  }
  for (const auto& [file, target] :
       {std::make_pair(password_file, &options.nats.password),
        std::make_pair(registry_password_file, &options.registry.password)}) {
    if (file.empty()) continue;
    const std::optional<std::string> read = FirstLine(file);
    if (!read.has_value()) {
      Complain(absl::StrCat("cannot read a password from ", file));
      return std::nullopt;
    }
    *target = *read;
  }
  if (registry->count() > 0) {
    if (const absl::Status usable = CheckRegistryUrl(options.registry.url); !usable.ok()) {
      Complain(absl::StrCat("--schema-registry: ", usable.message()));
      return std::nullopt;
    }
  }
  if (!absl::StrContains(options.channel, '/')) {
    options.channel = absl::StrCat("/dev/shm/", options.channel);
  }
  options.kafka.dead_letter_topic = options.nats.dead_letter_subject;
  options.kafka.schema_topic = options.nats.schema_bucket;
  options.kafka.user = options.nats.user;
  options.kafka.password = options.nats.password;
  options.kafka.tls_ca = options.nats.tls_ca;
  options.kafka.tls_certificate = options.nats.tls_certificate;
  options.kafka.tls_key = options.nats.tls_key;
  options.kafka.look_only = options.check;
  options.kafka.any_cleanup = options.forwarder.force;
  options.kafka.timeout = options.nats.timeout = options.registry.timeout =
      options.forwarder.settle_time = absl::Seconds(timeout);
  options.registry.look_only = options.check;
  options.forwarder.window = window;
  options.forwarder.window_bytes = static_cast<uint64_t>(window_mib * (1 << 20));
  return options;
}

}  // namespace ipmpsc::bridge
