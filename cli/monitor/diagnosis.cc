#include "cli/monitor/diagnosis.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/end_name.h"
#include "cli/output.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/stats.h"
#include "ipmpsc/tap.h"

namespace ipmpsc::cli {
namespace {

// Participants that one finding names. A channel may have thousands.
constexpr size_t kMostNamed = 4;
// The age of a message from which on a bridge is behind.
constexpr absl::Duration kBehind = absl::Seconds(1);

std::string Bytes(uint64_t bytes) { return absl::StrCat(bytes, bytes == 1 ? " byte" : " bytes"); }

const SenderStats* FindSender(const ChannelStats& stats, uint16_t slot) {
  for (const SenderStats& sender : stats.senders) {
    if (sender.slot == slot) return &sender;
  }
  return nullptr;
}

// Names some of the participants.
std::string DescribeSome(const std::vector<const ParticipantStats*>& participants) {
  std::vector<std::string> names;
  for (const ParticipantStats* participant : participants) {
    if (names.size() == kMostNamed) break;
    names.push_back(Describe(*participant));
  }
  std::string text = absl::StrJoin(names, ", ");
  if (participants.size() > names.size()) {
    absl::StrAppend(&text, " and ", participants.size() - names.size(), " more");
  }
  return text;
}

std::string DurationOf(absl::Duration duration) {
  return absl::FormatDuration(
      std::max(absl::ZeroDuration(), absl::Trunc(duration, absl::Milliseconds(100))));
}

// Returns the word of a command line for a shell, in printable characters.
std::string ShellWord(absl::string_view word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::StrContains("/.,:_-+@%=", absl::string_view(&c, 1));
  });
  if (plain) return std::string(word);
  return Printable(absl::StrCat("'", absl::StrReplaceAll(word, {{"'", "'\\''"}}), "'"));
}

class Diagnosis {
 public:
  Diagnosis(const Observation& before, const Observation& after, StateOfProcess state_of)
      : before_(before.stats),
        now_(after.stats),
        watched_(DurationOf(after.at - before.at)),
        state_of_(state_of) {
    if (now_.receiver.has_value()) bridge_ = bridge::ParseEndName(now_.receiver->name);
    if (after.oldest_sent != absl::InfinitePast()) oldest_age_ = after.at - after.oldest_sent;
  }

  std::vector<Finding> Run() && {
    if (now_.damaged) {
      ExplainDamage();
    } else {
      ExplainReceiver();
      ExplainOldestRecord();
      ExplainSpace();
      ExplainTurn();
    }
    ExplainSenders();
    ExplainEnd();
    ExplainRest();
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
    return std::move(findings_);
  }

 private:
  void Add(Severity severity, absl::string_view code, std::string text, std::string advice = "") {
    findings_.push_back({severity, code, std::move(text), std::move(advice)});
  }

  bool has_receiver() const { return HasReceiver(now_); }
  // Whether bytes are claimed and not released, and none were released meanwhile.
  bool nothing_released() const {
    return now_.fill > 0 && before_.fill > 0 && before_.release_position == now_.release_position;
  }

  // Names the last receiver, which is a bridge in some channels.
  std::string DescribeReceiver() const {
    return absl::StrCat(bridge_.has_value() ? "the bridge " : "the receiver ",
                        Describe(*now_.receiver));
  }
  // Returns "640 bytes wait to be received, the oldest message for 12s".
  std::string DescribeWaiting() const {
    return absl::StrCat(Bytes(now_.fill), " wait to be ",
                        bridge_.has_value() ? "stored" : "received",
                        oldest_age_.has_value()
                            ? absl::StrCat(", the oldest message for ", DurationOf(*oldest_age_))
                            : "");
  }
  // Returns "position 0 (100 bytes from "camera", 12s old)".
  std::string DescribeOldest() const {
    std::string text = absl::StrCat("position ", now_.release_position);
    if (!now_.oldest_record.has_value() || !now_.oldest_record->committed) return text;
    absl::StrAppend(&text, " (", Bytes(now_.oldest_record->payload_bytes));
    if (const SenderStats* from = FindSender(now_, now_.oldest_record->sender)) {
      absl::StrAppend(&text, " from ", Describe(*from));
    }
    if (oldest_age_.has_value()) absl::StrAppend(&text, ", ", DurationOf(*oldest_age_), " old");
    return absl::StrCat(text, ")");
  }

