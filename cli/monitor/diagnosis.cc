#include "cli/monitor/diagnosis.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/output.h"

namespace ipmpsc::cli {
namespace {

// Participants that one finding names. A channel may have thousands.
constexpr size_t kMostNamed = 4;

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

class Diagnosis {
 public:
  Diagnosis(const Observation& before, const Observation& after, StateOfProcess state_of)
      : before_(before.stats),
        now_(after.stats),
        watched_(absl::FormatDuration(std::max(
            absl::ZeroDuration(), absl::Trunc(after.at - before.at, absl::Milliseconds(100))))),
        state_of_(state_of) {}

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
      std::string text = "no receiver is attached";
      if (now_.receiver.has_value() && now_.receiver->died()) {
        text = absl::StrCat("the receiver ", Describe(*now_.receiver), " died without detaching");
      }
      if (waiting) absl::StrAppend(&text, ", and ", Bytes(now_.fill), " wait to be received");
      Add(waiting ? Severity::kProblem : Severity::kNote, "no-receiver", std::move(text),
          "start the receiving program; it continues at the oldest message that is not released");
      return;
    }
    const ProcessState state = StateOf(*now_.receiver);
    if (Hindrance(state).empty()) return;
    receiver_hindered_ = true;
    Add(Severity::kProblem, "receiver-stopped",
        absl::StrCat("the receiver ", Describe(*now_.receiver), " ", Hindrance(state), ", and ",
                     Bytes(now_.fill), " wait to be received"),
        AdviceFor(state, *now_.receiver));
  }

  // Explains why nothing is released.
  void ExplainOldestRecord() {
    if (ExplainOpenClaim()) return;
    if (!nothing_released() || !has_receiver() || receiver_hindered_) return;
    const ReceiverStats& receiver = *now_.receiver;
    std::string oldest = absl::StrCat("position ", now_.release_position);
    if (now_.oldest_record.has_value() && now_.oldest_record->committed) {
      absl::StrAppend(&oldest, " (", Bytes(now_.oldest_record->payload_bytes));
      if (const SenderStats* from = FindSender(now_, now_.oldest_record->sender)) {
        absl::StrAppend(&oldest, " from ", Describe(*from));
      }
      absl::StrAppend(&oldest, ")");
    }
    if (receiver.wait == ReceiverStats::Wait::kForClaim) {
      Add(Severity::kProblem, "lease-held",
          absl::StrCat("the receiver ", Describe(receiver),
                       " has taken every message and holds a lease of the one at ", oldest,
                       " for at least ", watched_, "; ", Bytes(now_.fill),
                       " stay in use behind it"),
          "release the lease in that program; a lease that must live long is better copied");
      return;
    }
    Add(Severity::kProblem, "receiver-stalled",
        absl::StrCat("the receiver ", Describe(receiver), " has released nothing for at least ",
                     watched_, ", and ", Bytes(now_.fill), " wait; the oldest message is at ",
                     oldest),
        absl::StrCat("it works on a message, holds a lease or does not call Receive; ",
                     AdviceFor(StateOf(receiver), receiver)));
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

  void ExplainSenders() {
    std::vector<const ParticipantStats*> dead;
    std::vector<const ParticipantStats*> unknown;
    uint32_t taken = 0;
    uint32_t dead_claims = 0;
    if (now_.receiver.has_value() && now_.receiver->liveness == Liveness::kUnknown) {
      unknown.push_back(&*now_.receiver);
    }
    for (const SenderStats& sender : now_.senders) {
      if (sender.died()) dead.push_back(&sender);
      if (sender.liveness == Liveness::kUnknown) unknown.push_back(&sender);
      if (sender.liveness != Liveness::kDead) ++taken;
      if (sender.liveness == Liveness::kDead && sender.open_claim.has_value()) ++dead_claims;
      const ProcessState state = StateOf(sender);
      if (!Hindrance(state).empty() && !sender.open_claim.has_value()) {
        Add(Severity::kNote, "sender-stopped",
            absl::StrCat("the sender ", Describe(sender), " ", Hindrance(state)),
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
  bool receiver_hindered_ = false;
  std::vector<Finding> findings_;
};

}  // namespace

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
