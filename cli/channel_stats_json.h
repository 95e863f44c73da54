// ChannelStats in words and as JSON. docs/command.md has the members.
#ifndef IPMPSC_CLI_CHANNEL_STATS_JSON_H_
#define IPMPSC_CLI_CHANNEL_STATS_JSON_H_

#include <string>

#include "cli/output.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {

// "open", "closed", "replaced", "damaged".
std::string ChannelStateName(const ChannelStats& stats);
// "alive", "died", "detached", "unknown".
std::string StateName(const ParticipantStats& participant);
// The pid, with "?" behind it if it may be of another PID namespace; empty if there is none.
std::string PidText(const ParticipantStats& participant);

// The object of `ipmpsc info --json`.
Json StatsJson(const Channel& channel, const ChannelStats& stats);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_CHANNEL_STATS_JSON_H_