  // Returns the command that starts a bridge between the engine and this channel.
  std::string BridgeCommand(const bridge::BridgeEnd& bridge, bool into_channel,
                            absl::string_view option = "") const {
    // The rest of a long address is in the file of the unit.
    const std::string engine = bridge.whole ? ShellWord(bridge.address) : "ENGINE";
    const std::string channel = ShellWord(now_.path);
    return absl::StrCat("ipmpsc-bridge ", option, into_channel ? engine : channel, " ",
                        into_channel ? channel : engine);
  }
  std::string StartBridge(const bridge::BridgeEnd& bridge, bool into_channel) const {
    const absl::string_view unit = into_channel ? "bridge-in" : "bridge";
    return absl::StrCat("start it again: systemctl start ipmpsc-", unit, "@NAME, if /etc/ipmpsc/",
                        unit, "/NAME.conf has this channel; or ",
                        BridgeCommand(bridge, into_channel), " with its options");
  }

  ProcessState StateOf(const ParticipantStats& participant) const {
    if (participant.liveness == Liveness::kDead || participant.pid == 0 ||
        !participant.pid_is_ours) {
      return ProcessState::kUnknown;
    }
    return state_of_(participant.pid);
  }
  // Returns "is stopped by a signal" and the like, or nothing if the process can run.
  static absl::string_view Hindrance(ProcessState state) {
    switch (state) {
      case ProcessState::kStopped:
        return "is stopped by a signal (state T)";
      case ProcessState::kTraced:
        return "is held by a debugger (state t)";
      case ProcessState::kZombie:
        return "has ended, but another thread or process still holds its lock (state Z)";
      case ProcessState::kUnknown:
      case ProcessState::kRuns:
      case ProcessState::kBlocked:
        break;
    }
    return "";
  }
  std::string AdviceFor(ProcessState state, const ParticipantStats& participant) const {
    if (state == ProcessState::kStopped) {
      return absl::StrCat("continue it: kill -CONT ", participant.pid);
    }
    if (state == ProcessState::kTraced) return "continue it in the debugger, or detach";
    if (!participant.pid_is_ours) {
      return "look at it from the PID namespace (the container) that it runs in";
    }
    return absl::StrCat("look at what it does: cat /proc/", participant.pid, "/wchan, or gdb -p ",
                        participant.pid);
  }

  void ExplainDamage() {
    const bool alive = IsAnyoneAlive(now_);
    Add(Severity::kDamage, "damaged-positions",
        absl::StrCat("the positions contradict each other: ", now_.claim_position,
                     " bytes were claimed and ", now_.release_position,
                     " released; a process has overwritten them, and nothing can be sent or "
                     "received any more"),
        alive ? "stop the processes that use the channel, then run: ipmpsc doctor --repair"
              : "put a new channel in its place and keep the old file: ipmpsc doctor --repair");
  }

  void ExplainReceiver() {
    if (!has_receiver()) {
      const bool waiting = now_.fill > 0;
      std::string text =
          bridge_.has_value() ? "no bridge is attached: " : "no receiver is attached";
      if (now_.receiver.has_value() && now_.receiver->died()) {
        text = absl::StrCat(DescribeReceiver(), " died without detaching");
      } else if (bridge_.has_value()) {
        absl::StrAppend(&text, Describe(*now_.receiver), " has ended");
      }
      if (waiting) absl::StrAppend(&text, ", and ", DescribeWaiting());
      Add(waiting ? Severity::kProblem : Severity::kNote, "no-receiver", std::move(text),
          bridge_.has_value()
              ? absl::StrCat(StartBridge(*bridge_, false),
                             "; it continues behind the last message that is stored")
              : "start the receiving program; it continues at the oldest message that is not "
                "released");
      return;
    }
    const ProcessState state = StateOf(*now_.receiver);
    if (Hindrance(state).empty()) return;
    receiver_hindered_ = true;
    Add(Severity::kProblem, "receiver-stopped",
        absl::StrCat(DescribeReceiver(), " ", Hindrance(state), ", and ", DescribeWaiting()),
        AdviceFor(state, *now_.receiver));
  }

