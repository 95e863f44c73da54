#include "tests/process/sweep/stage.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "absl/base/casts.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/turn.h"
#include "ipmpsc/internal/ring/waiting.h"
#include "ipmpsc/options.h"

namespace ipmpsc::testing {
namespace {

Channel NewChannel(bool timestamps) {
  ChannelOptions options;
  options.timestamps = timestamps;
  options.capacity = Stage::kCapacity;
  options.max_senders = Stage::kSlots;
  absl::StatusOr<Channel> channel = Channel::CreateAnonymous(options);
  if (!channel.ok()) GiveUp(channel.status().ToString());
  return *std::move(channel);
}

// Cells of a `ReceiverProcess`: the number of messages, the final status, and six words for each
// message.
constexpr size_t kReceived = 0;
constexpr size_t kEnded = 1;
constexpr size_t kWords = 6;

}  // namespace

void GiveUp(absl::string_view what) {
  const std::string line = absl::StrCat("kill sweep: ", what, "\n");
  std::fputs(line.c_str(), stderr);
  std::abort();
}

ReceiverProcess::ReceiverProcess(const Channel& channel) {
  child_ = ChildProcess::Fork([&] {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
    absl::Status status = receiver.status();
    for (uint64_t received = 0; status.ok(); ++received) {
      const absl::StatusOr<Lease> lease = receiver->Receive(absl::InfiniteDuration());
      status = lease.status();
      if (!status.ok()) break;
      const absl::string_view payload = lease->payload();
      const MessageIdentity identity =
          payload.size() < kIdentitySize ? MessageIdentity{} : IdentityOf(payload);
      const size_t cell = kWords * (received + 1);
      board_[cell].store(lease->position());
      board_[cell + 1].store(identity.stream);
      board_[cell + 2].store(identity.number);
      board_[cell + 3].store(payload.size() << 1 |
                             (CheckMessage(identity, payload).empty() ? 0 : 1));
      board_[cell + 4].store(lease->sender());
      board_[cell + 5].store(lease->sequence());
      board_[kReceived].store(received + 1);
    }
    board_[kEnded].store(static_cast<uint64_t>(status.code()));
    return 1;
  });
}

bool ReceiverProcess::AwaitAsleep(const internal::Ring& ring, internal::Position position) const {
  return Await([&] {
    const bool unclaimed = internal::ClaimPosition(ring.control->claim_word.load()) == position;
    const bool announced =
        unclaimed ? ring.control->claim_wait.load() != 0
                  : ring.control->receiver_wait.load() == internal::ReceiverWaitWord(position);
    return announced && IsAsleep(child_.pid());
  });
}

absl::StatusOr<Message> ReceiverProcess::Next(absl::Duration patience) {
  Await([&] { return board_[kReceived].load() > next_ || board_[kEnded].load() != 0; }, patience);
  if (board_[kReceived].load() > next_) {
    const size_t cell = kWords * ++next_;
    const uint64_t size_and_torn = board_[cell + 3].load();
    return Message{board_[cell].load(),
                   {board_[cell + 1].load(), board_[cell + 2].load()},
                   size_and_torn >> 1,
                   (size_and_torn & 1) == 0 ? "" : "torn",
                   static_cast<uint16_t>(board_[cell + 4].load()),
                   board_[cell + 5].load()};
  }
  const auto ended = static_cast<absl::StatusCode>(board_[kEnded].load());
  if (ended != absl::StatusCode::kOk) return absl::Status(ended, "the receiver has ended");
  return absl::DeadlineExceededError("");
}

Stage::Stage(bool timestamps) : channel(NewChannel(timestamps)) {}

internal::Position Stage::claim_position() const {
  return internal::ClaimPosition(ring().control->claim_word.load());
}

internal::Position Stage::release_position() const {
  return ring().control->release_position.load();
}

bool Stage::HasEnded() const { return internal::HasEnded(ring().control->claim_word.load()); }

absl::string_view Stage::Segment() const {
  const char* begin = reinterpret_cast<const char*>(ring().control);
  return {begin, static_cast<size_t>(ring().data + ring().capacity - begin)};
}

void Stage::Begin() {
  receiver_process.reset();
  rival_loan.reset();
  rival.reset();
  loan.reset();
  other.Kill();
  pending.clear();
  arranged.clear();
  sizes_.clear();
  rival_claims = 0;
  rival_status = absl::OkStatus();
  Settled();
  for (size_t cell = 0; cell < 8; ++cell) board[cell].store(0);
}

std::string Stage::NewMessage(uint64_t stream, size_t size) {
  const MessageIdentity identity = {stream, next_number_++};
  sizes_[{identity.stream, identity.number}] = size;
  return MessageBytes(identity, size);
}

std::string Stage::Examine(absl::string_view bytes) const {
  if (bytes.size() < kIdentitySize) return absl::StrCat("it has ", bytes.size(), " bytes");
  const MessageIdentity identity = IdentityOf(bytes);
  const auto sent = sizes_.find({identity.stream, identity.number});
  if (sent == sizes_.end()) return "nobody has sent it";
  if (sent->second != bytes.size()) {
    return absl::StrCat("it has ", bytes.size(), " bytes and not ", sent->second);
  }
  return CheckMessage(identity, bytes);
}

Message Stage::MessageIn(internal::Position position, absl::string_view payload) const {
  return {position, payload.size() < kIdentitySize ? MessageIdentity{} : IdentityOf(payload),
          payload.size(), Examine(payload)};
}

void Stage::SendMessage(uint64_t stream, size_t size) {
  absl::StatusOr<Sender> other_sender = Sender::Attach(channel);
  if (!other_sender.ok()) GiveUp(other_sender.status().ToString());
  const absl::Status sent = other_sender->TrySend(NewMessage(stream, size));
  if (!sent.ok()) GiveUp(sent.ToString());
}

void Stage::FillUp() {
  for (;;) {
    const uint64_t space = kCapacity - (claim_position() - release_position());
    if (space == 0) return;
    SendMessage(kFilling, std::min<uint64_t>(space, 1024) - sizeof(internal::RecordHeader) -
                              ring().trailer_size);
  }
}

void Stage::LeaveOrphan(size_t size) {
  ChildProcess claimer = ChildProcess::Fork([&] {
    absl::StatusOr<Sender> own = Sender::Attach(channel);
    if (!own.ok()) return 1;
    const absl::StatusOr<Loan> claimed = own->TryClaim(size);
    if (!claimed.ok()) return 1;
    raise(SIGKILL);
    return 1;
  });
  const std::string ended = claimer.Wait();
  if (ended != absl::StrCat("killed by ", SIGKILL)) GiveUp(absl::StrCat("an orphan: ", ended));
}

void Stage::LeaveLoser(size_t size) {
  ChildProcess loser = ChildProcess::Fork([&] {
    absl::StatusOr<Sender> own = Sender::Attach(channel);
    if (!own.ok()) return 1;
    internal::SenderSlot& slot = ring().sender_slots[own->slot()];
    slot.intent_size.store(ring().RecordSizeOf(size));
    slot.intent_position.store(claim_position());
    raise(SIGKILL);
    return 1;
  });
  const std::string ended = loser.Wait();
  if (ended != absl::StrCat("killed by ", SIGKILL)) GiveUp(absl::StrCat("a loser: ", ended));
}

void Stage::LeaveTurn(uint64_t size, absl::Duration ago) {
  // Uses the last slot, which no other sender of this stage has.
  internal::TakeTurn(ring().control, kSlots - 1, size,
                     internal::MonotonicNow() - absl::ToInt64Nanoseconds(ago));
}

std::vector<Message> Stage::Committed() const {
  std::vector<Message> messages;
  const internal::Position end = claim_position();
  const internal::Position begin = receiver_process == nullptr ? release_position() : settled_;
  internal::Position behind_committed = begin;
  for (internal::Position at = begin; at != end; at += internal::kRecordAlignment) {
    if (!ring().IsStamped(at)) continue;
    const auto description = absl::bit_cast<internal::RecordDescription>(
        ring().HeaderAt(at)->description.load(std::memory_order_relaxed));
    // A record in a batch is committed if the record before it is.
    if (description.kind == internal::RecordKind::kDiscarded ||
        (description.kind == internal::RecordKind::kInBatch && at != behind_committed)) {
      continue;
    }
    behind_committed = at + ring().RecordSizeOf(std::min<uint32_t>(description.length, kCapacity));
    const char* payload = ring().At(at) + sizeof(internal::RecordHeader);
    messages.push_back(MessageIn(at, {payload, std::min<uint64_t>(description.length, kCapacity)}));
  }
  return messages;
}

uint64_t Stage::Owners() const {
  uint64_t owners = ring().receiver_slot->epoch.load();
  for (uint32_t slot = 0; slot < kSlots; ++slot)
    owners += ring().sender_slots[slot].incarnation.load();
  return owners;
}

absl::Status Stage::AttachReceiver(const ReceiverOptions& options) {
  if (receiver.has_value()) return absl::OkStatus();
  absl::StatusOr<Receiver> attached = Receiver::Attach(channel, options);
  if (attached.ok()) receiver.emplace(*std::move(attached));
  return attached.status();
}

absl::StatusOr<Message> Stage::Receive(absl::Duration patience) {
  if (receiver_process == nullptr) {
    const absl::StatusOr<Lease> lease = receiver->Receive(patience);
    if (!lease.ok()) return lease.status();
    Message message = MessageIn(lease->position(), lease->payload());
    message.slot = lease->sender();
    message.sequence = lease->sequence();
    if (message.wrong.empty() && ring().trailer_size != 0 &&
        lease->sent_at() == absl::InfinitePast()) {
      message.wrong = "it has no time";
    }
    return message;
  }
  absl::StatusOr<Message> message = receiver_process->Next(patience);
  if (message.ok() && message->wrong.empty()) {
    const auto sent = sizes_.find({message->identity.stream, message->identity.number});
    if (sent == sizes_.end()) {
      message->wrong = "nobody has sent it";
    } else if (sent->second != message->size) {
      message->wrong = absl::StrCat("it has ", message->size, " bytes and not ", sent->second);
    }
  }
  return message;
}

}  // namespace ipmpsc::testing
