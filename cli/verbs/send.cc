// ipmpsc send: sends messages from JSON lines, lines of text format, or lines of bytes.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/channel_type.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::cli {
namespace {

enum class Format { kAuto, kJson, kText, kRaw };

struct SendOptions {
  std::string channel;
  std::vector<std::string> messages;
  std::string file = "-";
  Format format = Format::kAuto;
  absl::Duration timeout = absl::Seconds(10);
  absl::Duration wait = absl::ZeroDuration();
  double rate = 0;
  uint64_t repeat = 1;
  std::string name = "ipmpsc send";
  bool check = false;
  bool json = false;
};

// Keeps the first error of the text format.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  // protobuf 3.21 calls the first function, later releases call the second.
  void AddError(int line, int column, const std::string& text) { RecordError(line, column, text); }
  void RecordError(int /*line*/, int column, absl::string_view text) {
    if (text_.empty()) text_ = absl::StrCat("column ", column + 1, ": ", text);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Makes payloads of lines.
class Encoder {
 public:
  // `type` is null in a channel of bytes.
  Encoder(const ChannelType* type, Format format) : format_(format) {
    if (type != nullptr) message_ = type->NewMessage();
    if (type == nullptr && format == Format::kAuto) format_ = Format::kRaw;
  }

  // Returns whether the line has no message: it is empty or a comment.
  bool IsBlank(absl::string_view line) const {
    if (format_ == Format::kRaw) return false;
    const absl::string_view text = absl::StripLeadingAsciiWhitespace(line);
    return text.empty() || text[0] == '#';
  }

  // Errors: kInvalidArgument - the line is no message of the channel's type.
  absl::StatusOr<std::string> Encode(const std::string& line) {
    if (format_ == Format::kRaw) return line;
    message_->Clear();
    const bool json =
        format_ == Format::kJson ||
        (format_ == Format::kAuto && absl::StripLeadingAsciiWhitespace(line)[0] == '{');
    if (json) {
      const auto status = google::protobuf::util::JsonStringToMessage(line, message_.get());
      if (!status.ok()) return absl::InvalidArgumentError(std::string(status.message()));
    } else {
      FirstError error;
      google::protobuf::TextFormat::Parser parser;
      parser.RecordErrorsTo(&error);
      parser.AllowPartialMessage(true);  // Said in better words below.
      if (!parser.ParseFromString(line, message_.get())) {
        return absl::InvalidArgumentError(error.text());
      }
    }
    if (!message_->IsInitialized()) {
      return absl::InvalidArgumentError(
          absl::StrCat("required fields are missing: ", message_->InitializationErrorString()));
    }
    // The text format takes any bytes for a string. A receiver would refuse the message.
    std::string payload = message_->SerializeAsString();
    if (!message_->ParseFromString(payload)) {
      return absl::InvalidArgumentError("a string is not UTF-8");
    }
    return payload;
  }

 private:
  std::unique_ptr<google::protobuf::Message> message_;
  Format format_;
};

class LineSender {
 public:
  LineSender(const SendOptions& options, const Channel& channel, Encoder encoder)
      : options_(options), channel_(channel), encoder_(std::move(encoder)) {}

  // Attaches as a sender, unless the lines are only checked.
  absl::Status Attach() {
    if (options_.check) return absl::OkStatus();
    SenderOptions as;
    as.name = options_.name;
    absl::StatusOr<Sender> sender = Sender::Attach(channel_, as);
    if (!sender.ok()) return sender.status();
    sender_.emplace(*std::move(sender));
    return absl::OkStatus();
  }

  // Sends the messages of the options, or of the file.
  ExitStatus SendAll() {
    if (!options_.messages.empty()) {
      for (uint64_t round = 0; round < options_.repeat; ++round) {
        for (size_t i = 0; i < options_.messages.size(); ++i) {
          const ExitStatus status =
              SendLine(options_.messages[i], absl::StrCat("--message ", i + 1));
          if (status != kSuccess) return status;
        }
      }
      return kSuccess;
    }
    if (options_.file == "-") return SendLines(std::cin, "standard input");
    std::ifstream file(options_.file);
    if (!file)
      return Fail(kUsage, absl::StrCat(Printable(options_.file), ": cannot read the file"));
    return SendLines(file, Printable(options_.file));
  }

  uint64_t messages() const { return messages_; }
  uint64_t bytes() const { return bytes_; }

 private:
  ExitStatus SendLines(std::istream& lines, const std::string& name) {
    std::string line;
    for (uint64_t number = 1; std::getline(lines, line); ++number) {
      if (encoder_.IsBlank(line)) continue;
      const ExitStatus status = SendLine(line, absl::StrCat(name, " line ", number));
      if (status != kSuccess) return status;
    }
    return lines.bad() ? Fail(kFailed, absl::StrCat("cannot read ", name)) : kSuccess;
  }

  ExitStatus SendLine(const std::string& line, const std::string& where) {
    const absl::StatusOr<std::string> payload = encoder_.Encode(line);
    if (!payload.ok()) {
      return Fail(kUsage, absl::StrCat(where, ": ", Printable(payload.status().message()),
                                       "; `ipmpsc info CHANNEL --schema` shows the fields"));
    }
    if (payload->size() > channel_.max_payload()) {
      return Fail(kUsage,
                  absl::StrCat(where, ": the message has ", payload->size(),
                               " bytes, and the channel takes up to ", channel_.max_payload()));
    }
    if (!options_.check) {
      Pace();
      const absl::Status sent = sender_->Send(*payload, options_.timeout);
      if (absl::IsDeadlineExceeded(sent)) {
        const absl::string_view why = sent.message().empty() ? "the ring is full" : sent.message();
        return Fail(kTimeout, absl::StrCat(where, ": ", why,
                                           "; start the channel's receiver, or raise --timeout"));
      }
      if (absl::IsResourceExhausted(sent)) {
        return Fail(kFailed, absl::StrCat(where,
                                          ": the ring is full, and this channel drops what "
                                          "finds no space; start its receiver, or lower "
                                          "--rate"));
      }
      if (!sent.ok()) return Fail(sent);
    }
    ++messages_;
    bytes_ += payload->size();
    return kSuccess;
  }

  // Waits until the next message is due by --rate.
  void Pace() {
    if (options_.rate <= 0) return;
    if (messages_ == 0) start_ = absl::Now();
    absl::SleepFor(start_ + absl::Seconds(static_cast<double>(messages_) / options_.rate) -
                   absl::Now());
  }

  const SendOptions& options_;
  const Channel& channel_;
  Encoder encoder_;
  std::optional<Sender> sender_;
  absl::Time start_;
  uint64_t messages_ = 0;
  uint64_t bytes_ = 0;
};

ExitStatus SendMessages(const SendOptions& options) {
  const std::string path = FindChannel(options.channel);
  const absl::StatusOr<Channel> channel = options.check
                                              ? Channel::OpenReadOnly(path, {options.wait})
                                              : Channel::Open(path, {options.wait});
  if (!channel.ok()) return Fail(channel.status());
  std::unique_ptr<ChannelType> type;
  if (!channel->description().empty()) {
    absl::StatusOr<ChannelType> of = ChannelType::Of(*channel);
    if (!of.ok()) return Fail(of.status());
    type = std::make_unique<ChannelType>(*std::move(of));
  } else if (options.format == Format::kJson || options.format == Format::kText) {
    return Fail(kUsage,
                absl::StrCat(Printable(channel->path()),
                             ": the channel has no schema, so only --format raw can be sent"));
  }
  LineSender sender(options, *channel, Encoder(type.get(), options.format));
  if (const absl::Status status = sender.Attach(); !status.ok()) return Fail(status);
  const ExitStatus status = sender.SendAll();
  if (options.json) {
    PrintJson({{options.check ? "checked_messages" : "sent_messages", sender.messages()},
               {options.check ? "checked_bytes" : "sent_bytes", sender.bytes()}});
  } else {
    Print(absl::StrCat(options.check ? "checked " : "sent ",
                       CountText(sender.messages(), "message"), " (",
                       BytesText(static_cast<double>(sender.bytes())), ")\n"));
  }
  return status;
}

}  // namespace

void AddSend(Program& program) {
  const auto options = std::make_shared<SendOptions>();
  CLI::App* const verb = program.AddVerb(
      "send", "Sends messages, a line each, in JSON or in protobuf's text format.",
      "  ipmpsc send quotes --message '{\"symbol\": \"ACME\", \"price\": 12.5}'\n"
      "  ipmpsc send quotes --message 'symbol: \"ACME\" price: 12.5' --repeat 100 --rate 10\n"
      "  ipmpsc send quotes --file quotes.jsonl --check\n"
      "  ipmpsc tail quotes --json | ipmpsc send copy\n",
      [options] { return SendMessages(*options); });
  AddChannelArgument(verb, &options->channel);
  CLI::Option* const messages =
      verb->add_option("--message,-m", options->messages,
                       "a message to send, instead of lines; may be given several times")
          ->type_name("MESSAGE")
          ->expected(1)
          ->take_all();
  verb->add_option("--file,-f", options->file,
                   "the file to read lines from (default: standard input). Empty lines and lines "
                   "that begin with # are left out")
      ->type_name("FILE")
      ->excludes(messages);
  verb->add_option("--format", options->format,
                   "auto (default): JSON if a line begins with {, else text format, and raw if the "
                   "channel has no schema. raw: the bytes of the line")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Format>{{"auto", Format::kAuto},
                                                                        {"json", Format::kJson},
                                                                        {"text", Format::kText},
                                                                        {"raw", Format::kRaw}})
                      .description(""))
      ->type_name("auto|json|text|raw");
  verb->add_option("--rate", options->rate, "messages a second (default: no limit)")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N");
  verb->add_option("--repeat", options->repeat, "send --message so many times")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N")
      ->needs(messages);
  AddDurationOption(verb, "--timeout", &options->timeout,
                    "the longest wait for space; then it ends with status 5 (default: 10s)");
  AddDurationOption(verb, "--wait", &options->wait,
                    "the longest wait for the channel to be created (default: 0)");
  verb->add_option("--name", options->name, "the sender's name in `ipmpsc info`")
      ->type_name("NAME");
  verb->add_flag("--check", options->check, "check every line, and send nothing");
  AddJsonFlag(verb, &options->json);
}

}  // namespace ipmpsc::cli
