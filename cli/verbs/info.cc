// ipmpsc info: what a channel is, how full, and who uses it.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/channel_stats_json.h"
#include "cli/channel_type.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;

struct InfoOptions {
  std::string channel;
  bool json = false;
  bool schema = false;
};

std::string Ago(absl::Time time) {
  if (time == absl::InfinitePast()) return "";
  return absl::StrCat(DurationText(absl::Now() - time), " ago");
}

std::string PrintableType(const Channel& channel) {
  if (channel.description().empty()) return "bytes (no schema)";
  return ChannelType::TextOf(channel, "unknown (the description cannot be read)");
}

std::string Features(const ChannelStats& stats) {
  std::string text = stats.timestamps ? "timestamps" : "no timestamps";
  if (stats.drops_newest) {
    absl::StrAppend(&text, ", drops messages when full (", CountText(stats.dropped_messages),
                    " so far)");
  }
  if (stats.huge_pages) absl::StrAppend(&text, ", huge pages");
  if (stats.full_barriers) absl::StrAppend(&text, ", full barriers");
  return text;
}

std::string Waits(const SenderStats& sender) {
  return sender.full_waits == 0
             ? "0"
             : absl::StrCat(CountText(sender.full_waits), " (", DurationText(sender.waited), ")");
}

void PrintParticipants(const ChannelStats& stats) {
  Table table({{"end"},
               {"name"},
               {"pid", true},
               {"state"},
               {"attached"},
               {"messages", true},
               {"bytes", true},
               {"waits for space", true},
               {"refused", true}});
  if (stats.receiver.has_value()) {
    const ReceiverStats& receiver = *stats.receiver;
    table.Add({"receiver", Printable(receiver.name), PidText(receiver), StateName(receiver),
               Ago(receiver.attached), CountText(receiver.received_messages),
               BytesText(receiver.received_bytes), "", ""});
  }
  for (const SenderStats& sender : stats.senders) {
    table.Add({absl::StrCat("sender ", sender.slot), Printable(sender.name), PidText(sender),
               StateName(sender), Ago(sender.attached), CountText(sender.sent_messages),
               BytesText(sender.sent_bytes), Waits(sender), CountText(sender.refused)});
  }
  if (table.empty()) {
    Print("\nNothing has ever been attached.\n");
  } else {
    Print(absl::StrCat("\n", table.Text()));
  }
}

void PrintInfo(const Channel& channel, const ChannelStats& stats) {
  Table table({{""}, {""}});
  table.Add({"channel", Printable(stats.path)});
  table.Add({"id", stats.id});
  table.Add({"message", PrintableType(channel)});
  table.Add({"state", ChannelStateName(stats)});
  table.Add({"created", absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", stats.created,
                                                      absl::UTCTimeZone()),
                                     " (", Ago(stats.created), ")")});
  table.Add({"capacity", absl::StrCat(BytesText(stats.capacity), ", messages of up to ",
                                      BytesText(stats.max_payload), ", up to ", stats.max_senders,
                                      " senders, ", Features(stats))});
  table.Add(
      {"fill", absl::StrCat(BytesText(stats.fill), " (",
                            stats.capacity == 0 ? 0 : stats.fill * 100 / stats.capacity,
                            " %), at most ", BytesText(std::max(stats.high_water, stats.fill)))});
  table.Add({"positions", absl::StrCat("claimed to ", stats.claim_position, ", released to ",
                                       stats.release_position)});
  if (stats.oldest_open_claim.has_value()) {
    table.Add(
        {"open claim", absl::StrCat("sender ", stats.oldest_open_claim->sender, " has claimed ",
                                    BytesText(stats.oldest_open_claim->bytes), " at ",
                                    stats.oldest_open_claim->position, " and not committed them")});
  }
  if (stats.receiver.has_value() && stats.receiver->skipped_messages > 0) {
    table.Add({"passed over", absl::StrCat(CountText(stats.receiver->skipped_messages, "message"),
                                           ", for newer ones")});
  }
  if (stats.senders_wait) table.Add({"waiting", "a sender sleeps until there is space"});
  Print(table.Text());
  PrintParticipants(stats);
}

// Adds the files that define the message and the types of its fields. Others only declare options.
void AddFilesOf(const Descriptor* message, std::set<const FileDescriptor*>* files) {
  std::set<const Descriptor*> seen;
  std::vector<const Descriptor*> rest = {message};
  while (!rest.empty()) {
    const Descriptor* const next = rest.back();
    rest.pop_back();
    if (!seen.insert(next).second) continue;
    files->insert(next->file());
    for (int i = 0; i < next->field_count(); ++i) {
      const google::protobuf::FieldDescriptor* const field = next->field(i);
      if (field->message_type() != nullptr) rest.push_back(field->message_type());
      if (field->enum_type() != nullptr) files->insert(field->enum_type()->file());
    }
  }
}

ExitStatus Info(const InfoOptions& options) {
  const absl::StatusOr<Channel> channel = OpenToLook(options.channel);
  if (!channel.ok()) return Fail(channel.status());
  if (options.schema) {
    const absl::StatusOr<ChannelType> type = ChannelType::Of(*channel);
    if (!type.ok()) return Fail(type.status());
    std::set<const FileDescriptor*> needed;
    AddFilesOf(type->descriptor(), &needed);
    for (const google::protobuf::FileDescriptorProto& file : type->info().schema().file()) {
      const FileDescriptor* const descriptor =
          type->descriptor()->file()->pool()->FindFileByName(file.name());
      if (needed.count(descriptor) == 0) continue;
      Print(absl::StrCat("// ", Printable(file.name()), "\n", descriptor->DebugString(), "\n"));
    }
    return kSuccess;
  }
  const ChannelStats stats = channel->Stats();
  if (options.json) {
    PrintJson(StatsJson(*channel, stats));
  } else {
    PrintInfo(*channel, stats);
  }
  if (stats.damaged) {
    return Fail(kDamaged, absl::StrCat(stats.path,
                                       ": the positions contradict each other; no end "
                                       "of this channel works any more, create a new one"));
  }
  return kSuccess;
}

}  // namespace

void AddInfo(Program& program) {
  const auto options = std::make_shared<InfoOptions>();
  CLI::App* const verb =
      program.AddVerb("info", "Says what a channel is, how full it is and who uses it.",
                      "  ipmpsc info quotes\n"
                      "  ipmpsc info /dev/shm/quotes --json | jq .fill_bytes\n"
                      "  ipmpsc info quotes --schema\n",
                      [options] { return Info(*options); });
  AddChannelArgument(verb, &options->channel);
  CLI::Option* const json = AddJsonFlag(verb, &options->json);
  verb->add_flag("--schema", options->schema,
                 "print the .proto files of the messages, as the channel carries them")
      ->excludes(json);
}

}  // namespace ipmpsc::cli
