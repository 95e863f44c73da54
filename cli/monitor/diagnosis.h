// Diagnose: explains the state of a channel in words, and says what to do.
//
//   const Observation before = {absl::Now(), channel.Stats()};
//   absl::SleepFor(absl::Seconds(1));
//   const Observation after = {absl::Now(), channel.Stats()};
//   for (const Finding& finding : Diagnose(before, after, ReadProcessState))
//     std::cout << finding.text << "\n" << finding.advice << "\n";
//
// The segment does not say since when something has been so. Two observations show what has not
// moved between them.
#ifndef IPMPSC_CLI_MONITOR_DIAGNOSIS_H_
#define IPMPSC_CLI_MONITOR_DIAGNOSIS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "cli/monitor/process_state.h"
#include "ipmpsc/stats.h"

namespace ipmpsc::cli {

enum class Severity {
  kNote,     // worth knowing; nothing is stuck
  kProblem,  // something is stuck, or messages wait for nobody
  kDamage,   // the channel does not work any more
};

struct Finding {
  Severity severity = Severity::kNote;
  // A stable name, for programs:
  //   damaged-positions  the positions contradict each other
  //   open-claim         a living sender has not committed its oldest claim
  //   orphaned-claim     a sender died before it committed, and no receiver has stepped over it
  //   receiver-stopped   the receiver's process is stopped, traced or a zombie
  //   lease-held         the receiver has taken everything and holds a message
  //   receiver-stalled   messages wait, and the receiver releases none
  //   no-receiver        no receiver is attached
  //   sender-stopped     a sender's process is stopped, without an open claim that holds up others
  //   ring-full          senders find no space
  //   slots-full         no further sender can attach
  //   stale-turn         a turn has ended, and no sender has cleared it yet
  //   died               participants died without detaching
  //   closed, replaced   the channel has ended
  //   full-barriers      some participant has no membarrier, which makes all sends slower
  //   unknown-liveness   the kernel does not say whether a participant lives
  absl::string_view code;
  std::string text;
  std::string advice;  // what to do; empty if nothing need be done
};

struct Observation {
  absl::Time at;
  ChannelStats stats;
};

using StateOfProcess = absl::FunctionRef<ProcessState(uint32_t pid)>;

// Returns what two observations of one channel show, the worst first. Empty: nothing is worth
// telling. REQUIRES: `before` was made before `after`, through the same `Channel`.
std::vector<Finding> Diagnose(const Observation& before, const Observation& after,
                              StateOfProcess state_of);

// Whether a receiver lives, or might.
bool HasReceiver(const ChannelStats& stats);
// Whether a participant lives, or might.
bool IsAnyoneAlive(const ChannelStats& stats);

// Returns `"name" (process 17)`, in printable characters.
std::string Describe(const ParticipantStats& participant);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_MONITOR_DIAGNOSIS_H_
