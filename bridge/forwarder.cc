#include "bridge/forwarder.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/engine.h"
#include "bridge/metrics.h"
#include "bridge/source.h"
#include "ipmpsc/deadline.h"

namespace ipmpsc::bridge {

std::string MessageId(const ChannelIdentity& channel, const Message& message) {
  std::string id = absl::StrCat(channel.id, "-", message.position);
  if (message.attempt > 0) absl::StrAppend(&id, "-", message.attempt);
  return id;
}

namespace {

// The longest wait for outcomes before the channel is looked at again, while the window has room.
constexpr absl::Duration kOutcomeWait = absl::Milliseconds(1);

// Whether position `a` is before `b`. Positions may wrap.
bool IsBefore(uint64_t a, uint64_t b) { return static_cast<int64_t>(a - b) < 0; }

std::string Writer(const Tail& tail) {
  if (!tail.mark.has_value()) return "a program that is no bridge";
  return absl::StrCat(tail.mark->bridge, " for the channel ", tail.mark->source);
}

}  // namespace

Forwarder::Forwarder(Source* source, Engine* engine, ChannelIdentity channel,
                     ForwarderOptions options, Metrics* metrics)
    : source_(source),
      engine_(engine),
      channel_(std::move(channel)),
      options_(std::move(options)),
      metrics_(metrics),
      next_retry_(options_.first_retry) {}

absl::Status Forwarder::Step(absl::Duration wait) {
  absl::Status done;
  switch (state_) {
    case State::kStreaming:
      done = Stream(wait);
      break;
    case State::kSettling:
      done = Settle(wait);
      break;
    case State::kReading:
      done = Read(wait);
      break;
  }
  metrics_->in_flight = window_.size();
  metrics_->oldest_nanoseconds = window_.empty() ? 0 : window_.front().message.sent_nanoseconds;
  return done;
}

absl::Status Forwarder::Stream(absl::Duration wait) {
  if (absl::Status taken = Take(); !taken.ok()) return taken;
  if (absl::Status released = ReleaseStored(); !released.ok()) return released;
  if (absl::Status published = Publish(); !published.ok()) return published;
  if (state_ != State::kStreaming) return absl::OkStatus();
  if (in_flight_ > 0) {
    const bool full = window_.size() >= options_.window || held_bytes_ >= options_.window_bytes ||
                      stopping_ || !ended_.ok() || !engine_->pipelined();
    HandleOutcomes(full ? wait : std::min(wait, kOutcomeWait));
    return ReleaseStored();
  }
  if (!window_.empty()) {
    // A dead letter that the engine does not take yet, or a publish that could not start.
    if (!retry_at_.Passed()) HandleOutcomes(std::min(wait, next_retry_));
    return absl::OkStatus();
  }
  if (!ended_.ok()) return ended_;
  if (stopping_) return absl::CancelledError("stopped");
  absl::StatusOr<Message> message = source_->Next(wait);
  if (message.ok()) {
    Admit(*std::move(message));
  } else if (!absl::IsDeadlineExceeded(message.status())) {
    ended_ = message.status();
  }
  return absl::OkStatus();
}

// Takes what the channel has, as far as the window allows.
absl::Status Forwarder::Take() {
  while (!stopping_ && ended_.ok() && window_.size() < options_.window &&
         (held_bytes_ < options_.window_bytes)) {
    absl::StatusOr<Message> message = source_->Next(absl::ZeroDuration());
    if (absl::IsDeadlineExceeded(message.status())) break;
    if (!message.ok()) {
      // Messages that were taken are stored first. A damaged channel has nothing more to say either
      // way.
      ended_ = message.status();
      break;
    }
    Admit(*std::move(message));
  }
  return absl::OkStatus();
}

void Forwarder::Admit(Message message) {
  Entry entry;
  const uint64_t limit = engine_->MaxPayload(channel_);
  if (message.payload.size() > limit) {
    // Also if it is before the cursor: the bridge that stored the messages behind it may have died
    // before it stored the letter.
    entry.state = EntryState::kDead;
    entry.reason = absl::StrCat("the message has ", message.payload.size(),
                                " bytes, and the engine stores at most ", limit);
  } else if (IsStored(message.position)) {
    entry.state = EntryState::kStored;
    ++metrics_->skipped;
  }
  held_bytes_ += message.payload.size();
  entry.message = std::move(message);
  window_.push_back(std::move(entry));
}

bool Forwarder::IsStored(uint64_t position) const {
  return cursor_.has_value() && !IsBefore(*cursor_, position);
}

// Each message expects the one before it, so a message that is refused stops all that follow it.
absl::Status Forwarder::Publish() {
  if (!retry_at_.Passed()) return absl::OkStatus();
  const bool pipelined = engine_->pipelined();
  for (; next_ < window_.size(); ++next_) {
    Entry& entry = window_[next_];
    if (entry.state != EntryState::kWaiting) continue;
    if (!pipelined && in_flight_ > 0) break;
    const absl::Status started = engine_->Publish(channel_, entry.message, next_fence_);
    if (!started.ok()) {
      if (!absl::IsUnavailable(started)) return started;
      if (in_flight_ == 0) RetryLater();
      BeginSettling(started.message());
      break;
    }
    ++metrics_->published;
    entry.state = EntryState::kInFlight;
    if (in_flight_ == 0) settle_until_ = options_.settle_time;
    ++in_flight_;
    // In a stream of its own the message gets the next number.
    next_fence_ = {++last_sequence_, MessageId(channel_, entry.message)};
  }
  return absl::OkStatus();
}

void Forwarder::HandleOutcomes(absl::Duration wait) {
  outcomes_.clear();
  engine_->Poll(wait, &outcomes_);
  for (const Acknowledgement& outcome : outcomes_) HandleOutcome(outcome);
  if (state_ != State::kStreaming) return;
  if (!outcomes_.empty()) {
    next_retry_ = options_.first_retry;
    settle_until_ = options_.settle_time;
  } else if (in_flight_ > 0 && settle_until_.Passed()) {
    BeginSettling("no acknowledgement in time");
  }
}

void Forwarder::HandleOutcome(const Acknowledgement& outcome) {
  const auto entry = std::lower_bound(
      window_.begin(), window_.end(), outcome.position,
      [](const Entry& e, uint64_t position) { return IsBefore(e.message.position, position); });
  // An outcome of a publish that was forgotten proves nothing that is not known.
  if (entry == window_.end() || entry->message.position != outcome.position ||
      entry->state != EntryState::kInFlight) {
    return;
  }
  --in_flight_;
  if (outcome.outcome == Outcome::kStored) {
    entry->state = EntryState::kStored;
    ++metrics_->acknowledged;
    metrics_->bytes += entry->message.payload.size();
    // The fence of the message held, so everything before it is stored, too.
    AdvanceCursor(outcome.position);
    known_fence_ = std::max(known_fence_, outcome.sequence);
    known_last_ = std::max(known_last_, outcome.sequence);
    if (in_flight_ == 0) {
      // Nothing is under way, so the fence is no guess.
      next_fence_ = {outcome.sequence, ""};
      last_sequence_ = outcome.sequence;
    }
    return;
  }
  entry->state = EntryState::kWaiting;
  entry->duplicate = outcome.outcome == Outcome::kDuplicate;
  if (outcome.outcome == Outcome::kTooLarge) {
    entry->state = EntryState::kDead;
    entry->reason = outcome.text;
  }
  if (outcome.outcome == Outcome::kBusy) RetryLater();
  BeginSettling(outcome.text);
}

void Forwarder::BeginSettling(absl::string_view why) {
  if (state_ == State::kSettling) return;
  state_ = State::kSettling;
  settle_until_ = options_.settle_time;
  options_.log(absl::StrCat("reading the tail of the stream: ", why));
}

// Waits for the outcomes that are still to come. So the publishes under way do not change the tail
// while it is read. It would do no harm: what they store is stored under the same fence.
absl::Status Forwarder::Settle(absl::Duration wait) {
  if (in_flight_ > 0 && !settle_until_.Passed()) HandleOutcomes(wait);
  if (in_flight_ == 0 || settle_until_.Passed()) {
    engine_->Forget();
    for (Entry& entry : window_) {
      if (entry.state == EntryState::kInFlight) entry.state = EntryState::kWaiting;
    }
    in_flight_ = 0;
    state_ = State::kReading;
  }
  return absl::OkStatus();
}

absl::Status Forwarder::Read(absl::Duration wait) {
  if (!MayRetry(wait)) return absl::OkStatus();
  ++metrics_->retries;
  absl::StatusOr<Tail> tail = engine_->ReadTail();
  if (absl::IsUnavailable(tail.status())) {
    options_.log(tail.status().message());
    RetryLater();
    return absl::OkStatus();
  }
  if (absl::IsNotFound(tail.status())) {
    // A stream that is missing at the first start is created. Later its messages are missing.
    if (started_ || source_->released_before()) {
      absl::Status missing =
          Unless(options_.force,
                 absl::NotFoundError(absl::StrCat(
                     "the stream is gone, and messages of the channel were received before: ",
                     tail.status().message(), "; --force creates it anew")));
      if (!missing.ok()) return missing;
    }
    const absl::Status created = engine_->CreateStream();
    if (absl::IsUnavailable(created)) {
      options_.log(created.message());
      RetryLater();
    }
    if (!created.ok()) return absl::IsUnavailable(created) ? absl::OkStatus() : created;
    started_ = false;  // With --force: the new stream is looked at for the first time.
    return absl::OkStatus();
  }
  if (!tail.ok()) return tail.status();
  absl::Status agreed = started_ ? Compare(*tail) : Begin(*tail);
  if (!agreed.ok()) return agreed;
  if (!StoreSchema()) return absl::OkStatus();
  MarkStored();
  started_ = true;
  known_fence_ = tail->fence;
  known_last_ = last_sequence_ = tail->last_sequence;
  next_fence_ = {tail->fence, ""};
  next_ = 0;
  state_ = State::kStreaming;
  return absl::OkStatus();
}

bool Forwarder::StoreSchema() {
  if (schema_settled_ || options_.description.empty()) return true;
  const absl::Status stored = engine_->PublishSchema(channel_, options_.description);
  if (absl::IsUnavailable(stored)) {
    options_.log(absl::StrCat("the schema waits: ", stored.message()));
    RetryLater();
    return false;
  }
  schema_settled_ = true;
  if (!stored.ok()) {
    ++metrics_->schemas_refused;
    options_.log(absl::StrCat("the schema is not stored: ", stored.message()));
  }
  return true;
}

// The first look at the stream.
absl::Status Forwarder::Begin(const Tail& tail) {
  if (tail.empty) {
    if (tail.last_sequence == 0 && !source_->released_before()) return absl::OkStatus();
    return Unless(options_.force,
                  absl::FailedPreconditionError(
                      tail.last_sequence != 0
                          ? "the stream has lost its messages (purged, or beyond their age), so it "
                            "cannot tell which were stored; --force goes on and may repeat some"
                          : "the stream is new, but messages of the channel were received before; "
                            "--force goes on with those that are left"));
  }
  if (!tail.mark.has_value()) {
    return Unless(options_.force,
                  absl::FailedPreconditionError(
                      "the last message of the subject was written by a program that is no bridge; "
                      "use another subject, or --force"));
  }
  if (tail.mark->channel_id == channel_.id) {
    AdvanceCursor(tail.mark->position);
    return absl::OkStatus();
  }
  // The channel was replaced, and the subject has the messages of the old one.
  if (tail.mark->source == channel_.source) return absl::OkStatus();
  return Unless(options_.force, absl::FailedPreconditionError(absl::StrCat(
                                    "the subject has the messages of another channel: ",
                                    Writer(tail), "; use another subject, or --force")));
}

// A look at the stream after an outcome that was not "stored".
absl::Status Forwarder::Compare(const Tail& tail) {
  if (!tail.empty && tail.mark.has_value() && tail.mark->channel_id == channel_.id) {
    if (cursor_.has_value() && IsBefore(tail.mark->position, *cursor_)) {
      return Unless(options_.force,
                    absl::FailedPreconditionError(absl::StrCat(
                        "the stream lacks messages that it had acknowledged: its last one has "
                        "position ",
                        tail.mark->position, ", and ", *cursor_,
                        " was acknowledged; --force goes on without them")));
    }
    AdvanceCursor(tail.mark->position);
    return absl::OkStatus();
  }
  // The state from before this bridge began.
  if (!tail.empty && tail.fence == known_fence_) return absl::OkStatus();
  if (!tail.empty) {
    return Unless(options_.force && !tail.mark.has_value(),
                  absl::AlreadyExistsError(absl::StrCat("another program writes to the subject: ",
                                                        Writer(tail), "; end one of the two")));
  }
  // Nothing was stored since the last look, and the messages went away by age, as they should.
  if (tail.last_sequence == known_last_ && (tail.expires || known_fence_ == 0)) {
    return absl::OkStatus();
  }
  return Unless(options_.force, absl::FailedPreconditionError(
                                    "the stream was purged, or is a new one of the same name; "
                                    "--force goes on and may repeat the messages under way"));
}

absl::Status Forwarder::Unless(bool force, const absl::Status& status) {
  if (!force) return status;
  options_.log(absl::StrCat("going on by force: ", status.message()));
  return absl::OkStatus();
}

void Forwarder::AdvanceCursor(uint64_t position) {
  if (!IsStored(position)) cursor_ = position;
}

// Marks what the cursor has passed. A message that the engine called a duplicate and does not have
// gets another id.
void Forwarder::MarkStored() {
  for (Entry& entry : window_) {
    if (entry.state != EntryState::kWaiting) continue;
    if (IsStored(entry.message.position)) {
      entry.state = EntryState::kStored;
      ++metrics_->acknowledged;
      metrics_->bytes += entry.message.payload.size();
    } else if (entry.duplicate) {
      ++entry.message.attempt;
    }
    entry.duplicate = false;
  }
}

absl::Status Forwarder::ReleaseStored() {
  while (!window_.empty()) {
    Entry& oldest = window_.front();
    if (oldest.state == EntryState::kDead) {
      if (!retry_at_.Passed()) break;
      const absl::Status stored =
          engine_->PublishDeadLetter(channel_, oldest.message, oldest.reason);
      if (absl::IsUnavailable(stored)) {
        options_.log(absl::StrCat("a dead letter waits: ", stored.message()));
        RetryLater();
        break;
      }
      if (stored.ok()) {
        ++metrics_->dead_letters;
      } else {
        ++metrics_->refused_letters;
      }
      options_.log(absl::StrCat(
          "position ", oldest.message.position, ": ", oldest.reason,
          stored.ok() ? "; stored as a dead letter" : "; dropped, as a dead letter was refused: ",
          stored.message()));
    } else if (oldest.state != EntryState::kStored) {
      break;
    }
    held_bytes_ -= oldest.message.payload.size();
    source_->ReleaseOldest();
    window_.pop_front();
    if (next_ > 0) --next_;
  }
  return absl::OkStatus();
}

void Forwarder::RetryLater() {
  retry_at_ = next_retry_;
  next_retry_ = std::min(next_retry_ * 2, options_.last_retry);
}

// Whether the time of the next try has come. Waits for it as long as it may.
bool Forwarder::MayRetry(absl::Duration wait) {
  if (retry_at_.Passed()) return true;
  outcomes_.clear();
  engine_->Poll(std::min(wait, next_retry_), &outcomes_);
  return retry_at_.Passed();
}

}  // namespace ipmpsc::bridge
