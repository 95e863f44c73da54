#include "cli/channel_stats_json.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "cli/channel_type.h"

namespace ipmpsc::cli {
namespace {

Json TimeJson(absl::Time time) {
  return time == absl::InfinitePast() ? Json() : Json(TimeText(time));
}

Json ParticipantJson(const ParticipantStats& participant) {
  Json json;
  json["name"] = participant.name;
  json["state"] = StateName(participant);
  json["pid"] = participant.pid;
  json["pid_is_ours"] = participant.pid_is_ours;
  json["attached"] = TimeJson(participant.attached);
  return json;
}

Json ClaimJson(const std::optional<OpenClaim>& claim) {
  if (!claim.has_value()) return Json();
  return {{"position", claim->position}, {"bytes", claim->bytes}, {"sender", claim->sender}};
}

Json ReceiverJson(const ReceiverStats& receiver) {
  Json json = ParticipantJson(receiver);
  json["epoch"] = receiver.epoch;
  json["received_messages"] = receiver.received_messages;
  json["received_bytes"] = receiver.received_bytes;
  json["discarded_records"] = receiver.discarded_records;
  json["orphaned_records"] = receiver.orphaned_records;
  json["orphaned_bytes"] = receiver.orphaned_bytes;
  json["sleeps"] = receiver.sleeps;
  json["redelivered_bytes"] = receiver.redelivered_bytes;
  json["skipped_messages"] = receiver.skipped_messages;
  json["wait"] = receiver.wait == ReceiverStats::Wait::kForClaim    ? "claim"
                 : receiver.wait == ReceiverStats::Wait::kForCommit ? "commit"
                                                                    : "none";
  return json;
}

Json SenderJson(const SenderStats& sender) {
  Json json;
  json["slot"] = sender.slot;
  json.update(ParticipantJson(sender));
  json["owners"] = sender.owners;
  json["sent_messages"] = sender.sent_messages;
  json["sent_bytes"] = sender.sent_bytes;
  json["last_sequence"] = sender.last_sequence;
  json["full_waits"] = sender.full_waits;
  json["waited_seconds"] = absl::ToDoubleSeconds(sender.waited);
  json["lost_races"] = sender.lost_races;
  json["turns"] = sender.turns;
  json["refused"] = sender.refused;
  json["dropped_messages"] = sender.dropped_messages;
  json["high_water_bytes"] = sender.high_water;
  json["open_claim"] = ClaimJson(sender.open_claim);
  return json;
}

}  // namespace

std::string ChannelStateName(const ChannelStats& stats) {
  return stats.damaged ? "damaged" : stats.replaced ? "replaced" : stats.closed ? "closed" : "open";
}

std::string StateName(const ParticipantStats& participant) {
  switch (participant.liveness) {
    case Liveness::kAlive:
      return "alive";
    case Liveness::kUnknown:
      return "unknown";
    case Liveness::kDead:
      break;
  }
  return participant.died() ? "died" : "detached";
}

std::string PidText(const ParticipantStats& participant) {
  if (participant.pid == 0) return "";
  return absl::StrCat(participant.pid, participant.pid_is_ours ? "" : "?");
}

Json StatsJson(const Channel& channel, const ChannelStats& stats) {
  Json json;
  json["path"] = stats.path;
  json["id"] = stats.id;
  json["message"] = ChannelType::NameOf(channel);
  json["state"] = ChannelStateName(stats);
  json["created"] = TimeJson(stats.created);
  json["capacity_bytes"] = stats.capacity;
  json["max_payload_bytes"] = stats.max_payload;
  json["max_senders"] = stats.max_senders;
  json["timestamps"] = stats.timestamps;
  json["huge_pages"] = stats.huge_pages;
  json["drops_newest"] = stats.drops_newest;
  json["full_barriers"] = stats.full_barriers;
  json["claim_position"] = stats.claim_position;
  json["release_position"] = stats.release_position;
  json["fill_bytes"] = stats.fill;
  json["high_water_bytes"] = stats.high_water;
  json["dropped_messages"] = stats.dropped_messages;
  json["senders_wait"] = stats.senders_wait;
  json["turn"] = !stats.turn.has_value()
                     ? Json()
                     : Json{{"sender", stats.turn->sender},
                            {"bytes", stats.turn->bytes},
                            {"left_seconds", absl::ToDoubleSeconds(stats.turn->left)}};
  json["oldest_open_claim"] = ClaimJson(stats.oldest_open_claim);
  json["oldest_record"] = !stats.oldest_record.has_value()
                              ? Json()
                              : Json{{"position", stats.oldest_record->position},
                                     {"committed", stats.oldest_record->committed},
                                     {"payload_bytes", stats.oldest_record->payload_bytes},
                                     {"sender", stats.oldest_record->sender}};
  json["receiver"] = stats.receiver.has_value() ? ReceiverJson(*stats.receiver) : Json();
  json["senders"] = Json::array();
  for (const SenderStats& sender : stats.senders) json["senders"].push_back(SenderJson(sender));
  return json;
}

}  // namespace ipmpsc::cli
