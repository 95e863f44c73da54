#include "tests/process/collector.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/ring/ring.h"
#include "ipmpsc/internal/segment/segment.h"
#include "tests/testing/process/child_process.h"

namespace ipmpsc::testing {
namespace {

// More messages than fit into the smallest ring. Senders with that many messages fill the ring.
constexpr uint64_t kMoreThanFit = 600;

}  // namespace

Collector::Collector(Receiver* receiver, std::function<uint64_t(uint16_t slot)> stream_of,
                     bool let_senders_sleep)
    : receiver_(receiver),
      stream_of_(std::move(stream_of)),
      let_senders_sleep_(let_senders_sleep) {}

std::string Collector::Enter(uint16_t slot, uint64_t position, absl::string_view payload) {
  if (position < next_position_) return absl::StrCat("position ", position, " comes late");
  next_position_ = position + 1;
  const std::string wrong = ledger_.Enter(stream_of_(slot), payload);
  return wrong.empty() ? "" : absl::StrCat("slot ", slot, ", position ", position, ": ", wrong);
}

absl::Status Collector::TakeLeases(size_t most, std::string* wrong) {
  while (leases_.size() < most && wrong->empty()) {
    absl::StatusOr<Lease> lease = receiver_->TryReceive();
    if (absl::IsUnavailable(lease.status())) return absl::OkStatus();
    if (!lease.ok()) return lease.status();
    *wrong = Enter(lease->sender(), lease->position(), lease->payload());
    leases_.push_back(*std::move(lease));
  }
  return absl::OkStatus();
}

absl::Status Collector::TakeByDraining(size_t most, std::string* wrong) {
  const auto enter = [&](const Record& record) {
    if (wrong->empty()) *wrong = Enter(record.sender, record.position, record.payload);
  };
  const absl::Status drained = receiver_->Drain(enter, most).status();
  return absl::IsUnavailable(drained) ? absl::OkStatus() : drained;
}

void Collector::ReleaseAll() {
  while (!leases_.empty()) {
    random_ = Mix(random_, leases_.size());
    std::swap(leases_[random_ % leases_.size()], leases_.back());
    leases_.pop_back();
  }
}

std::string Collector::Collect(uint64_t count) {
  const std::atomic<uint32_t>& senders_wait =
      internal::ChannelAccess::SegmentOf(receiver_->channel())->ring().control->senders_wait;
  std::string wrong;
  for (uint64_t round = 0; ledger_.total() < count; ++round) {
    absl::StatusOr<Lease> first = receiver_->Receive(kPatience);
    if (!first.ok()) return absl::StrCat(first.status().ToString(), " after ", received());
    wrong = Enter(first->sender(), first->position(), first->payload());
    leases_.push_back(*std::move(first));
    const size_t most = std::min<uint64_t>(round % 8, count - ledger_.total());
    const absl::Status taken = wrong.empty() ? (round % 16 < 8 ? TakeLeases(1 + most, &wrong)
                                                : most > 0     ? TakeByDraining(most, &wrong)
                                                               : absl::OkStatus())
                                             : absl::OkStatus();
    if (!taken.ok()) return taken.ToString();
    if (!wrong.empty()) return wrong;
    ReleaseAll();
    if (let_senders_sleep_ && round % 8 == 7 && count - ledger_.total() > kMoreThanFit &&
        !Await([&] { return (senders_wait.load() & 1) != 0; })) {
      return "no sender went to sleep";
    }
  }
  return "";
}

}  // namespace ipmpsc::testing
