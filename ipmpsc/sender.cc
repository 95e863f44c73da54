#include "ipmpsc/sender.h"

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/payload_copy.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/internal/sender_core.h"

namespace ipmpsc {
namespace {

using Claiming = internal::SenderCore::Claiming;

Claiming Now() { return {/*wait=*/false, /*when_empty=*/false, Deadline(absl::ZeroDuration())}; }

}  // namespace

Loan::Loan(Loan&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)),
      position_(other.position_),
      data_(other.data_),
      size_(other.size_) {}

Loan& Loan::operator=(Loan&& other) noexcept {
  if (this != &other) {
    this->~Loan();
    new (this) Loan(std::move(other));
  }
  return *this;
}

Loan::~Loan() {
  if (core_ != nullptr) core_->Settle(position_, size_, size_, internal::RecordKind::kDiscarded);
}

void Loan::Publish() && { std::move(*this).Publish(size_); }

void Loan::Publish(size_t size) && {
  internal::Require(core_ != nullptr,
                    "Loan::Publish: the loan was published, or moved from, before");
  internal::Require(size <= size_, "Loan::Publish: more bytes than were claimed");
  std::exchange(core_, nullptr)->Settle(position_, size_, size, internal::RecordKind::kMessage);
}

void Sender::CoreDeleter::operator()(internal::SenderCore* core) const { core->Detach(); }

absl::StatusOr<Sender> Sender::Attach(const Channel& channel, const SenderOptions& options) {
  absl::StatusOr<internal::SenderCore*> core = internal::SenderCore::Attach(channel, options);
  if (!core.ok()) return core.status();
  return Sender(*core);
}

Sender::Sender(Sender&& other) noexcept = default;
Sender& Sender::operator=(Sender&& other) noexcept = default;
Sender::~Sender() = default;

namespace {

// The usual case of sending: at once. Returns whether it was.
bool SendNow(internal::SenderCore* core, absl::string_view payload) {
  internal::Position position;
  if (ABSL_PREDICT_FALSE(!core->ClaimNow(payload.size(), &position))) return false;
  internal::CopyPayload(core->PayloadAt(position), payload);
  core->CommitNow(position, payload.size());
  return true;
}

ABSL_ATTRIBUTE_NOINLINE absl::Status SendAs(internal::SenderCore* core, absl::string_view payload,
                                            const Claiming& claiming) {
  internal::Position position;
  absl::Status claimed = core->Claim(payload.size(), claiming, &position);
  if (claimed.ok()) {
    internal::CopyPayload(core->PayloadAt(position), payload);
    core->Settle(position, payload.size(), payload.size(), internal::RecordKind::kMessage);
  }
  return claimed;
}

// The size of a claim for `count` records: like one message whose payload holds the other records.
//
// Errors: as the functions of `Sender` that send; kInvalidArgument - the claim can never fit.
template <typename SizeOf>
absl::StatusOr<size_t> BatchSize(internal::SenderCore* core, size_t count, SizeOf size_of) {
  const uint64_t most = core->channel().max_payload();
  uint64_t size = 0;
  for (size_t i = 0; i < count; ++i) {
    if (ABSL_PREDICT_FALSE(size_of(i) > most)) {
      // Said as of any message that can never fit.
      internal::Position position;
      return core->Claim(size_of(i), Now(), &position);
    }
    size += internal::RecordSize(size_of(i));
  }
  size -= sizeof(internal::RecordHeader);
  if (ABSL_PREDICT_FALSE(size > most)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a batch of ", count, " messages, ", size,
                     " bytes with their headers, can never fit: the channel's longest is ", most));
  }
  return size;
}

absl::Status SendBatchAs(internal::SenderCore* core, absl::Span<const absl::string_view> payloads,
                         const Claiming& claiming) {
  if (payloads.empty()) return absl::OkStatus();
  const auto size_of = [payloads](size_t i) { return payloads[i].size(); };
  const absl::StatusOr<size_t> size = BatchSize(core, payloads.size(), size_of);
  if (ABSL_PREDICT_FALSE(!size.ok())) return size.status();
  internal::Position position;
  if (ABSL_PREDICT_FALSE(!core->ClaimNow(*size, &position))) {
    absl::Status claimed = core->Claim(*size, claiming, &position);
    if (!claimed.ok()) return claimed;
  }
  internal::Position next = position;
  for (absl::string_view payload : payloads) {
    internal::CopyPayload(core->PayloadAt(next), payload);
    next += internal::RecordSize(payload.size());
  }
  core->CommitBatch(position, payloads.size(), size_of);
  return absl::OkStatus();
}

}  // namespace