  // Explains why nothing is released.
  void ExplainOldestRecord() {
    if (ExplainOpenClaim()) return;
    if (!has_receiver() || receiver_hindered_) return;
    if (bridge_.has_value()) return ExplainBridge();
    if (!nothing_released()) return;
    const ReceiverStats& receiver = *now_.receiver;
    if (receiver.wait == ReceiverStats::Wait::kForClaim) {
      Add(Severity::kProblem, "lease-held",
          absl::StrCat("the receiver ", Describe(receiver),
                       " has taken every message and holds a lease of the one at ",
                       DescribeOldest(), " for at least ", watched_, "; ", Bytes(now_.fill),
                       " stay in use behind it"),
          "release the lease in that program; a lease that must live long is better copied");
      return;
    }
    Add(Severity::kProblem, "receiver-stalled",
        absl::StrCat("the receiver ", Describe(receiver), " has released nothing for at least ",
                     watched_, ", and ", Bytes(now_.fill), " wait; the oldest message is at ",
                     DescribeOldest()),
        absl::StrCat("it works on a message, holds a lease or does not call Receive; ",
                     AdviceFor(StateOf(receiver), receiver)));
  }

  // Explains a bridge that is attached and runs. It holds each message until the engine has it.
  void ExplainBridge() {
    if (nothing_released()) {
      Add(Severity::kProblem, "bridge-stalled",
          absl::StrCat(DescribeReceiver(), " is attached and has stored nothing for at least ",
                       watched_, ", and ", Bytes(now_.fill),
                       " wait to be stored; the oldest message is at ", DescribeOldest()),
          absl::StrCat("see whether the engine answers (status 5: it does not): ",
                       BridgeCommand(*bridge_, false, "--check "),
                       "; the bridge says what it waits for on its standard error, for a unit: "
                       "journalctl -u 'ipmpsc-bridge@*'"));
    } else if (oldest_age_.has_value() && *oldest_age_ >= kBehind) {
      Add(Severity::kNote, "bridge-behind",
          absl::StrCat(DescribeReceiver(), " is attached and behind: its oldest message is ",
                       DurationOf(*oldest_age_), " old, and ", Bytes(now_.fill),
                       " wait to be stored"),
          "none needed after an outage of the engine, if the age falls; otherwise the engine is "
          "slower than the senders: a larger --window, a faster disk, or fewer messages");
    }
  }

  // Explains the oldest claim if it did not move. Returns whether the receiver waits for it.
  bool ExplainOpenClaim() {
    if (!now_.oldest_open_claim.has_value()) return false;
    const OpenClaim& claim = *now_.oldest_open_claim;
    const SenderStats* const sender = FindSender(now_, claim.sender);
    if (sender == nullptr) return false;
    const bool blocks = claim.position == now_.release_position ||
                        (has_receiver() && now_.receiver->wait == ReceiverStats::Wait::kForCommit);
    if (sender->liveness == Liveness::kDead) {
      // A receiver that waits steps over it within 10 milliseconds, so this one looks elsewhere.
      Add(Severity::kNote, "orphaned-claim",
          absl::StrCat("the sender ", Describe(*sender), " died before it committed ",
                       Bytes(claim.bytes), " at position ", claim.position),
          "none needed: the receiver steps over them when it comes to that position");
      return false;
    }
    const SenderStats* const earlier = FindSender(before_, claim.sender);
    if (earlier == nullptr || !earlier->open_claim.has_value() ||
        earlier->open_claim->position != claim.position) {
      return false;
    }
    const ProcessState state = StateOf(*sender);
    std::string text = absl::StrCat("the sender ", Describe(*sender), " has claimed ",
                                    Bytes(claim.bytes), " at position ", claim.position,
                                    " and has not committed them for at least ", watched_);
    if (!Hindrance(state).empty()) absl::StrAppend(&text, "; it ", Hindrance(state));
    absl::StrAppend(
        &text, blocks ? "; every later message waits for it" : "; later messages will wait for it");
    std::string advice = AdviceFor(state, *sender);
    if (sender->pid_is_ours && sender->pid != 0) {
      absl::StrAppend(&advice, "; or end it: kill -9 ", sender->pid,
                      " (the receiver then steps over the claim, and nothing else is lost)");
    }
    Add(Severity::kProblem, "open-claim", std::move(text), std::move(advice));
    return blocks;
  }

