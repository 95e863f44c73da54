#include "cli/monitor/prometheus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cstdint>
#include <set>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "cli/upkeep/channel_files.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {
namespace {

// ChannelRates are Prometheus's task, so no interval needs to be remembered.
constexpr size_t kIntervals = 1;

// Writes the metrics of all channels.
class Writer {
 public:
  explicit Writer(const std::map<std::string, History>& histories) : histories_(histories) {}

  std::string Run() && {
    Head("ipmpsc_channel_up", "gauge", "Whether the channel could be opened.");
    for (const auto& [path, history] : histories_) {
      Sample("ipmpsc_channel_up", Channel(path), !history.empty());
    }
    WriteChannels();
    WriteReceivers();
    WriteSenders();
    return std::move(text_);
  }

 private:
  using Value = absl::FunctionRef<double(const ChannelStats&)>;
  using ReceiverValue = absl::FunctionRef<double(const ReceiverStats&)>;
  using SenderValue = absl::FunctionRef<double(const SenderStats&)>;

  static std::string Channel(const std::string& path) {
    return absl::StrCat("channel=\"", LabelValue(path), "\"");
  }
  static std::string Slot(const std::string& path, const SenderStats& sender) {
    return absl::StrCat(Channel(path), ",slot=\"", sender.slot, "\"");
  }

