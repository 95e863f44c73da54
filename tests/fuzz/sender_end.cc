#include "tests/fuzz/sender_end.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/casts.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
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
  const uint32_t operation = input->Pick(14);
  if (operation == 7 && sender_.has_value()) {
    sender_.reset();  // an open loan stays usable
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
  if (operation == 12) {
    SenderOptions options;
    options.name = std::string(input->TakeBytes(input->Take<uint8_t>()));
    sender_.reset();
    Attach(options);
    return;
  }
  if (operation == 13) {
    Channel(channel_.channel()).Close();
    return;
  }
  if (!sender_.has_value()) Attach({});
  if (!sender_.has_value()) return;
  if (operation >= 8) return SendBatch(operation, input);
  // Sometimes larger than any message that fits.
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

void SenderEnd::SendBatch(uint32_t operation, Input* input) {
  const bool waits = operation % 2 != 0;
  const absl::Duration timeout = waits ? budget_.Take(input) : absl::ZeroDuration();
  std::vector<size_t> sizes(input->Pick(9));
  const uint8_t scale = input->Take<uint8_t>();
  for (size_t& size : sizes) size = size_t{input->Take<uint8_t>()} * (1 + scale % 32);
  const Ring& ring = internal::ChannelAccess::SegmentOf(channel_.channel())->ring();
  uint64_t together = 0;
  for (const size_t size : sizes) together += ring.RecordSizeOf(size);
  // Relaxed: without other writers this is the position of the batch.
  const uint64_t position =
      internal::ClaimPosition(ring.control->claim_word.load(std::memory_order_relaxed));
  const BoundedWait bound(timeout);
  absl::Status status;
  if (operation < 10) {
    std::vector<std::string> payloads;
    for (const size_t size : sizes) payloads.emplace_back(size, kFilling);
    const std::vector<absl::string_view> views(payloads.begin(), payloads.end());
    status = waits ? sender_->SendBatch(views, timeout) : sender_->TrySendBatch(views);
  } else {
    std::vector<size_t> given = sizes;
    const auto write = [&](size_t i, absl::Span<char> payload) {
      Require(i < sizes.size() && payload.size() == sizes[i], "a batch is written as asked for");
      channel_.RequireInside(payload.data(), payload.size());
      std::memset(payload.data(), kFilling, payload.size());
      // Changes of the caller's sizes during the write have no effect.
      given[i] = ~size_t{0};
      Require(sender_->TrySend("x").code() == absl::StatusCode::kFailedPrecondition,
              "a sender whose batch is being written sends nothing else");
    };
    status =
        waits ? sender_->WriteBatch(given, write, timeout) : sender_->TryWriteBatch(given, write);
  }
  if (sizes.empty()) {
    Require(status.ok(), "no message is sent at once");
    return;
  }
  CheckStatus(status, together - sizeof(internal::RecordHeader) - ring.trailer_size, waits);
  if (!alone_ || !status.ok()) return;
  uint64_t at = position;
  for (size_t i = 0; i < sizes.size(); ++i) {
    CheckRecord(at, sizes[i], i == 0 ? RecordKind::kMessage : RecordKind::kInBatch);
    at += ring.RecordSizeOf(sizes[i]);
  }
}

void SenderEnd::Attach(const SenderOptions& options) {
  // The loan of the previous sender still holds another slot.
  absl::StatusOr<Sender> sender = Sender::Attach(channel_.channel(), options);
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
  Settle(std::nullopt);  // of the previous sender
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
  CheckRecord(position, size,
              published.has_value() ? RecordKind::kMessage : RecordKind::kDiscarded);
  const Ring& ring = internal::ChannelAccess::SegmentOf(channel_.channel())->ring();
  const uint64_t rest = ring.RecordSizeOf(claimed) - ring.RecordSizeOf(size);
  if (rest != 0) {
    CheckRecord(position + ring.RecordSizeOf(size),
                rest - sizeof(internal::RecordHeader) - ring.trailer_size, RecordKind::kDiscarded);
  }
}

void SenderEnd::CheckRecord(uint64_t position, size_t size, RecordKind kind) const {
  const Ring& ring = internal::ChannelAccess::SegmentOf(channel_.channel())->ring();
  const auto description =
      absl::bit_cast<RecordDescription>(ring.HeaderAt(position)->description.load());
  Require(ring.IsStamped(position) && description.length == size &&
              description.sender < AttackedChannel::kSlots && description.reserved == 0 &&
              description.kind == kind,
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
    Require(status.message().empty() || (waits && absl::StrContains(status.message(), "full for ")),
            "that the ring is full is said without text, unless it has waited");
    return;
  }
  Require(code == absl::StatusCode::kInvalidArgument ||
              code == absl::StatusCode::kFailedPrecondition || code == absl::StatusCode::kAborted ||
              code == absl::StatusCode::kDataLoss,
          "a sender returns only what its header lists");
  Require(!status.message().empty(), "an error says what is wrong");
}

}  // namespace ipmpsc::fuzz
