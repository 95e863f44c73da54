#include "tests/fuzz/sender_end.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/base/casts.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc::fuzz {

using internal::RecordDescription;
using internal::RecordKind;
using internal::Require;
using internal::Ring;

namespace {

constexpr char kFilling = 'x';

}  // namespace

void SenderEnd::Operate(Input* input) {
  const uint32_t operation = input->Pick(8);
  if (operation == 7 && sender_.has_value()) {
    sender_.reset();  // what is open stays usable
    if (input->Pick(2) == 0) Settle(std::nullopt);
    return;
  }
  if (operation == 5 || operation == 6) {
    if (!loan_.has_value()) return;
    const size_t size = loan_->payload().size();
    const uint16_t shorter = input->Take<uint16_t>();
    Settle(operation == 6     ? std::nullopt
           : shorter % 2 == 0 ? std::optional<size_t>(size)
                              : std::optional<size_t>(shorter % (size + 1)));
    return;
  }
  if (!sender_.has_value()) Attach();
  if (!sender_.has_value()) return;
  // Now and then more than can ever fit.
  const size_t size = input->Take<uint16_t>() % (AttackedChannel::kCapacity + 16);
  if (operation == 0) {
    const BoundedWait bound(absl::ZeroDuration());
    CheckStatus(sender_->TrySend(std::string(size, kFilling)), size, /*waits=*/false);
  } else if (operation == 3) {
    const BoundedWait bound(absl::ZeroDuration());
    KeepLoan(sender_->TryClaim(size), size);
  } else {
    const absl::Duration timeout = budget_.Take(input);
    const BoundedWait bound(timeout);
    if (operation == 1) {
      CheckStatus(sender_->Send(std::string(size, kFilling), timeout), size, /*waits=*/true);
    } else if (operation == 2) {
      CheckStatus(sender_->SendWhenEmpty(std::string(size, kFilling), timeout), size,
                  /*waits=*/true);
    } else {
      KeepLoan(input->Pick(2) == 0 ? sender_->Claim(size, timeout)
                                   : sender_->ClaimWhenEmpty(size, timeout),
               size);
    }
  }
}

void SenderEnd::Attach() {
  // Its predecessor's loan holds another slot.
  absl::StatusOr<Sender> sender = Sender::Attach(channel_.channel());
  if (sender.ok()) {
    Require(sender->slot() < AttackedChannel::kSlots, "a sender has a slot that there is");
    sender_ = *std::move(sender);
    return;
  }
  const absl::StatusCode code = sender.status().code();
  Require(code == absl::StatusCode::kResourceExhausted ||
              code == absl::StatusCode::kFailedPrecondition || code == absl::StatusCode::kAborted,
          "Sender::Attach returns only what its header lists");
  Require(!sender.status().message().empty(), "an error says what is wrong");
}

void SenderEnd::KeepLoan(absl::StatusOr<Loan> loan, size_t size) {
  if (!loan.ok()) {
    CheckStatus(loan.status(), size, loan.status().code() == absl::StatusCode::kDeadlineExceeded);
    return;
  }
  Require(internal::IsAligned(loan->position()), "records are aligned");
  Require(loan->payload().size() == size, "a loan has the size that was asked for");
  channel_.RequireInside(loan->payload().data(), size);
  Settle(std::nullopt);  // of a predecessor
  loan_ = *std::move(loan);
  std::memset(loan_->payload().data(), kFilling, size);
}

void SenderEnd::Settle(std::optional<size_t> published) {
  if (!loan_.has_value()) return;
  const uint64_t position = loan_->position();
  const size_t claimed = loan_->payload().size();
  if (published.has_value()) {
    std::move(*loan_).Publish(*published);
  } else {
    const Loan dropped(*std::move(loan_));
  }
  loan_.reset();
  if (!alone_) return;
  const size_t size = published.value_or(claimed);
  CheckRecord(position, size, published.has_value());
  const uint64_t rest = internal::RecordSize(claimed) - internal::RecordSize(size);
  if (rest != 0) {
    CheckRecord(position + internal::RecordSize(size), rest - sizeof(internal::RecordHeader),
                /*is_message=*/false);
  }
}

void SenderEnd::CheckRecord(uint64_t position, size_t size, bool is_message) const {
  const Ring& ring = channel_.channel().segment()->ring();
  const auto description =
      absl::bit_cast<RecordDescription>(ring.HeaderAt(position)->description.load());
  Require(ring.IsStamped(position) && description.length == size &&
              description.sender < AttackedChannel::kSlots && description.reserved == 0 &&
              description.kind == (is_message ? RecordKind::kMessage : RecordKind::kDiscarded),
          "what was settled is committed as it was asked for");
}

void SenderEnd::CheckStatus(const absl::Status& status, size_t size, bool waits) const {
  if (status.ok()) {
    Require(size <= channel_.channel().max_payload(), "what can never fit is not sent");
    return;
  }
  const absl::StatusCode code = status.code();
  if (code ==
      (waits ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kResourceExhausted)) {
    Require(status.message().empty(), "that the ring is full is said without text");
    return;
  }
  Require(code == absl::StatusCode::kInvalidArgument ||
              code == absl::StatusCode::kFailedPrecondition || code == absl::StatusCode::kAborted ||
              code == absl::StatusCode::kDataLoss,
          "a sender returns only what its header lists");
  Require(!status.message().empty(), "an error says what is wrong");
}

}  // namespace ipmpsc::fuzz
