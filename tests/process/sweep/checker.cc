#include "tests/process/sweep/checker.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::testing {
namespace {

bool Same(MessageIdentity a, MessageIdentity b) {
  return a.stream == b.stream && a.number == b.number;
}

std::string Describe(const Message& message) {
  return absl::StrCat("message ", message.identity.number, " of stream ", message.identity.stream,
                      " at position ", message.position);
}

// The messages that must arrive, and those that have.
class Delivery {
 public:
  Delivery(const Stage& stage, Findings* findings)
      : findings_(findings), due_(stage.Committed()), pending_(stage.pending) {
    for (const Message& message : due_) {
      // The living sender's message is already committed.
      Remove(message.identity);
      if (!message.wrong.empty()) {
        findings_->Count(SweepFault::kTorn,
                         absl::StrCat("committed: ", Describe(message), ": ", message.wrong));
      }
    }
  }

  void SentFresh(MessageIdentity identity) { pending_.push_back(identity); }

  bool complete() const { return next_ == due_.size() && pending_.empty(); }
  bool has_all_committed() const { return next_ == due_.size(); }

  void Came(const Message& message) {
    if (!message.wrong.empty()) {
      findings_->Count(SweepFault::kTorn,
                       absl::StrCat("received: ", Describe(message), ": ", message.wrong));
    }
    if (any_ && message.position <= last_) {
      findings_->Count(SweepFault::kLost, absl::StrCat("out of order: ", Describe(message)));
    }
    any_ = true;
    last_ = message.position;
    uint64_t& sequence = sequences_[message.slot % Stage::kSlots];
    if (message.sequence != 0 && message.sequence <= sequence) {
      findings_->Count(
          SweepFault::kLost,
          absl::StrCat("its number is not above that of the slot's last: ", Describe(message)));
    }
    sequence = message.sequence;
    // These should have come before it.
    while (next_ < due_.size() && due_[next_].position < message.position) {
      findings_->Count(SweepFault::kLost, absl::StrCat("never came: ", Describe(due_[next_])));
      ++next_;
    }
    if (next_ < due_.size() && due_[next_].position == message.position &&
        Same(due_[next_].identity, message.identity)) {
      ++next_;
      return;
    }
    if (!Remove(message.identity)) {
      findings_->Count(SweepFault::kLost,
                       absl::StrCat("came and was not due: ", Describe(message)));
    }
  }

  void Stopped(const absl::Status& status) {
    findings_->Count(
        SweepFault::kHung,
        absl::StrCat("the receiver waits: ", status.ToString(), ", while ", due_.size() - next_,
                     " committed messages and ", pending_.size(), " of the living are due"));
  }

 private:
  // Removes one of the messages that living senders still commit. Returns false if there is no such
  // message.
  bool Remove(MessageIdentity identity) {
    const auto found = std::find_if(pending_.begin(), pending_.end(),
                                    [&](MessageIdentity other) { return Same(identity, other); });
    if (found == pending_.end()) return false;
    pending_.erase(found);
    return true;
  }

  Findings* const findings_;
  const std::vector<Message> due_;
  size_t next_ = 0;  // of `due_`
  std::vector<MessageIdentity> pending_;
  bool any_ = false;
  internal::Position last_ = 0;
  uint64_t sequences_[Stage::kSlots] = {};
};

// Receives the committed messages in another process while no sender sends. Their senders have
// woken the receiver before. Returns false if a message does not come.
bool ReceiveCommitted(Stage& stage, Delivery* delivery) {
  while (!delivery->has_all_committed()) {
    const absl::StatusOr<Message> message = stage.Receive(kHangs);
    if (!message.ok()) {
      delivery->Stopped(message.status());
      return false;
    }
    delivery->Came(*message);
  }
  return true;
}

// A receiver in another process records a message before it releases it.
void CheckReleased(Stage& stage, Findings* findings) {
  if (Await([&] { return stage.release_position() == stage.claim_position(); }, kHangs)) {
    stage.Settled();
    return;
  }
  findings->Count(
      SweepFault::kLeaked,
      absl::StrCat(stage.claim_position() - stage.release_position(), " bytes are not given back"));
}

}  // namespace