  void ExplainSpace() {
    uint64_t refused = 0;
    uint64_t waits = 0;
    for (const SenderStats& sender : now_.senders) {
      const SenderStats* const earlier = FindSender(before_, sender.slot);
      if (earlier == nullptr) continue;
      refused += sender.refused - earlier->refused;
      waits += sender.full_waits - earlier->full_waits;
    }
    const bool asleep = now_.senders_wait && before_.senders_wait && now_.attached_senders() > 0;
    if (refused == 0 && waits == 0 && !asleep) return;
    std::string text = absl::StrCat("senders find no space: ", now_.fill, " of ", now_.capacity,
                                    " bytes are in use");
    absl::StrAppend(&text, "; sends in ", watched_, ": ", refused, " refused, ", waits, " waited");
    const bool moving = !nothing_released();
    Add(moving ? Severity::kNote : Severity::kProblem, "ring-full", std::move(text),
        moving ? "the receiver is slower than its senders: make it faster, let the senders send "
                 "less, or create the channel with a larger capacity for bursts"
               : "see the other findings for what holds up the receiver");
  }

  void ExplainTurn() {
    if (!now_.stale_turn) return;
    Add(Severity::kNote, "stale-turn",
        "the turn of a sender that waited for much space has ended, and nobody has cleared it",
        "none needed: the next sender clears it");
  }

  // Explains that nothing comes from an engine any more.
  void ExplainMissingBridge(const SenderStats& sender, const bridge::BridgeEnd& bridge) {
    std::string text =
        sender.died()
            ? absl::StrCat("the bridge ", Describe(sender), " died without detaching")
            : absl::StrCat("no bridge is attached as a sender: ", Describe(sender), " has ended");
    absl::StrAppend(&text, ", so nothing comes from its stream");
    Add(Severity::kNote, "no-bridge", std::move(text),
        absl::StrCat(StartBridge(bridge, true), "; it continues at its place"));
  }

  void ExplainSenders() {
    std::vector<const ParticipantStats*> dead;
    std::vector<const ParticipantStats*> unknown;
    uint32_t taken = 0;
    uint32_t dead_claims = 0;
    // By name, the bridge that attached last. A successor may have another slot.
    std::map<std::string, const SenderStats*> bridges;
    for (const SenderStats& sender : now_.senders) {
      if (!bridge::ParseEndName(sender.name).has_value()) continue;
      const SenderStats*& last = bridges[sender.name];
      if (last == nullptr || last->attached < sender.attached) last = &sender;
    }
    if (now_.receiver.has_value() && now_.receiver->liveness == Liveness::kUnknown) {
      unknown.push_back(&*now_.receiver);
    }
    for (const SenderStats& sender : now_.senders) {
      const std::optional<bridge::BridgeEnd> bridge = bridge::ParseEndName(sender.name);
      if (sender.died() && !bridge.has_value()) dead.push_back(&sender);
      if (bridge.has_value() && bridges[sender.name] == &sender &&
          sender.liveness == Liveness::kDead && !now_.closed && !now_.replaced) {
        ExplainMissingBridge(sender, *bridge);
      }
      if (sender.liveness == Liveness::kUnknown) unknown.push_back(&sender);
      if (sender.liveness != Liveness::kDead) ++taken;
      if (sender.liveness == Liveness::kDead && sender.open_claim.has_value()) ++dead_claims;
      const ProcessState state = StateOf(sender);
      if (!Hindrance(state).empty() && !sender.open_claim.has_value()) {
        Add(Severity::kNote, "sender-stopped",
            bridge.has_value()
                ? absl::StrCat("the bridge ", Describe(sender), " ", Hindrance(state),
                               ", so nothing comes from its stream")
                : absl::StrCat("the sender ", Describe(sender), " ", Hindrance(state)),
            AdviceFor(state, sender));
      }
    }
    if (taken + dead_claims >= now_.max_senders) {
      std::string text = absl::StrCat("all ", now_.max_senders, " sender slots are taken");
      if (dead_claims > 0) {
        absl::StrAppend(&text, ", ", dead_claims, " of them by open claims of dead senders");
      }
      Add(Severity::kProblem, "slots-full", std::move(text),
          dead_claims > 0 ? "let a receiver receive: it steps over the claims and frees the slots"
                          : "create the channel with a larger max_senders, or end senders that are "
                            "not needed");
    }
    if (!dead.empty()) {
      Add(Severity::kNote, "died",
          absl::StrCat(dead.size(), dead.size() == 1 ? " sender" : " senders",
                       " died without detaching: ", DescribeSome(dead)),
          "none needed: their committed messages are received, and their slots are used again");
    }
    if (!unknown.empty()) {
      Add(Severity::kNote, "unknown-liveness",
          absl::StrCat("the kernel does not say whether these live: ", DescribeSome(unknown)),
          "check that /proc is mounted, then look again");
    }
  }

