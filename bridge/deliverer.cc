#include "bridge/deliverer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bridge/feed.h"
#include "bridge/place.h"

namespace ipmpsc::bridge {

uint64_t CountGap(const FeedState& state, const Place& place) {
  if (place.done == 0 && place.begun == 0) return 0;  // nothing was read
  const uint64_t next = place.begun != 0 ? place.begun : place.done + 1;
  return state.first > next ? state.first - next : 0;
}

absl::Status CheckStream(const absl::StatusOr<FeedState>& state, const Place& place) {
  const uint64_t done = place.done;
  if (absl::IsNotFound(state.status())) {
    return absl::NotFoundError(absl::StrCat(
        "the stream is gone, and messages of it were sent before: ", state.status().message(),
        "; --force waits for it and begins with its first message"));
  }
  if (!state.ok()) return absl::OkStatus();
  if (const uint64_t gap = CountGap(*state, place); gap > 0 && state->refuse_gap) {
    return absl::FailedPreconditionError(
        absl::StrCat("the stream has dropped ", gap, " numbers that were not read: it begins with ",
                     state->first, " and ", state->first - gap,
                     " is the next one to be sent; --force begins with its first message"));
  }
  if (state->last >= done) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the stream is a new one, or has lost messages: its last one has the number ", state->last,
      ", and ", done, " was sent; --force begins with its first message"));
}

Deliverer::Deliverer(Feed* feed, Outlet* outlet, PlaceStore* store, DelivererOptions options,
                     DeliveryMetrics* metrics)
    : feed_(feed),
      outlet_(outlet),
      store_(store),
      options_(std::move(options)),
      metrics_(metrics),
      place_(store->place()),
      in_doubt_(place_.begun != 0),
      fresh_(place_.begun == 0 && place_.done == 0),
      next_retry_(options_.first_retry) {}

absl::Status Deliverer::Step(absl::Duration wait) {
  if (stopping_) {
    held_.reset();
    const absl::Status written = WritePlace();
    return written.ok() ? absl::CancelledError("stopped") : written;
  }
  if (!retry_at_.Passed()) {
    // No event tells that the engine or a slot of the channel has come back.
    absl::SleepFor(std::min(wait, next_retry_));
    return absl::OkStatus();
  }
  if (!reading_) return Look();
  if (!held_.has_value()) {
    // The place is written when the stream has nothing more for now. So a message costs one write
    // as long as others follow it.
    absl::StatusOr<Arrival> arrival = feed_->Next(absl::ZeroDuration());
    if (absl::IsDeadlineExceeded(arrival.status())) {
      if (feed_->read() > place_.done && place_.begun == 0) {
        // Otherwise the numbers behind the last message would be taken for messages that are lost,
        // when the stream has dropped them.
        place_.done = feed_->read();
        unwritten_ = true;
      }
      const absl::Status written = WritePlace();
      if (!written.ok()) return written;
      // The tools show the bridge while it has nothing to send. `Prepare` tells the errors.
      if (!in_doubt_) static_cast<void>(outlet_->Attach());
      if (look_at_.Passed()) {
        look_at_ = options_.look_interval;
        const absl::StatusOr<FeedState> state = feed_->Look();
        if (state.ok()) {
          Measure(*state);
          // A stream that was made anew begins with small numbers, which would all be left out.
          if (state->last < place_.done) LookAgainLater("the stream has lost messages");
        } else if (!absl::IsUnavailable(state.status())) {
          LookAgainLater(state.status().message());
        }
        if (!reading_) return absl::OkStatus();
      }
      arrival = feed_->Next(wait);
    }
    if (absl::IsDeadlineExceeded(arrival.status())) return absl::OkStatus();
    if (absl::IsUnavailable(arrival.status()) || absl::IsNotFound(arrival.status())) {
      LookAgainLater(arrival.status().message());
      return absl::OkStatus();
    }
    if (!arrival.ok()) return arrival.status();
    next_retry_ = options_.first_retry;
    if (arrival->sequence == UINT64_MAX) {
      return absl::FailedPreconditionError(
          "the engine gave a message the largest number there is, which has no next one");
    }
    if (arrival->sequence <= place_.done) {
      ++metrics_->again;
      return absl::OkStatus();
    }
    held_ = *std::move(arrival);
  }
  metrics_->oldest_nanoseconds = held_->stored_nanoseconds;
  if (in_doubt_) {
    const absl::Status resolved = Resolve(*held_, wait);
    if (!resolved.ok()) return absl::IsDeadlineExceeded(resolved) ? absl::OkStatus() : resolved;
  }
  return held_.has_value() ? Send(*held_, wait) : absl::OkStatus();
}

absl::Status Deliverer::Look() {
  ++metrics_->looks;
  held_.reset();
  const absl::StatusOr<FeedState> state = feed_->Look();
  const bool missing = absl::IsNotFound(state.status());
  if (absl::IsUnavailable(state.status()) || (missing && fresh_)) {
    LookAgainLater(state.status().message());
    return absl::OkStatus();
  }
  if (const absl::Status checked = CheckStream(state, place_); !checked.ok()) {
    const absl::Status agreed = Unless(options_.force, checked);
    if (!agreed.ok()) return agreed;
    if (state.ok()) metrics_->missed += CountGap(*state, place_);
    place_ = Place();
    unwritten_ = true;
    in_doubt_ = false;
    fresh_ = true;
    const absl::Status written = WritePlace();
    if (!written.ok()) return written;
    if (missing) return absl::OkStatus();
  }
  if (!state.ok()) return state.status();
  uint64_t next = place_.begun != 0 ? place_.begun : place_.done + 1;
  if (state->first > next) {
    if (!fresh_) {
      options_.log(absl::StrCat("the stream begins with number ", state->first, ", and ", next,
                                " is the next one to be sent: it has dropped messages before this "
                                "bridge read them",
                                state->alone ? "" : ", perhaps of other subjects only"));
      if (state->alone) metrics_->missed += state->first - next;
    }
    next = state->first;
  }
  const absl::Status begun = feed_->Begin(next);
  if (absl::IsUnavailable(begun)) {
    LookAgainLater(begun.message());
    return absl::OkStatus();
  }
  if (!begun.ok()) return begun;
  Measure(*state);
  look_at_ = options_.look_interval;
  started_ = true;
  reading_ = true;
  return absl::OkStatus();
}

