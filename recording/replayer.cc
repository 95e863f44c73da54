#include "recording/replayer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/options.h"
#include "ipmpsc/sender.h"
#include "recording/channel_origin.h"
#include "recording/mcap_reader.h"
#include "recording/mcap_records.h"
#include "recording/steady_time.h"

namespace ipmpsc::recording {
namespace {

// The longest pause between two looks at the caller's deadline.
constexpr absl::Duration kLongestSleep = absl::Milliseconds(100);
constexpr absl::Duration kLookForReceiver = absl::Milliseconds(5);

absl::Status WithPath(const absl::Status& status, absl::string_view path) {
  if (status.ok() || absl::StrContains(status.message(), path)) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

// The channel that a topic is sent to.
struct Target {
  ReplayedChannel told;
  std::optional<Channel> channel;
  std::optional<Sender> sender;
};

class FileReplayer : public Replayer {
 public:
  explicit FileReplayer(const ReplayerOptions& options) : options_(options) {}
  ~FileReplayer() override {
    if (!options_.close) return;
    for (auto& [topic, target] : targets_) {
      if (target.channel) target.channel->Close();
    }
  }

  absl::Status Open() {
    if (options_.files.empty()) return absl::InvalidArgumentError("no file to replay");
    if (!(options_.speed > 0)) return absl::InvalidArgumentError("a speed is above 0");
    if (options_.from < absl::ZeroDuration() || options_.until <= options_.from)
      return absl::InvalidArgumentError("nothing lies between the begin and the end");
    // All are looked at now, so that a wrong name is told before anything is sent.
    for (const std::string& path : options_.files) {
      absl::StatusOr<McapReader> reader = McapReader::Open(path);
      if (!reader.ok()) return reader.status();
      if (!first_time_ && reader->statistics() && reader->statistics()->message_count > 0)
        first_time_ = reader->statistics()->start_time;
      McapItem item;
      while (!first_time_) {
        const absl::Status status = reader->Next(&item);
        if (absl::IsOutOfRange(status)) break;
        if (status.ok() && item.kind == McapItem::Kind::kMessage)
          first_time_ = item.message.log_time;
        if (!status.ok() && !CanContinue(status)) return WithPath(status, path);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Run(Deadline deadline) override {
    do {
      if (!has_message_) {
        if (absl::Status status = FindMessage(deadline); !status.ok()) return status;
        if (!has_message_) return absl::OkStatus();  // the deadline has passed
      }
      if (!WaitUntilDue(deadline)) return absl::OkStatus();
      if (absl::Status status = SendIt(deadline); !status.ok()) return status;
      // Looks at the clock once for some messages where there are no pauses.
    } while (has_message_ ? !deadline.Passed() : ++sent_ % 64 != 0 || !deadline.Passed());
    return absl::OkStatus();
  }

  ReplayerProgress progress() const override {
    ReplayerProgress progress = told_;
    for (const auto& [topic, target] : targets_) {
      progress.channels.push_back(target.told);
      progress.messages += target.told.messages;
      progress.bytes += target.told.bytes;
      progress.dropped += target.told.dropped;
    }
    if (reader_) {
      progress.file_offset = reader_->offset();
      progress.file_size = reader_->size();
    }
    return progress;
  }

 private:
  static bool CanContinue(const absl::Status& status) {
    return absl::IsDataLoss(status) || absl::IsUnimplemented(status);
  }

  absl::Status OpenFile() {
    if (file_ == 0) ++told_.loop;
    told_.file = options_.files[file_];
    McapReaderOptions options;
    options.start_time = Time(options_.from);
    options.end_time = Time(options_.until);
    absl::StatusOr<McapReader> reader = McapReader::Open(told_.file, options);
    if (!reader.ok()) return reader.status();
    reader_.emplace(*std::move(reader));
    return absl::OkStatus();
  }

  // The log time so much after the first message's.
  uint64_t Time(absl::Duration offset) const {
    constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
    const uint64_t first = first_time_.value_or(0);
    if (offset <= absl::ZeroDuration()) return 0;
    if (offset == absl::InfiniteDuration()) return kNever;
    const auto nanoseconds = static_cast<uint64_t>(absl::ToInt64Nanoseconds(offset));
    return first > kNever - nanoseconds ? kNever : first + nanoseconds;
  }

  // Goes on to the next message that is wanted.
  absl::Status FindMessage(Deadline deadline) {
    for (int i = 1; !has_message_; ++i) {
      if (i % 64 == 0 && deadline.Passed()) return absl::OkStatus();
      if (!reader_) {
        if (file_ == options_.files.size()) {
          // A round without a message would never end.
          if (told_.loop == options_.loops || !found_any_)
            return absl::OutOfRangeError("everything is replayed");
          file_ = 0;
          begin_.reset();
        }
        if (absl::Status status = OpenFile(); !status.ok()) return status;
      }
      const absl::Status status = reader_->Next(&item_);
      if (status.ok()) {
        has_message_ = item_.kind == McapItem::Kind::kMessage && IsWanted();
        found_any_ = found_any_ || has_message_;
      } else if (absl::IsOutOfRange(status)) {
        if (!reader_->complete() && told_.loop == 1) told_.unfinished.push_back(told_.file);
        reader_.reset();
        ++file_;
      } else if (CanContinue(status)) {
        if (told_.loop > 1) continue;
        if (told_.damages++ == 0) told_.damage = WithPath(status, told_.file).ToString();
      } else {
        return WithPath(status, told_.file);
      }
    }
    return absl::OkStatus();
  }

  bool IsWanted() const {
    return options_.topics.empty() || std::find(options_.topics.begin(), options_.topics.end(),
                                                item_.channel->topic) != options_.topics.end();
  }

  // Waits until it is the message's time. False if the deadline comes first.
  bool WaitUntilDue(Deadline deadline) {
    const uint64_t time = item_.message.log_time;
    if (!begin_) {
      begin_ = SteadyTime();
      begin_log_time_ = time;
    }
    const uint64_t since = time > begin_log_time_ ? time - begin_log_time_ : 0;
    if (std::isinf(options_.speed)) return true;
    const absl::Duration distance =
        absl::Seconds(static_cast<double>(since) / 1e9 / options_.speed);
    for (;;) {
      const absl::Duration left = *begin_ + distance - SteadyTime();
      if (left <= absl::ZeroDuration()) return true;
      if (deadline.Passed()) return false;
      absl::SleepFor(std::min(left, kLongestSleep));
    }
  }

  absl::Status SendIt(Deadline deadline) {
    const auto [found, is_new] = targets_.try_emplace(item_.channel->topic);
    Target& target = found->second;
    if (!target.sender) {
      if (absl::Status status = OpenTarget(deadline, &target); !status.ok())
        return WithPath(status, target.told.path);
      if (!target.sender) return absl::OkStatus();  // goes on in the next call
    }
    const absl::string_view data = item_.message.data;
    absl::Status sent = target.sender->TrySend(data);
    // The channel has counted the message. Another try would count it again.
    const bool dropped = absl::IsResourceExhausted(sent) &&
                         target.sender->channel().on_full() == OnFull::kDropNewest;
    if (dropped) {
      sent = absl::OkStatus();
    } else if (absl::IsResourceExhausted(sent)) {
      const absl::Duration now = SteadyTime();
      if (full_since_ == absl::InfiniteDuration()) full_since_ = now;
      if (now - full_since_ >= options_.timeout) {
        // The text of a `Send` that waits says how much is used, and who receives.
        sent = target.sender->Send(data, absl::Milliseconds(1));
        if (absl::IsDeadlineExceeded(sent)) {
          return absl::DeadlineExceededError(absl::StrCat(
              target.told.path, ": no space within ", absl::FormatDuration(options_.timeout),
              "; start a receiver, or wait for longer (", sent.message(), ")"));
        }
      } else {
        sent = target.sender->Send(data, std::min(options_.timeout, kLongestSleep));
        if (absl::IsDeadlineExceeded(sent)) return absl::OkStatus();
      }
    }
    if (!sent.ok()) return WithPath(sent, target.told.path);
    full_since_ = absl::InfiniteDuration();
    has_message_ = false;
    if (dropped) {
      ++target.told.dropped;
    } else {
      ++target.told.messages;
      target.told.bytes += data.size();
    }
    const uint64_t first = first_time_.value_or(0);
    const uint64_t time = item_.message.log_time;
    told_.time = absl::Nanoseconds(time > first ? static_cast<double>(time - first) : 0.0);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> PathOf(const McapChannel& channel) const {
    const auto named = options_.paths.find(channel.topic);
    if (named != options_.paths.end()) return named->second;
    absl::string_view topic = channel.topic;
    std::string name;
    if (channel.metadata.count("ipmpsc.path") != 0) {
      name = std::string(topic.substr(topic.rfind('/') + 1));
    } else {
      absl::ConsumePrefix(&topic, "/");
      name = absl::StrReplaceAll(topic, {{"/", "."}});
    }
    if (name.empty() || name == "." || name == ".." || absl::StrContains(name, '\0')) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the topic \"", AsUtf8(channel.topic), "\" is no name for a file; give it another name"));
    }
    return absl::StrCat(options_.directory, "/", name);
  }

  // Opens the channel and attaches a sender. Without one there is no receiver yet.
  absl::Status OpenTarget(Deadline deadline, Target* target) {
    const McapChannel& recorded = *item_.channel;
    if (!target->channel) {
      absl::StatusOr<std::string> path = PathOf(recorded);
      if (!path.ok()) return path.status();
      for (const auto& [topic, other] : targets_) {
        if (other.channel && other.told.path == *path) {
          return absl::InvalidArgumentError(absl::StrCat("the topics ", topic, " and ",
                                                         recorded.topic, " both go to ", *path,
                                                         "; give one of them another name"));
        }
      }
      const McapSchema* const schema = reader_->FindSchema(recorded.schema_id);
      target->told.topic = recorded.topic;
      target->told.path = *path;
      target->told.message_name =
          schema != nullptr && schema->encoding == "protobuf" ? schema->name : "";
      absl::StatusOr<Channel> channel = Channel::Open(*path);
      if (absl::IsNotFound(channel.status()) && options_.create) {
        channel = Create(*path, recorded, schema);
        target->told.created = channel.ok();
      }
      if (!channel.ok()) return channel.status();
      if (absl::Status status = CheckType(*channel, *target); !status.ok()) return status;
      target->channel.emplace(*std::move(channel));
      receiver_wanted_since_ = SteadyTime();
    }
    if (options_.receiver_timeout > absl::ZeroDuration()) {
      while (!target->channel->HasReceiver()) {
        if (SteadyTime() - receiver_wanted_since_ >= options_.receiver_timeout) {
          return absl::DeadlineExceededError(
              absl::StrCat("no receiver within ", absl::FormatDuration(options_.receiver_timeout),
                           "; start one, or do not wait for it"));
        }
        if (deadline.Passed()) return absl::OkStatus();
        absl::SleepFor(kLookForReceiver);
      }
      begin_.reset();  // The time of waiting does not count.
    }
    SenderOptions options;
    options.name = "ipmpsc replay";
    absl::StatusOr<Sender> sender = Sender::Attach(*target->channel, options);
    if (!sender.ok()) return sender.status();
    target->sender.emplace(*std::move(sender));
    return absl::OkStatus();
  }

  absl::StatusOr<Channel> Create(const std::string& path, const McapChannel& recorded,
                                 const McapSchema* schema) const {
    ChannelOptions options = OptionsOf(recorded, schema);
    if (options_.capacity != 0) options.capacity = options_.capacity;
    // A first message of a file of another program tells how large they may be.
    options.capacity = std::max<uint64_t>(options.capacity, 4 * item_.message.data.size());
    options.exist_policy = ExistPolicy::kOpen;
    return Channel::Create(path, options);
  }

  absl::Status CheckType(const Channel& channel, const Target& target) const {
    if (options_.any_type || target.told.created) return absl::OkStatus();
    const absl::string_view present = MessageNameOf(channel.description());
    if (present == target.told.message_name) return absl::OkStatus();
    const auto show = [](absl::string_view name) {
      return name.empty() ? std::string("bytes") : AsUtf8(name);
    };
    return absl::FailedPreconditionError(
        absl::StrCat("the channel carries ", show(present), ", but the recording has ",
                     show(target.told.message_name), "; replay to another name"));
  }

  const ReplayerOptions options_;
  std::optional<uint64_t> first_time_;
  std::map<std::string, Target> targets_;  // by topic
  ReplayerProgress told_;
  size_t file_ = 0;  // the next one, if there is no reader, else its own
  std::optional<McapReader> reader_;
  McapItem item_;
  bool has_message_ = false;
  bool found_any_ = false;
  uint64_t sent_ = 0;
  std::optional<absl::Duration> begin_;  // when the message of `begin_log_time_` was sent
  uint64_t begin_log_time_ = 0;
  absl::Duration full_since_ = absl::InfiniteDuration();
  absl::Duration receiver_wanted_since_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Replayer>> Replayer::Open(const ReplayerOptions& options) {
  auto replayer = std::make_unique<FileReplayer>(options);
  if (absl::Status status = replayer->Open(); !status.ok()) return status;
  return replayer;
}

}  // namespace ipmpsc::recording
