#include "ipmpsc/sender.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/endpoint/sender_core.h"
#include "ipmpsc/internal/endpoint/wait_set_core.h"
#include "ipmpsc/internal/payload_copy.h"
#include "ipmpsc/internal/require.h"

namespace ipmpsc {
namespace {

using internal::ClaimOptions;
using internal::RecordKind;
using internal::SenderCore;

ClaimOptions Now() { return {ClaimOptions::When::kNow, absl::ZeroDuration()}; }
ClaimOptions WhenSpace(Deadline deadline) { return {ClaimOptions::When::kWhenSpace, deadline}; }
ClaimOptions WhenReleased(Deadline deadline) {
  return {ClaimOptions::When::kWhenReleased, deadline};
}

// The fast path of sending. Returns false if the message was not sent.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool TryFastSend(SenderCore* core, absl::string_view payload) {
  internal::Position position;
  if (ABSL_PREDICT_FALSE(!core->TryFastClaim(payload.size(), &position))) return false;
  internal::CopyPayload(core->PayloadAt(position), payload);
  core->FastCommit(position, payload.size());
  return true;
}

ABSL_ATTRIBUTE_NOINLINE absl::Status SendAs(SenderCore* core, absl::string_view payload,
                                            const ClaimOptions& options) {
  internal::Position position;
  absl::Status claimed = core->Claim(payload.size(), options, &position);
  if (claimed.ok()) {
    internal::CopyPayload(core->PayloadAt(position), payload);
    core->Settle(position, payload.size(), payload.size(), RecordKind::kMessage);
  }
  return claimed;
}

}  // namespace

Loan::Loan(internal::LocalRef<SenderCore> core, uint64_t position, char* data, size_t size)
    : core_(std::move(core)), position_(position), data_(data), size_(size) {}

Loan::Loan(Loan&& other) noexcept = default;

Loan& Loan::operator=(Loan&& other) noexcept {
  Loan taken(std::move(other));
  std::swap(core_, taken.core_);
  std::swap(position_, taken.position_);
  std::swap(data_, taken.data_);
  std::swap(size_, taken.size_);
  return *this;
}

Loan::~Loan() {
  if (core_) core_->Settle(position_, size_, size_, RecordKind::kDiscarded);
}

void Loan::Publish() && { std::move(*this).Publish(size_); }

void Loan::Publish(size_t size) && {
  internal::Require(static_cast<bool>(core_),
                    "Loan::Publish: the loan was already published or moved from");
  internal::Require(size <= size_, "Loan::Publish: the size exceeds the claimed size");
  const internal::LocalRef<SenderCore> core(std::move(core_));
  core->Settle(position_, size_, size, RecordKind::kMessage);
}

absl::StatusOr<Sender> Sender::Attach(const Channel& channel, const SenderOptions& options) {
  absl::StatusOr<internal::LocalRef<SenderCore>> core =
      SenderCore::Attach(internal::ChannelAccess::SegmentOf(channel), options);
  if (!core.ok()) return core.status();
  return Sender(channel, *std::move(core));
}

Sender::Sender(Channel channel, internal::LocalRef<SenderCore> core)
    : channel_(std::move(channel)), core_(std::move(core)) {}
Sender::Sender(Sender&& other) noexcept = default;

Sender& Sender::operator=(Sender&& other) noexcept {
  Sender taken(std::move(other));
  std::swap(channel_, taken.channel_);
  std::swap(core_, taken.core_);
  std::swap(own_set_, taken.own_set_);
  return *this;
}

Sender::~Sender() {
  if (core_) core_->SetDetached();
}

absl::Status Sender::TrySendBatch(absl::Span<const absl::string_view> payloads) {
  return core_->SendBatch(payloads, Now());
}

absl::Status Sender::SendBatch(absl::Span<const absl::string_view> payloads, Deadline deadline) {
  return core_->SendBatch(payloads, WhenSpace(deadline));
}

absl::Status Sender::TryWriteBatch(absl::Span<const size_t> sizes, WriteMessage write) {
  // `write` may destroy or move this.
  const internal::LocalRef<SenderCore> core(core_);
  return core->WriteBatch(sizes, write, Now());
}

absl::Status Sender::WriteBatch(absl::Span<const size_t> sizes, WriteMessage write,
                                Deadline deadline) {
  const internal::LocalRef<SenderCore> core(core_);
  return core->WriteBatch(sizes, write, WhenSpace(deadline));
}

absl::Status Sender::TrySend(absl::string_view payload) {
  if (ABSL_PREDICT_TRUE(TryFastSend(core_.get(), payload))) return absl::OkStatus();
  return SendAs(core_.get(), payload, Now());
}

absl::Status Sender::Send(absl::string_view payload, Deadline deadline) {
  if (ABSL_PREDICT_TRUE(TryFastSend(core_.get(), payload))) return absl::OkStatus();
  return SendAs(core_.get(), payload, WhenSpace(deadline));
}

absl::Status Sender::SendWhenEmpty(absl::string_view payload, Deadline deadline) {
  return SendAs(core_.get(), payload, WhenReleased(deadline));
}

absl::StatusOr<Loan> Sender::ClaimAs(size_t size, const ClaimOptions& options) {
  internal::Position position;
  const absl::Status claimed = core_->Claim(size, options, &position);
  if (!claimed.ok()) return claimed;
  return Loan(core_, position, core_->PayloadAt(position), size);
}

absl::StatusOr<Loan> Sender::TryClaim(size_t size) { return ClaimAs(size, Now()); }

absl::StatusOr<Loan> Sender::Claim(size_t size, Deadline deadline) {
  return ClaimAs(size, WhenSpace(deadline));
}

absl::StatusOr<Loan> Sender::ClaimWhenEmpty(size_t size, Deadline deadline) {
  return ClaimAs(size, WhenReleased(deadline));
}

uint64_t Sender::dropped() const { return core_->dropped(); }

uint64_t Sender::sent_position() const { return core_->sent_position(); }

absl::Status Sender::SetNextSequence(uint64_t sequence) { return core_->SetNextSequence(sequence); }

absl::Status Sender::WaitUntilReleased(uint64_t position, Deadline deadline) {
  return core_->WaitUntilReleased(position, deadline);
}

void Sender::Interrupt() {
  if (core_) core_->Interrupt();
}

absl::StatusOr<int> Sender::Fd(size_t payload_size) {
  if (own_set_ == nullptr) {
    absl::StatusOr<std::unique_ptr<internal::WaitSetCore>> set =
        internal::WaitSetCore::ForOne(core_.get());
    if (!set.ok()) return set.status();
    own_set_ = *std::move(set);
  }
  absl::StatusOr<int> fd = own_set_->Fd();
  if (!fd.ok()) return fd;
  if (absl::Status status = core_->WaitFor(payload_size); !status.ok()) return status;
  // An announcement for another size is void.
  own_set_->LookAgain(core_.get());
  return fd;
}

bool Sender::Arm() { return own_set_ != nullptr && own_set_->Fd().ok() && own_set_->Arm(); }

uint16_t Sender::slot() const { return core_->slot(); }

}  // namespace ipmpsc
