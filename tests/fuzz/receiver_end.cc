#include "tests/fuzz/receiver_end.h"

#include <cstring>
#include <string>
#include <utility>

#include "absl/base/casts.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::fuzz {

using internal::RecordDescription;
using internal::Require;
using internal::Ring;

namespace {

constexpr size_t kMostLeases = 80;  // more than the initial size of the lease window

// Reads every byte.
void Touch(absl::string_view bytes) {
  volatile char sink = 0;
  for (const char byte : bytes) sink = static_cast<char>(sink ^ byte);
}

}  // namespace

void ReceiverEnd::Operate(Input* input) {
  const uint32_t operation = input->Pick(12);
  if (operation == 7 && receiver_.has_value()) {
    // The leases end before or after the receiver.
    if (input->Pick(2) == 0) leases_.clear();
    receiver_.reset();
    leases_.clear();
    return;
  }
  if (operation == 9) {
    leases_.clear();
    receiver_.reset();
    ReceiverOptions options;
    const uint8_t byte = input->Take<uint8_t>();
    options.end_without_senders = byte % 2 != 0;
    options.require_path = byte / 2 % 2 != 0;
    options.name = std::string(input->TakeBytes(byte / 4));
    Attach(options);
    return;
  }
  if (!receiver_.has_value()) Attach({});
  if (!receiver_.has_value()) return;
  if (leases_.size() == kMostLeases) leases_.clear();
  switch (operation) {
    case 0:
    case 1:
    case 3: {
      const absl::Duration timeout = budget_.Take(input);
      {
        const BoundedWait bound(timeout);
        Keep(receiver_->Receive(timeout));
      }
      if (operation == 3) ReleaseOne(leases_.size() - 1);
      break;
    }
    case 2: {
      const BoundedWait bound(absl::ZeroDuration());
      Keep(receiver_->TryReceive());
      break;
    }
    case 4: {
      const BoundedWait bound(absl::ZeroDuration());
      const absl::StatusOr<size_t> drained =
          receiver_->Drain([this](const Record& record) { CheckRecord(record); }, input->Pick(256));
      if (!drained.ok()) CheckStatus(drained.status(), absl::StatusCode::kUnavailable);
      break;
    }
    case 8:
      Drain(input);
      break;
    case 10: {
      const Channel& channel = channel_.channel();
      Require(channel.HasReceiver(), "the receiver that is attached is seen");
      const ChannelState state = channel.state();
      Require(!alone_ || state == channel.state(), "nobody changes the state");
      break;
    }
    case 11: {
      Channel(channel_.channel()).Close();
      Require(!alone_ || channel_.channel().state() != ChannelState::kOpen, "it is closed");
      break;
    }
    default:
      ReleaseOne(input->Take<uint8_t>());
      break;
  }
}

void ReceiverEnd::Drain(Input* input) {
  const BoundedWait bound(absl::ZeroDuration());
  const uint8_t byte = input->Take<uint8_t>();
  size_t calls = 0;
  const absl::StatusOr<size_t> drained = receiver_->Drain([&](const Record& record) {
    CheckRecord(record);
    ++calls;
    // The record received here lies behind the one being handled.
    if (byte >= 0x80 && calls == 1 && leases_.size() < kMostLeases) {
      const absl::StatusOr<Lease> lease = receiver_->TryReceive();
      if (lease.ok()) {
        Require(internal::IsBefore(record.position, lease->position()),
                "what is received in a drain lies behind the record in hand");
      }
    }
    return calls <= byte % 0x80u;
  });
  if (!drained.ok()) {
    Require(calls == 0, "a drain that has handled something is OK");
    CheckStatus(drained.status(), absl::StatusCode::kUnavailable);
    return;
  }
  Require(*drained == calls && calls > 0 && calls <= byte % 0x80u + 1,
          "a drain ends when its handler says so");
}