// A bridge died between the beginning of this send and its note that it was done.
absl::Status Deliverer::Resolve(const Arrival& arrival, absl::Duration wait) {
  if (arrival.sequence < place_.begun) return absl::OkStatus();  // older than what is in doubt
  if (arrival.sequence == place_.begun) {
    const absl::StatusOr<Found> found = outlet_->Find(place_, arrival.payload, wait);
    if (absl::IsDeadlineExceeded(found.status())) options_.log(found.status().message());
    if (!found.ok()) return found.status();
    if (*found == Found::kSent) {
      ++metrics_->found;
      Done(arrival.sequence);
    } else if (*found == Found::kUnknown) {
      ++metrics_->uncertain;
      options_.log(absl::StrCat("message ", arrival.sequence,
                                " may have been sent before a bridge died, and the channel no "
                                "longer shows it: it is sent, perhaps a second time"));
    }
  } else {
    options_.log(absl::StrCat("message ", place_.begun,
                              " has gone from the stream, and may not have been sent"));
    ++metrics_->missed;
  }
  in_doubt_ = false;
  return absl::OkStatus();
}

absl::Status Deliverer::CheckSchema(const Arrival& arrival) {
  const std::string own = outlet_->fingerprint();
  if (arrival.fingerprint.empty() || own.empty() || arrival.fingerprint == own) {
    return absl::OkStatus();
  }
  return Unless(options_.force,
                absl::FailedPreconditionError(absl::StrCat(
                    "message ", arrival.sequence, " has the schema ", arrival.fingerprint,
                    ", and the channel has ", own,
                    "; remove or replace the channel, so that it gets the new schema, or --force "
                    "sends the message as it is")));
}

absl::Status Deliverer::Send(const Arrival& arrival, absl::Duration wait) {
  const absl::Status fits = CheckSchema(arrival);
  if (!fits.ok()) {
    const absl::Status written = WritePlace();
    return written.ok() ? fits : written;
  }
  Place begun = place_;
  const absl::Status prepared = outlet_->Prepare(arrival.sequence, &begun);
  if (absl::IsUnavailable(prepared)) {
    options_.log(prepared.message());
    retry_at_ = next_retry_;
    next_retry_ = std::min(next_retry_ * 2, options_.last_retry);
    return WritePlace();
  }
  if (!prepared.ok()) return prepared;
  begun.begun = arrival.sequence;
  const absl::Status noted = store_->Write(begun);
  if (!noted.ok()) return noted;
  unwritten_ = true;  // until the place says that it is done
  place_.begun = 0;
  const uint64_t bytes = arrival.payload.size();
  const absl::Status sent = outlet_->Send(arrival.payload, wait);
  switch (sent.code()) {
    case absl::StatusCode::kOk:
      ++metrics_->delivered;
      metrics_->delivered_bytes += bytes;
      break;
    case absl::StatusCode::kDeadlineExceeded:
      ++metrics_->full_waits;
      return absl::OkStatus();
    case absl::StatusCode::kResourceExhausted:
      ++metrics_->dropped;
      break;
    case absl::StatusCode::kInvalidArgument:
      ++metrics_->too_large;
      options_.log(absl::StrCat("message ", arrival.sequence, " is left out: ", sent.message()));
      break;
    default: {
      // Nothing was sent, and the next bridge need not ask.
      const absl::Status written = WritePlace();
      return written.ok() ? sent : written;
    }
  }
  Done(arrival.sequence);
  return absl::OkStatus();
}

void Deliverer::Done(uint64_t sequence) {
  place_.done = sequence;
  place_.begun = 0;
  unwritten_ = true;
  fresh_ = false;
  held_.reset();
  metrics_->oldest_nanoseconds = 0;
  metrics_->lag_messages -= std::min<uint64_t>(metrics_->lag_messages, 1);
}

absl::Status Deliverer::WritePlace() {
  if (!unwritten_) return absl::OkStatus();
  const absl::Status written = store_->Write(place_);
  if (written.ok()) unwritten_ = false;
  return written;
}

void Deliverer::Measure(const FeedState& state) {
  const uint64_t last = std::max(state.last, place_.done);
  metrics_->lag_messages = std::min(last - place_.done, state.messages);
  metrics_->lag_bytes = state.messages == 0
                            ? 0
                            : static_cast<uint64_t>(static_cast<double>(state.bytes) /
                                                    static_cast<double>(state.messages) *
                                                    static_cast<double>(metrics_->lag_messages));
}

void Deliverer::LookAgainLater(absl::string_view why) {
  options_.log(why);
  reading_ = false;
  held_.reset();
  retry_at_ = next_retry_;
  next_retry_ = std::min(next_retry_ * 2, options_.last_retry);
}

absl::Status Deliverer::Unless(bool force, const absl::Status& status) {
  if (!force) return status;
  options_.log(absl::StrCat("going on by force: ", status.message()));
  return absl::OkStatus();
}

}  // namespace ipmpsc::bridge