  void ExplainEnd() {
    if (now_.replaced) {
      Add(Severity::kProblem, "replaced",
          "this channel was replaced by a new one at its path; nothing can be sent any more",
          "let the programs that are still attached open the path again; in a container, mount the "
          "directory and not the file");
    } else if (now_.closed) {
      std::string text = "the channel is closed; nothing can be sent any more";
      if (now_.fill > 0) {
        absl::StrAppend(&text, ", and ", Bytes(now_.fill), " can still be received");
      }
      Add(Severity::kNote, "closed", std::move(text),
          "receive the rest, then create the channel anew or remove it: ipmpsc rm");
    }
  }

  void ExplainRest() {
    if (!now_.full_barriers) return;
    Add(Severity::kNote, "full-barriers",
        "some participant runs where membarrier is refused, so each send has a full barrier",
        "allow the system call membarrier in that container, then create the channel anew");
  }

  const ChannelStats& before_;
  const ChannelStats& now_;
  const std::string watched_;
  const StateOfProcess state_of_;
  std::optional<bridge::BridgeEnd> bridge_;  // the last receiver, if it was one
  std::optional<absl::Duration> oldest_age_;
  bool receiver_hindered_ = false;
  std::vector<Finding> findings_;
};

}  // namespace

Observation Observe(const Channel& channel) {
  Observation observation = {absl::Now(), channel.Stats()};
  const ChannelStats& stats = observation.stats;
  if (!stats.timestamps || !stats.oldest_record.has_value()) return observation;
  Tap tap = Tap::Over(channel, {TapStart::kOldestUnreleased});
  const absl::StatusOr<TapMessage> message = tap.TryNext();
  // The receiver may have released the record meanwhile.
  if (message.ok() && message->position == stats.oldest_record->position) {
    observation.oldest_sent = message->sent_at();
  }
  return observation;
}

std::vector<Finding> Diagnose(const Observation& before, const Observation& after,
                              StateOfProcess state_of) {
  return Diagnosis(before, after, state_of).Run();
}

bool HasReceiver(const ChannelStats& stats) {
  return stats.receiver.has_value() && stats.receiver->liveness != Liveness::kDead;
}

bool IsAnyoneAlive(const ChannelStats& stats) {
  return stats.attached_senders() > 0 || HasReceiver(stats);
}

std::string Describe(const ParticipantStats& participant) {
  std::string text = absl::StrCat("\"", Printable(participant.name), "\"");
  if (participant.pid == 0) return text;
  absl::StrAppend(&text, " (process ", participant.pid);
  if (!participant.pid_is_ours) absl::StrAppend(&text, " of another PID namespace");
  absl::StrAppend(&text, ")");
  return text;
}

}  // namespace ipmpsc::cli