void ReceiverEnd::Attach(const ReceiverOptions& options) {
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel_.channel(), options);
  if (receiver.ok()) {
    receiver_ = *std::move(receiver);
    end_ = internal::ChannelAccess::SegmentOf(channel_.channel())->ring().control->release_position;
    return;
  }
  // No other receiver has ever been attached.
  Require(receiver.status().code() == absl::StatusCode::kDataLoss &&
              !receiver.status().message().empty(),
          "positions that contradict themselves are all that keeps a receiver off");
}

void ReceiverEnd::Keep(absl::StatusOr<Lease> lease) {
  if (!lease.ok()) {
    CheckStatus(lease.status(), lease.status().code() == absl::StatusCode::kUnavailable
                                    ? absl::StatusCode::kUnavailable
                                    : absl::StatusCode::kDeadlineExceeded);
    return;
  }
  CheckRecord({lease->payload(), lease->position(), lease->sender(),
               lease->sent_at() == absl::InfinitePast() ? 0 : absl::ToUnixNanos(lease->sent_at()),
               lease->sequence()});
  leases_.push_back(*std::move(lease));
}

void ReceiverEnd::CheckRecord(const Record& record) {
  channel_.RequireInside(record.payload.data(), record.payload.size());
  Touch(record.payload);
  Require(record.sender < AttackedChannel::kSlots, "a message comes from a slot that there is");
  Require(internal::IsAligned(record.position), "records are aligned");
  const Ring& ring = internal::ChannelAccess::SegmentOf(channel_.channel())->ring();
  if (!leases_.empty()) {
    Require(!internal::IsBefore(record.position, end_), "positions grow from message to message");
    const uint64_t held = record.position - leases_.front().position();
    Require(held + ring.RecordSizeOf(record.payload.size()) <= ring.capacity,
            "what is leased does not overlap");
  }
  end_ = record.position + ring.RecordSizeOf(record.payload.size());
  Require(record.payload.data() == ring.At(record.position) + sizeof(internal::RecordHeader),
          "a payload lies behind the header of its record");
  if (ring.trailer_size == 0) {
    Require(record.sent_at_nanoseconds == 0 && record.sequence == 0,
            "without timestamps there is no time and no number");
  }
  if (!alone_) return;
  const auto description =
      absl::bit_cast<RecordDescription>(ring.HeaderAt(record.position)->description.load());
  Require(ring.IsStamped(record.position) && description.length == record.payload.size() &&
              description.sender == record.sender && description.reserved == 0 &&
              (description.kind == internal::RecordKind::kMessage ||
               description.kind == internal::RecordKind::kInBatch),
          "a message is what its header says");
  if (ring.trailer_size == 0) return;
  internal::RecordTrailer trailer;
  std::memcpy(&trailer, ring.TrailerAt(record.position, ring.RecordSizeOf(record.payload.size())),
              sizeof(trailer));
  Require(record.sequence == trailer.sequence, "a message's number is what its trailer says");
}

void ReceiverEnd::CheckStatus(const absl::Status& status, absl::StatusCode none) {
  if (status.code() == none) {
    Require(status.message().empty() ||
                absl::StrContains(status.message(), "has claimed position") ||
                (none == absl::StatusCode::kDeadlineExceeded &&
                 absl::StrContains(status.message(), "no message for ")),
            "that nothing came is said without text, unless it has waited or somebody's open claim "
            "is waited for");
    return;
  }
  const absl::StatusCode code = status.code();
  Require(code == absl::StatusCode::kDataLoss || code == absl::StatusCode::kOutOfRange ||
              code == absl::StatusCode::kAborted || code == absl::StatusCode::kFailedPrecondition,
          "a receiver returns only what its header lists");
  Require(!status.message().empty(), "an error says what is wrong");
  if (!alone_ || code != absl::StatusCode::kDataLoss) return;
  Require(receiver_->Receive(absl::ZeroDuration()).status().code() == code,
          "what is damaged stays damaged");
}

void ReceiverEnd::ReleaseOne(size_t index) {
  if (leases_.empty()) return;
  leases_.erase(leases_.begin() + static_cast<std::ptrdiff_t>(index % leases_.size()));
}

}  // namespace ipmpsc::fuzz