  void Head(absl::string_view name, absl::string_view type, absl::string_view help) {
    absl::StrAppend(&text_, "# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
  }
  void Sample(absl::string_view name, absl::string_view labels, double value) {
    // StrCat would give six digits only.
    char digits[32];
    snprintf(digits, sizeof(digits), "%.17g", value);
    absl::StrAppend(&text_, name, "{", labels, "} ", digits, "\n");
  }

  void OfChannels(absl::string_view name, absl::string_view type, absl::string_view help,
                  Value value) {
    Head(name, type, help);
    for (const auto& [path, history] : histories_) {
      if (!history.empty()) Sample(name, Channel(path), value(history.latest()));
    }
  }
  void OfReceivers(absl::string_view name, absl::string_view type, absl::string_view help,
                   ReceiverValue value) {
    OfChannels(name, type, help, [&](const ChannelStats& stats) {
      static const auto* const kNone = new ReceiverStats;
      return value(stats.receiver.has_value() ? *stats.receiver : *kNone);
    });
  }
  void OfSenders(absl::string_view name, absl::string_view type, absl::string_view help,
                 SenderValue value) {
    Head(name, type, help);
    for (const auto& [path, history] : histories_) {
      if (history.empty()) continue;
      for (const SenderStats& sender : history.latest().senders) {
        Sample(name, Slot(path, sender), value(sender));
      }
    }
  }

  void WriteChannels() {
    const auto as_number = [](auto value) { return static_cast<double>(value); };
    OfChannels("ipmpsc_channel_closed", "gauge", "Whether the channel has ended.",
               [](const ChannelStats& stats) { return stats.closed || stats.replaced; });
    OfChannels("ipmpsc_channel_damaged", "gauge",
               "Whether the channel's positions contradict each other.",
               [](const ChannelStats& stats) { return stats.damaged; });
    OfChannels("ipmpsc_channel_created_timestamp_seconds", "gauge",
               "When the channel was created, in seconds since 1970.",
               [](const ChannelStats& stats) {
                 return absl::ToDoubleSeconds(stats.created - absl::UnixEpoch());
               });
    OfChannels("ipmpsc_capacity_bytes", "gauge", "Bytes for records.",
               [&](const ChannelStats& stats) { return as_number(stats.capacity); });
    OfChannels("ipmpsc_used_bytes", "gauge",
               "Bytes in use, with headers and padding: claimed and not released.",
               [&](const ChannelStats& stats) { return as_number(stats.fill); });
    OfChannels("ipmpsc_used_high_water_bytes", "gauge",
               "The most bytes in use that a sender saw when it looked for space.",
               [&](const ChannelStats& stats) { return as_number(stats.high_water); });
    OfChannels("ipmpsc_claimed_bytes_total", "counter",
               "Bytes that senders have claimed, with headers and padding.",
               [&](const ChannelStats& stats) { return as_number(stats.claim_position); });
    OfChannels("ipmpsc_released_bytes_total", "counter",
               "Bytes that receivers have released, with headers and padding.",
               [&](const ChannelStats& stats) { return as_number(stats.release_position); });
    Head("ipmpsc_receiver_stalled_seconds", "gauge",
         "For how long nothing was released although something waits, as seen by this exporter.");
    for (const auto& [path, history] : histories_) {
      if (history.empty()) continue;
      Sample("ipmpsc_receiver_stalled_seconds", Channel(path),
             absl::ToDoubleSeconds(history.stalled()));
    }
    Head("ipmpsc_open_claim_seconds", "gauge",
         "For how long the oldest open claim has not moved, as seen by this exporter.");
    for (const auto& [path, history] : histories_) {
      if (history.empty()) continue;
      Sample("ipmpsc_open_claim_seconds", Channel(path),
             absl::ToDoubleSeconds(history.claim_open()));
    }
    OfChannels("ipmpsc_senders", "gauge", "Senders that are attached.",
               [&](const ChannelStats& stats) { return as_number(stats.attached_senders()); });
    OfChannels("ipmpsc_senders_limit", "gauge", "The most senders that can be attached.",
               [&](const ChannelStats& stats) { return as_number(stats.max_senders); });
  }

  void WriteReceivers() {
    const auto as_number = [](uint64_t value) { return static_cast<double>(value); };
    OfReceivers("ipmpsc_receiver_up", "gauge", "Whether a receiver is attached.",
                [](const ReceiverStats& stats) { return stats.liveness != Liveness::kDead; });
    OfReceivers("ipmpsc_receivers_attached_total", "counter", "Receivers that have attached.",
                [&](const ReceiverStats& stats) { return as_number(stats.epoch); });
    OfReceivers("ipmpsc_received_messages_total", "counter",
                "Messages that were received and released.",
                [&](const ReceiverStats& stats) { return as_number(stats.received_messages); });
    OfReceivers("ipmpsc_received_payload_bytes_total", "counter", "Their payload.",
                [&](const ReceiverStats& stats) { return as_number(stats.received_bytes); });
    OfReceivers("ipmpsc_discarded_records_total", "counter",
                "Records without a message, such as dropped loans.",
                [&](const ReceiverStats& stats) { return as_number(stats.discarded_records); });
    OfReceivers("ipmpsc_orphaned_records_total", "counter",
                "Claims of senders that died before they committed.",
                [&](const ReceiverStats& stats) { return as_number(stats.orphaned_records); });
    OfReceivers("ipmpsc_orphaned_bytes_total", "counter", "Their bytes, with headers and padding.",
                [&](const ReceiverStats& stats) { return as_number(stats.orphaned_bytes); });
    OfReceivers("ipmpsc_redelivered_bytes_total", "counter",
                "Bytes that were claimed and not released when a receiver attached.",
                [&](const ReceiverStats& stats) { return as_number(stats.redelivered_bytes); });
    OfReceivers("ipmpsc_receiver_skipped_messages_total", "counter",
                "Of the messages received: those that were passed over for newer ones.",
                [&](const ReceiverStats& stats) { return as_number(stats.skipped_messages); });
    OfReceivers("ipmpsc_receiver_sleeps_total", "counter", "Waits of receivers in the kernel.",
                [&](const ReceiverStats& stats) { return as_number(stats.sleeps); });
  }

  void WriteSenders() {
    const auto as_number = [](uint64_t value) { return static_cast<double>(value); };
    // The names are in a metric of their own: a slot's counters continue with its next owner.
    Head("ipmpsc_sender_info", "gauge",
         "The present or last owner of a sender's slot, by name and process.");
    for (const auto& [path, history] : histories_) {
      if (history.empty()) continue;
      for (const SenderStats& sender : history.latest().senders) {
        Sample("ipmpsc_sender_info",
               absl::StrCat(Slot(path, sender), ",name=\"", LabelValue(sender.name), "\",pid=\"",
                            sender.pid, "\""),
               1);
      }
    }
    OfSenders("ipmpsc_sender_up", "gauge", "Whether the owner of the slot lives.",
              [](const SenderStats& sender) { return sender.liveness != Liveness::kDead; });
    OfSenders("ipmpsc_sender_died", "gauge", "Whether the last owner died without detaching.",
              [](const SenderStats& sender) { return sender.died(); });
    OfSenders("ipmpsc_sent_messages_total", "counter", "Messages sent, by slot.",
              [&](const SenderStats& sender) { return as_number(sender.sent_messages); });
    OfSenders("ipmpsc_sent_payload_bytes_total", "counter", "Their payload.",
              [&](const SenderStats& sender) { return as_number(sender.sent_bytes); });
    OfSenders("ipmpsc_sender_full_waits_total", "counter", "Waits for space.",
              [&](const SenderStats& sender) { return as_number(sender.full_waits); });
    OfSenders("ipmpsc_sender_waited_seconds_total", "counter", "Time spent in waits for space.",
              [](const SenderStats& sender) { return absl::ToDoubleSeconds(sender.waited); });
    OfSenders("ipmpsc_sender_lost_races_total", "counter", "Claims that another sender made first.",
              [&](const SenderStats& sender) { return as_number(sender.lost_races); });
    OfSenders("ipmpsc_sender_turns_total", "counter",
              "Turns taken, by senders that waited long for space.",
              [&](const SenderStats& sender) { return as_number(sender.turns); });
    OfSenders("ipmpsc_sender_refused_total", "counter",
              "Sends that found no space and did not wait.",
              [&](const SenderStats& sender) { return as_number(sender.refused); });
    OfSenders("ipmpsc_sender_dropped_messages_total", "counter",
              "Messages that found no space in a lossy channel.",
              [&](const SenderStats& sender) { return as_number(sender.dropped_messages); });
  }

  const std::map<std::string, History>& histories_;
  std::string text_;
};

}  // namespace

std::string LabelValue(absl::string_view text) {
  // Escapes what is not printable. The format then asks to escape the backslashes once more.
  std::string value;
  for (const char c : absl::CHexEscape(text)) {
    if (c == '\\' || c == '"') value.push_back('\\');
    value.push_back(c);
  }
  return value;
}

std::string PrometheusText(const std::map<std::string, History>& histories) {
  return Writer(histories).Run();
}

std::string Exporter::Collect(absl::Time now) {
  std::set<std::string> found;
  for (const std::string& path : FindChannels(places_)) {
    found.insert(path);
    const auto history = histories_.try_emplace(path, kIntervals).first;
    const absl::StatusOr<Channel> channel = Channel::OpenReadOnly(path);
    if (channel.ok()) {
      history->second.Add(now, channel->Stats());
    } else {
      histories_.erase(history);
      histories_.try_emplace(path, kIntervals);
    }
  }
  for (auto history = histories_.begin(); history != histories_.end();) {
    history = found.count(history->first) != 0 ? std::next(history) : histories_.erase(history);
  }
  return PrometheusText(histories_);
}

absl::Status ReplaceFile(const std::string& path, absl::string_view content) {
  const std::string temporary = absl::StrCat(path, ".", getpid(), ".tmp");
  const auto failed = [&](absl::string_view what) {
    const absl::Status status = absl::ErrnoToStatus(errno, absl::StrCat(what, " ", temporary));
    unlink(temporary.c_str());
    return status;
  };
  FILE* const file = fopen(temporary.c_str(), "we");
  if (file == nullptr) return failed("cannot create");
  const bool written = fwrite(content.data(), 1, content.size(), file) == content.size();
  if (fclose(file) != 0 || !written) return failed("cannot write");
  if (rename(temporary.c_str(), path.c_str()) != 0) return failed("cannot rename");
  return absl::OkStatus();
}

}  // namespace ipmpsc::cli
