#include "ipmpsc/wait_set.h"

#include <optional>
#include <utility>

#include "ipmpsc/internal/endpoint/receiver_core.h"
#include "ipmpsc/internal/endpoint/sender_core.h"
#include "ipmpsc/internal/endpoint/wait_set_core.h"

namespace ipmpsc {
namespace {

using internal::WaitSetCore;
using Mechanism = WaitSetCore::Mechanism;

std::optional<Mechanism> MechanismOf(WaitMechanism mechanism) {
  switch (mechanism) {
    case WaitMechanism::kIoUring:
      return Mechanism::kIoUring;
    case WaitMechanism::kHelperThread:
      return Mechanism::kThreads;
    case WaitMechanism::kPolling:
      return Mechanism::kPolling;
    case WaitMechanism::kAutomatic:
      break;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<WaitSet> WaitSet::Create(const WaitSetOptions& options) {
  absl::StatusOr<std::unique_ptr<WaitSetCore>> core =
      WaitSetCore::Create(MechanismOf(options.mechanism), /*with_descriptors=*/true);
  if (!core.ok()) return core.status();
  return WaitSet(*std::move(core));
}

WaitSet::WaitSet(std::unique_ptr<WaitSetCore> core) : core_(std::move(core)) {}
WaitSet::WaitSet(WaitSet&& other) noexcept = default;
WaitSet& WaitSet::operator=(WaitSet&& other) noexcept = default;
WaitSet::~WaitSet() = default;

absl::Status WaitSet::Add(Receiver& receiver, uint64_t tag) {
  return core_->Add(receiver.core_.get(), tag);
}

absl::Status WaitSet::Add(Sender& sender, size_t payload_size, uint64_t tag) {
  internal::SenderCore* const end = sender.core_.get();
  if (absl::Status status = core_->Add(end, tag); !status.ok()) return status;
  absl::Status status = end->WaitFor(payload_size);
  if (!status.ok()) (void)core_->Remove(end);
  return status;
}

absl::Status WaitSet::AddFd(int fd, uint32_t events, uint64_t tag) {
  return core_->AddFd(fd, events, tag);
}

absl::Status WaitSet::Remove(Receiver& receiver) { return core_->Remove(receiver.core_.get()); }
absl::Status WaitSet::Remove(Sender& sender) { return core_->Remove(sender.core_.get()); }
absl::Status WaitSet::RemoveFd(int fd) { return core_->RemoveFd(fd); }

absl::StatusOr<size_t> WaitSet::Wait(Deadline deadline, absl::Span<Ready> ready) {
  return core_->Wait(deadline.nanoseconds(), ready);
}

absl::StatusOr<int> WaitSet::fd() { return core_->Fd(); }

void WaitSet::Interrupt() { core_->Interrupt(); }

WaitSetStatistics WaitSet::statistics() const {
  WaitSetStatistics statistics;
  switch (core_->mechanism()) {
    case Mechanism::kIoUring:
      statistics.mechanism = WaitMechanism::kIoUring;
      break;
    case Mechanism::kThreads:
      statistics.mechanism = WaitMechanism::kHelperThread;
      break;
    case Mechanism::kPolling:
      statistics.mechanism = WaitMechanism::kPolling;
      break;
  }
  statistics.refused = core_->refused();
  statistics.members = core_->size();
  statistics.sleeps = core_->counters().sleeps;
  statistics.wakes = core_->counters().fired;
  statistics.looks = core_->counters().looks;
  statistics.unwatched = core_->counters().unwatched;
  return statistics;
}

}  // namespace ipmpsc
