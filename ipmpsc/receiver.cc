#include "ipmpsc/receiver.h"

#include <utility>

#include "absl/base/optimization.h"
#include "absl/types/span.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/endpoint/receiver_core.h"
#include "ipmpsc/internal/endpoint/wait_set_core.h"

namespace ipmpsc {

using internal::ReceiverCore;
using internal::RecordOf;
using internal::TakenRecord;

Lease::Lease(internal::LocalRef<ReceiverCore> core, uint64_t ticket, const Record& record)
    : core_(std::move(core)), ticket_(ticket), record_(record) {}

Lease::Lease(Lease&& other) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  Lease taken(std::move(other));
  std::swap(core_, taken.core_);
  std::swap(ticket_, taken.ticket_);
  std::swap(record_, taken.record_);
  return *this;
}

Lease::~Lease() {
  if (core_) core_->Release(ticket_, record_.payload.size());
}

void Lease::Release() && { const Lease released(std::move(*this)); }

absl::StatusOr<Receiver> Receiver::Attach(const Channel& channel, const ReceiverOptions& options) {
  absl::StatusOr<internal::LocalRef<ReceiverCore>> core =
      ReceiverCore::Attach(internal::ChannelAccess::SegmentOf(channel), options);
  if (!core.ok()) return core.status();
  return Receiver(channel, *std::move(core));
}

Receiver::Receiver(Channel channel, internal::LocalRef<ReceiverCore> core)
    : channel_(std::move(channel)), core_(std::move(core)) {}

Receiver::Receiver(Receiver&& other) noexcept = default;

Receiver& Receiver::operator=(Receiver&& other) noexcept {
  Receiver taken(std::move(other));
  std::swap(channel_, taken.channel_);
  std::swap(core_, taken.core_);
  std::swap(own_set_, taken.own_set_);
  return *this;
}

Receiver::~Receiver() {
  if (core_) core_->SetDetached();
}

absl::StatusOr<Lease> Receiver::TryReceive() {
  TakenRecord taken;
  uint64_t ticket;
  if (ABSL_PREDICT_FALSE(!core_->TryFastTake(&taken, &ticket))) {
    absl::Status status = core_->TryTake(&taken, &ticket);
    if (!status.ok()) return status;
  }
  return Lease(core_, ticket, RecordOf(taken));
}

absl::StatusOr<Lease> Receiver::Receive(Deadline deadline) {
  TakenRecord taken;
  uint64_t ticket;
  if (ABSL_PREDICT_FALSE(!core_->TryFastTake(&taken, &ticket))) {
    absl::Status status = core_->Take(deadline, &taken, &ticket);
    if (!status.ok()) return status;
  }
  return Lease(core_, ticket, RecordOf(taken));
}

absl::StatusOr<Lease> Receiver::TryReceiveLatest() {
  TakenRecord taken;
  uint64_t ticket;
  absl::Status status = core_->TryTakeLatest(&taken, &ticket);
  if (!status.ok()) return status;
  return Lease(core_, ticket, RecordOf(taken));
}

absl::StatusOr<Lease> Receiver::ReceiveLatest(Deadline deadline) {
  TakenRecord taken;
  uint64_t ticket;
  absl::Status status = core_->TakeLatest(deadline, &taken, &ticket);
  if (!status.ok()) return status;
  return Lease(core_, ticket, RecordOf(taken));
}

Skipped Receiver::skipped() const { return {core_->skipped_records(), core_->skipped_bytes()}; }

uint64_t Receiver::dropped() const { return core_->Dropped(); }

absl::StatusOr<size_t> Receiver::DrainWhile(absl::FunctionRef<bool(const Record&)> handler,
                                            size_t max_records) {
  // The handler may destroy or move this.
  const internal::LocalRef<ReceiverCore> core(core_);
  return core->Drain(handler, max_records);
}

void Receiver::Interrupt() {
  if (core_) core_->Interrupt();
}

absl::StatusOr<int> Receiver::Fd() {
  if (own_set_ == nullptr) {
    absl::StatusOr<std::unique_ptr<internal::WaitSetCore>> set =
        internal::WaitSetCore::ForOne(core_.get());
    if (!set.ok()) return set.status();
    own_set_ = *std::move(set);
  }
  return own_set_->Fd();
}

bool Receiver::Arm() {
  if (!Fd().ok()) return false;
  return own_set_->Arm();
}

}  // namespace ipmpsc
