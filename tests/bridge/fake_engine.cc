#include "tests/bridge/fake_engine.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/engine.h"
#include "bridge/source.h"

namespace ipmpsc::bridge {

Acknowledgement FakeServer::Store(const Posted& posted) {
  Acknowledgement answer;
  answer.position = posted.mark.position;
  if (!exists) {
    answer.text = "no stream";
    return answer;
  }
  if (remembers_ids && ids.count(posted.id) != 0) {
    answer.outcome = Outcome::kDuplicate;
    return answer;
  }
  const uint64_t last = stream.empty() ? 0 : stream.back().sequence;
  const std::string last_id = stream.empty() ? "" : stream.back().id;
  if (posted.fence.sequence != last ||
      (!posted.fence.message_id.empty() && posted.fence.message_id != last_id)) {
    answer.outcome = Outcome::kFenced;
    return answer;
  }
  if (posted.payload.size() > max_payload) {
    answer.outcome = Outcome::kTooLarge;
    answer.text = "too large for the server";
    return answer;
  }
  stream.push_back({posted.mark, posted.id, posted.payload, ++last_sequence});
  ids.insert(posted.id);
  answer.outcome = Outcome::kStored;
  answer.sequence = last_sequence;
  return answer;
}

void FakeServer::StoreForeign() {
  stream.push_back({std::nullopt, "", "foreign", ++last_sequence});
}

FakeEngine::FakeEngine(FakeServer* server, Chooser choose)
    : server_(server), choose_(std::move(choose)) {}

void FakeEngine::MayDie() {
  if (choose_(2) == 1) throw Death();
}

void FakeEngine::LetLateOnesArrive() {
  while (!server_->late.empty() && choose_(2) == 1) {
    server_->Store(server_->late.front());
    server_->late.pop_front();
  }
}

absl::StatusOr<Tail> FakeEngine::ReadTail() {
  MayDie();
  LetLateOnesArrive();
  if (server_->denied) return absl::PermissionDeniedError("not your stream");
  if (server_->unavailable || choose_(2) == 1) return absl::UnavailableError("no answer");
  if (!server_->exists) return absl::NotFoundError("no stream");
  Tail tail;
  tail.last_sequence = server_->last_sequence;
  tail.expires = server_->expires;
  tail.empty = server_->stream.empty();
  if (!tail.empty) {
    tail.fence = server_->stream.back().sequence;
    tail.mark = server_->stream.back().mark;
  }
  return tail;
}

absl::Status FakeEngine::CreateStream() {
  MayDie();
  server_->exists = true;
  server_->stream.clear();
  server_->ids.clear();
  server_->last_sequence = 0;
  return absl::OkStatus();
}

absl::Status FakeEngine::Publish(const ChannelIdentity& channel, const Message& message,
                                 const Fence& fence) {
  MayDie();
  if (server_->unavailable) return absl::UnavailableError("not connected");
  Posted posted;
  posted.mark = {channel.id, message.position, channel.source, channel.bridge};
  posted.id = MessageId(channel, message);
  posted.payload = std::string(message.payload);
  posted.fence = fence;
  posted_.push_back(std::move(posted));
  return absl::OkStatus();
}

void FakeEngine::Poll(absl::Duration, std::vector<Acknowledgement>* outcomes) {
  MayDie();
  LetLateOnesArrive();
  while (!posted_.empty()) {
    const Posted posted = posted_.front();
    posted_.pop_front();
    Acknowledgement answer;
    answer.position = posted.mark.position;
    switch (choose_(6)) {
      case 0:
        outcomes->push_back(server_->Store(posted));
        break;
      case 1:  // stored, and the answer is lost
        server_->Store(posted);
        break;
      case 2:  // lost
        break;
      case 3:  // on its way for long
        server_->late.push_back(posted);
        break;
      case 4:
        answer.outcome = Outcome::kBusy;
        outcomes->push_back(answer);
        break;
      case 5:  // it comes twice
        outcomes->push_back(server_->Store(posted));
        server_->late.push_back(posted);
        break;
    }
    MayDie();
  }
}

void FakeEngine::Forget() {
  for (Posted& posted : posted_) server_->late.push_back(std::move(posted));
  posted_.clear();
}

absl::Status FakeEngine::PublishDeadLetter(const ChannelIdentity& channel, const Message& message,
                                           absl::string_view reason) {
  MayDie();
  if (server_->refuses_letters) return absl::NotFoundError("no such subject");
  const int fault = choose_(3);
  if (fault == 1) return absl::UnavailableError("no answer");
  // The deduplication window holds letters, too.
  if (server_->ids.insert("letter " + MessageId(channel, message)).second) {
    server_->letters.push_back(absl::StrCat(message.position, ": ", reason));
  }
  if (fault == 2) return absl::UnavailableError("no answer");
  return absl::OkStatus();
}

absl::Status FakeEngine::PublishSchema(const ChannelIdentity& channel,
                                       absl::string_view description) {
  MayDie();
  if (server_->refuses_schemas) return absl::ResourceExhaustedError("too large");
  if (choose_(2) == 1) return absl::UnavailableError("no answer");
  server_->schemas.push_back(absl::StrCat(channel.fingerprint, "=", description));
  return absl::OkStatus();
}

void FakeChannel::Send(absl::string_view payload) {
  Message message;
  message.payload = payload;
  message.position = 64 * messages.size();
  messages.push_back(message);
}

FakeSource::FakeSource(FakeChannel* channel, Chooser choose)
    : channel_(channel),
      choose_(std::move(choose)),
      next_(channel->released),
      released_before_(channel->released > 0) {}

absl::StatusOr<Message> FakeSource::Next(absl::Duration) {
  if (choose_(2) == 1) throw Death();
  if (next_ < channel_->messages.size()) return channel_->messages[next_++];
  return channel_->end.ok() ? absl::DeadlineExceededError("") : channel_->end;
}

void FakeSource::ReleaseOldest() {
  if (choose_(2) == 1) throw Death();
  ++channel_->released;
  if (choose_(2) == 1) throw Death();
}

}  // namespace ipmpsc::bridge
