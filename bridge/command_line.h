// The command line of ipmpsc-bridge.
#ifndef IPMPSC_BRIDGE_COMMAND_LINE_H_
#define IPMPSC_BRIDGE_COMMAND_LINE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "bridge/address.h"
#include "bridge/forwarder.h"
#include "bridge/kafka_engine.h"
#include "bridge/nats_engine.h"
#include "bridge/schema_registry.h"

namespace ipmpsc::bridge {

// The exit statuses of ipmpsc-bridge, in part those of the command `ipmpsc`.
enum ExitStatus : int {
  kDone = 0,       // the channel is closed, or the bridge was asked to end
  kFailed = 1,     // another error
  kUsage = 2,      // the command line
  kNoChannel = 3,  // there is no such channel
  kDamaged = 4,    // the channel is damaged
  kNoAnswer = 5,   // the engine or the schema registry did not answer in time
  // The stream contradicts the channel; --force goes on. Or the schema registry refuses the schema.
  kContradicts = 6,
  kNotAlone = 7,  // another receiver has the channel, or another program writes to the subject
  kRefused = 8,   // the engine or the schema registry refuses the user
};

// Returns the exit status after an error of an engine, or of the core that moves messages.
int ExitStatusOf(const absl::Status& status);

// The direction from an engine to a channel.
struct DeliveryOptions {
  bool on = false;            // the engine's address came first
  std::string place_file;     // empty: beside the channel
  double capacity_mib = 16;   // of a channel that is created
  uint32_t max_senders = 64;  // of a channel that is created
  bool lossy = false;         // a channel that is created drops instead of waiting
};

struct CommandLine {
  std::string channel;
  DeliveryOptions delivery;
  Address address;  // of the engine; the options of the other one are not used
  NatsOptions nats;
  KafkaOptions kafka;
  ForwarderOptions forwarder;
  bool check = false;
  // Confluent's wire format, with the id or with the one that a registry tells. With neither
  // messages are stored as they are.
  uint32_t confluent_schema_id = 0;
  SchemaRegistryOptions registry;  // without a URL: none
  std::string source;              // empty: the host's name and the channel's path
  std::string metrics_file;        // empty: none
  double wait_seconds = 0;         // for the channel to be created
  double connect_seconds = 30;     // for the engine to answer at the start
};

// Returns the options, or nothing after --help, --version and errors, with the exit status.
std::optional<CommandLine> ParseCommandLine(int argc, char** argv, int* exit_status);

// Prints one line on standard error, which begins with the program's name.
void Complain(const std::string& text);

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_COMMAND_LINE_H_