void CheckDelivery(Stage& stage, size_t fresh_size, Findings* findings) {
  if (stage.receiver_process == nullptr) {
    const absl::Status attached = stage.AttachReceiver();
    if (!attached.ok()) {
      findings->Count(SweepFault::kHung, absl::StrCat("no successor: ", attached.ToString()));
      return;
    }
  }
  Delivery delivery(stage, findings);
  if (stage.receiver_process != nullptr && !ReceiveCommitted(stage, &delivery)) return;
  absl::StatusOr<Sender> fresh = Sender::Attach(stage.channel);
  if (!fresh.ok()) {
    findings->Count(SweepFault::kLeaked, absl::StrCat("no slot: ", fresh.status().ToString()));
    return;
  }
  const std::string bytes = stage.NewMessage(kFresh, fresh_size);
  bool sent = false;
  const absl::Time end = absl::Now() + kHangs;
  while (!sent || !delivery.complete()) {
    if (!sent) {
      const absl::Status status = fresh->TrySend(bytes);
      sent = status.ok();
      if (sent) {
        delivery.SentFresh(IdentityOf(bytes));
      } else if (!absl::IsResourceExhausted(status)) {
        findings->Count(SweepFault::kHung, absl::StrCat("the fresh sender: ", status.ToString()));
        return;
      }
    }
    // The ring is full, so only receiving frees space.
    const absl::StatusOr<Message> message = stage.Receive(sent ? kHangs : absl::ZeroDuration());
    if (message.ok()) {
      delivery.Came(*message);
    } else if (!absl::IsDeadlineExceeded(message.status()) || absl::Now() > end) {
      delivery.Stopped(message.status());
      return;
    }
  }
  if (stage.receiver_process == nullptr) {
    const absl::StatusOr<Message> more = stage.Receive(absl::ZeroDuration());
    if (more.ok()) delivery.Came(*more);
  }
  CheckReleased(stage, findings);
}

void CheckEnded(Stage& stage, Findings* findings) {
  const bool replaced = stage.channel.state() == ChannelState::kReplaced;
  const absl::StatusCode for_senders =
      replaced ? absl::StatusCode::kAborted : absl::StatusCode::kFailedPrecondition;
  const auto must_fail = [&](const absl::Status& status, absl::string_view who) {
    if (status.code() == for_senders) return;
    findings->Count(SweepFault::kHung,
                    absl::StrCat(who, " of an ended channel: ", status.ToString()));
  };
  must_fail(Sender::Attach(stage.channel).status(), "a new sender");
  if (stage.rival.has_value()) {
    must_fail(stage.rival->TrySend("x"), "a sender");
    must_fail(stage.rival->Send("x", kHangs), "a sender that would wait");
  }
  if (stage.receiver_process == nullptr) {
    const absl::Status attached = stage.AttachReceiver();
    if (!attached.ok()) {
      findings->Count(SweepFault::kHung, absl::StrCat("no successor: ", attached.ToString()));
      return;
    }
  }
  Delivery delivery(stage, findings);
  for (;;) {
    const absl::StatusOr<Message> message = stage.Receive(kHangs);
    if (message.ok()) {
      delivery.Came(*message);
      continue;
    }
    if (!delivery.complete() ||
        message.status().code() !=
            (replaced ? absl::StatusCode::kAborted : absl::StatusCode::kOutOfRange)) {
      delivery.Stopped(message.status());
    }
    break;
  }
  if (stage.other.pid() > 0) {
    const std::string ended = stage.other.Wait(kHangs);
    if (ended != "exited 0") {
      findings->Count(SweepFault::kHung, absl::StrCat("a sender that slept ", ended));
    }
  }
}

void CheckRelease(const Stage& stage, size_t released, Findings* findings) {
  const internal::Position release = stage.release_position();
  const std::vector<Message> now = stage.Committed();
  for (size_t i = 0; i < stage.arranged.size(); ++i) {
    const Message& message = stage.arranged[i];
    if (message.position < release) {
      if (i >= released) {
        findings->Count(SweepFault::kLost, absl::StrCat("released unread: ", Describe(message)));
      }
      continue;
    }
    const bool is_there = std::any_of(now.begin(), now.end(), [&](const Message& other) {
      return other.position == message.position && Same(other.identity, message.identity);
    });
    if (!is_there) findings->Count(SweepFault::kLost, absl::StrCat("gone: ", Describe(message)));
  }
}

void CheckNothingLeaked(Stage& stage, uint32_t living_senders, Findings* findings) {
  std::vector<Sender> senders;
  for (uint32_t i = living_senders; i < Stage::kSlots; ++i) {
    absl::StatusOr<Sender> sender = Sender::Attach(stage.channel);
    if (!sender.ok()) {
      findings->Count(SweepFault::kLeaked, absl::StrCat("slot ", i, " of ", Stage::kSlots, ": ",
                                                        sender.status().ToString()));
      return;
    }
    senders.push_back(*std::move(sender));
  }
  const std::string longest = stage.NewMessage(kFresh, stage.channel.max_payload());
  const absl::Status sent = senders[0].TrySend(longest);
  if (!sent.ok()) {
    findings->Count(SweepFault::kLeaked, absl::StrCat("the longest message: ", sent.ToString()));
    return;
  }
  const absl::StatusOr<Message> message = stage.Receive(kHangs);
  if (!message.ok()) {
    findings->Count(SweepFault::kHung,
                    absl::StrCat("the longest message: ", message.status().ToString()));
  } else if (!message->wrong.empty() || !Same(message->identity, IdentityOf(longest))) {
    findings->Count(SweepFault::kTorn, absl::StrCat("the longest message: ", message->wrong));
  }
  CheckReleased(stage, findings);
}

}  // namespace ipmpsc::testing
