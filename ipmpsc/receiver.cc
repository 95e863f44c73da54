#include "ipmpsc/receiver.h"

#include <new>
#include <utility>

#include "absl/base/optimization.h"
#include "ipmpsc/internal/receiver_core.h"

namespace ipmpsc {
namespace {

Record RecordOf(const internal::TakenRecord& taken) {
  return {absl::string_view(taken.payload, taken.length), taken.position, taken.sender};
}

// Messages that `Drain` releases in one step.
constexpr size_t kReleasedTogether = 16;

}  // namespace

Lease::Lease(Lease&& other) noexcept
    : core_(std::exchange(other.core_, nullptr)), ticket_(other.ticket_), record_(other.record_) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    this->~Lease();
    new (this) Lease(std::move(other));
  }
  return *this;
}

Lease::~Lease() {
  if (core_ != nullptr) core_->Release(ticket_, record_.payload.size());
}

void Lease::Release() && { const Lease released(std::move(*this)); }

void Receiver::CoreDeleter::operator()(internal::ReceiverCore* core) const { core->Detach(); }

absl::StatusOr<Receiver> Receiver::Attach(const Channel& channel, const ReceiverOptions& options) {
  absl::StatusOr<internal::ReceiverCore*> core = internal::ReceiverCore::Attach(channel, options);
  if (!core.ok()) return core.status();
  return Receiver(*core);
}

Receiver::Receiver(Receiver&& other) noexcept = default;
Receiver& Receiver::operator=(Receiver&& other) noexcept = default;
Receiver::~Receiver() = default;

absl::StatusOr<Lease> Receiver::TryReceive() {
  internal::TakenRecord taken;
  uint64_t ticket;
  if (ABSL_PREDICT_FALSE(!core_->TakeNow(&taken, &ticket))) {
    absl::Status status = core_->TryTake(&taken, &ticket);
    if (!status.ok()) return status;
  }
  return Lease(core_.get(), ticket, RecordOf(taken));
}

absl::StatusOr<Lease> Receiver::Receive(Deadline deadline) {
  internal::TakenRecord taken;
  uint64_t ticket;
  if (ABSL_PREDICT_FALSE(!core_->TakeNow(&taken, &ticket))) {
    absl::Status status = core_->Take(deadline, &taken, &ticket);
    if (!status.ok()) return status;
  }
  return Lease(core_.get(), ticket, RecordOf(taken));
}

absl::StatusOr<size_t> Receiver::Drain(absl::FunctionRef<void(const Record&)> handler,
                                       size_t max_records) {
  size_t count = 0;
  while (count < max_records) {
    internal::TakenRecord taken;
    uint64_t ticket;
    if (ABSL_PREDICT_FALSE(!core_->TakeNow(&taken, &ticket))) {
      // Why nothing more is there, the next call finds out.
      if (count > 0) break;
      const absl::Status status = core_->TryTake(&taken, &ticket);
      if (!status.ok()) return status;
    }
    handler(RecordOf(taken));
    core_->ReleaseLater(ticket, taken.length);
    // Each release takes a cache line from the senders that wait for it, who then find space for one
    // message more: a few at a time are cheaper for both sides.
    if (++count % kReleasedTogether == 0) core_->GiveBack();
  }
  core_->GiveBack();
  return count;
}

const Channel& Receiver::channel() const { return core_->channel(); }

}  // namespace ipmpsc
