// Diagnose: explains the state of a channel in words, and says what to do.
//
//   const Observation before = Observe(channel);
//   absl::SleepFor(absl::Seconds(1));
//   for (const Finding& finding : Diagnose(before, Observe(channel), ReadProcessState))
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
#include "ipmpsc/channel.h"
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
  //   bridge-stalled     the same, of a bridge: messages wait, and it stores none
  //   bridge-behind      a bridge stores messages, and the oldest one that waits is old
  //   no-receiver        no receiver is attached
  //   no-bridge          a bridge that sent into the channel has ended or died
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
  // The time of the oldest message that is not released. absl::InfinitePast() if there is none, or
  // if the channel has no timestamps.
  absl::Time oldest_sent = absl::InfinitePast();
};

// Looks at the channel without taking part.
Observation Observe(const Channel& channel);

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
