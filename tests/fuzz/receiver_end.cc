#include "tests/fuzz/receiver_end.h"

#include <utility>

#include "absl/base/casts.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::fuzz {

using internal::RecordDescription;
using internal::Require;
using internal::Ring;

namespace {

constexpr size_t kMostLeases = 80;  // more than the lease window begins with

// Reads every byte.
void Touch(absl::string_view bytes) {
  volatile char sink = 0;
  for (const char byte : bytes) sink = static_cast<char>(sink ^ byte);
}

}  // namespace

void ReceiverEnd::Operate(Input* input) {
  const uint32_t operation = input->Pick(8);
  if (operation == 7 && receiver_.has_value()) {
    // The leases go after it, or before.
    if (input->Pick(2) == 0) leases_.clear();
    receiver_.reset();
    leases_.clear();
    return;
  }
  if (!receiver_.has_value()) Attach();
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
    default:
      ReleaseOne(input->Take<uint8_t>());
      break;
  }
}

void ReceiverEnd::Attach() {
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel_.channel());
  if (receiver.ok()) {
    receiver_ = *std::move(receiver);
    end_ = channel_.channel().segment()->ring().control->release_position;
    return;
  }
  // Nobody else has ever been attached.
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
  CheckRecord({lease->payload(), lease->position(), lease->sender()});
  leases_.push_back(*std::move(lease));
}

void ReceiverEnd::CheckRecord(const Record& record) {
  channel_.RequireInside(record.payload.data(), record.payload.size());
  Touch(record.payload);
  Require(record.sender < AttackedChannel::kSlots, "a message comes from a slot that there is");
  Require(internal::IsAligned(record.position), "records are aligned");
  const Ring& ring = channel_.channel().segment()->ring();
  if (!leases_.empty()) {
    Require(!internal::IsBefore(record.position, end_), "positions grow from message to message");
    const uint64_t held = record.position - leases_.front().position();
    Require(held + internal::RecordSize(record.payload.size()) <= ring.capacity,
            "what is leased does not overlap");
  }
  end_ = record.position + internal::RecordSize(record.payload.size());
  Require(record.payload.data() == ring.At(record.position) + sizeof(internal::RecordHeader),
          "a payload lies behind the header of its record");
  if (!alone_) return;
  const auto description =
      absl::bit_cast<RecordDescription>(ring.HeaderAt(record.position)->description.load());
  Require(ring.IsStamped(record.position) && description.length == record.payload.size() &&
              description.sender == record.sender && description.reserved == 0 &&
              description.kind == internal::RecordKind::kMessage,
          "a message is what its header says");
}

void ReceiverEnd::CheckStatus(const absl::Status& status, absl::StatusCode none) {
  if (status.code() == none) {
    Require(status.message().empty() || absl::StrContains(status.message(), "has claimed position"),
            "that nothing came is said without text, unless somebody's open claim is waited for");
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
