// Messages of any channel as text and as JSON, by the schema that the channel carries.
#ifndef IPMPSC_CLI_MESSAGE_TEXT_H_
#define IPMPSC_CLI_MESSAGE_TEXT_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cli/channel_type.h"
#include "cli/message_filter.h"
#include "google/protobuf/message.h"
#include "ipmpsc/channel.h"

namespace ipmpsc::cli {

struct PrintOptions {
  static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

  bool json = false;
  bool meta = false;
  bool multiline = false;
  bool defaults = false;
  bool full = false;
  // Longer bytes and strings are cut before they are printed, and longer lists. Unset: 256 bytes
  // and 32 items in text, no limit in JSON.
  std::optional<uint64_t> max_bytes;
  std::optional<uint64_t> max_items;
  std::vector<std::string> filters;
};

// Adds --json, --meta, --multiline, --defaults, --full, --max-bytes, --max-items and --filter.
void AddPrintOptions(CLI::App* verb, PrintOptions* options);

// The facts of a message that --meta prints.
struct MessageMeta {
  uint64_t position = 0;
  uint16_t sender = 0;
  absl::Time sent_at = absl::InfinitePast();  // in channels with timestamps
  uint64_t sequence = 0;
  uint64_t lost_before = 0;      // bytes
  std::optional<bool> released;  // in the channels of dead programs
};

// Prints the messages of one channel, one after the other.
class MessagePrinter {
 public:
  // Errors:
  //  * kInvalidArgument - a filter does not fit the schema, or the channel has none
  //  * kDataLoss        - the channel's schema cannot be used
  static absl::StatusOr<MessagePrinter> For(const Channel& channel, const PrintOptions& options);

  // Prints the message if the filters let it through. Returns whether they did. A message that does
  // not fit the schema is told on standard error and counted in `misfits()`.
  bool PrintMessage(absl::string_view payload, const MessageMeta& meta);

  // The number of messages that do not fit the channel's schema.
  uint64_t misfits() const { return misfits_; }

 private:
  MessagePrinter() = default;

  PrintOptions options_;
  uint64_t max_bytes_ = 0;
  uint64_t max_items_ = 0;
  // Null in a channel of bytes.
  std::unique_ptr<ChannelType> type_;
  std::unique_ptr<google::protobuf::Message> message_;
  std::vector<MessageFilter> filters_;
  uint64_t misfits_ = 0;
};

// A value of a message that was cut.
struct Cut {
  std::string field;  // its path: "image.pixels"
  uint64_t kept = 0;  // bytes or items
  uint64_t of = 0;
  bool items = false;
};

// Cuts bytes and strings of more than `max_bytes`, and lists of more than `max_items`, wherever
// they are in the message. Returns the cuts in the order of the fields.
std::vector<Cut> CutLongValues(google::protobuf::Message* message, uint64_t max_bytes,
                               uint64_t max_items);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_MESSAGE_TEXT_H_