absl::Status Sender::TrySendBatch(absl::Span<const absl::string_view> payloads) {
  return SendBatchAs(core_.get(), payloads, Now());
}

absl::Status Sender::SendBatch(absl::Span<const absl::string_view> payloads, Deadline deadline) {
  return SendBatchAs(core_.get(), payloads, {/*wait=*/true, /*when_empty=*/false, deadline});
}

absl::Status Sender::WriteBatchAs(absl::Span<const size_t> sizes, WriteMessage write, bool wait,
                                  Deadline deadline) {
  if (sizes.empty()) return absl::OkStatus();
  const auto size_of = [sizes](size_t i) { return sizes[i]; };
  const absl::StatusOr<size_t> size = BatchSize(core_.get(), sizes.size(), size_of);
  if (!size.ok()) return size.status();
  absl::StatusOr<Loan> whole = ClaimAs(*size, wait, /*when_empty=*/false, deadline);
  if (!whole.ok()) return whole.status();
  internal::Position next = whole->position_;
  for (size_t i = 0; i < sizes.size(); ++i) {
    write(i, absl::MakeSpan(core_->PayloadAt(next), sizes[i]));
    next += internal::RecordSize(sizes[i]);
  }
  // `write` may have forked. The parent commits; here `whole` goes without a trace.
  const absl::Status process = core_->CheckProcess();
  if (!process.ok()) return process;
  std::exchange(whole->core_, nullptr)->CommitBatch(whole->position_, sizes.size(), size_of);
  return absl::OkStatus();
}

absl::Status Sender::TrySendBatch(absl::Span<const size_t> sizes, WriteMessage write) {
  return WriteBatchAs(sizes, write, /*wait=*/false, absl::ZeroDuration());
}

absl::Status Sender::SendBatch(absl::Span<const size_t> sizes, WriteMessage write,
                               Deadline deadline) {
  return WriteBatchAs(sizes, write, /*wait=*/true, deadline);
}

absl::Status Sender::TrySend(absl::string_view payload) {
  if (ABSL_PREDICT_TRUE(SendNow(core_.get(), payload))) return absl::OkStatus();
  return SendAs(core_.get(), payload, Now());
}

absl::Status Sender::Send(absl::string_view payload, Deadline deadline) {
  if (ABSL_PREDICT_TRUE(SendNow(core_.get(), payload))) return absl::OkStatus();
  return SendAs(core_.get(), payload, {/*wait=*/true, /*when_empty=*/false, deadline});
}

absl::Status Sender::SendWhenEmpty(absl::string_view payload, Deadline deadline) {
  return SendAs(core_.get(), payload, {/*wait=*/true, /*when_empty=*/true, deadline});
}

absl::StatusOr<Loan> Sender::ClaimAs(size_t size, bool wait, bool when_empty, Deadline deadline) {
  internal::Position position;
  const absl::Status claimed = core_->Claim(size, {wait, when_empty, deadline}, &position);
  if (!claimed.ok()) return claimed;
  return Loan(core_.get(), position, core_->PayloadAt(position), size);
}

absl::StatusOr<Loan> Sender::TryClaim(size_t size) {
  return ClaimAs(size, false, false, absl::ZeroDuration());
}

absl::StatusOr<Loan> Sender::Claim(size_t size, Deadline deadline) {
  return ClaimAs(size, true, false, deadline);
}

absl::StatusOr<Loan> Sender::ClaimWhenEmpty(size_t size, Deadline deadline) {
  return ClaimAs(size, true, true, deadline);
}

const Channel& Sender::channel() const { return core_->channel(); }

uint16_t Sender::slot() const { return core_->slot(); }

}  // namespace ipmpsc
