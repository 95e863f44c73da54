// One loop over several channels, with a WaitSet.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "examples/guide/guide.h"
#include "examples/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/wait_set.h"

namespace ipmpsc::examples {
namespace {

enum : uint64_t { kOrders, kQuotes };

uint64_t received[2] = {};

absl::Status Handle(uint64_t tag, const Lease& lease) {
  return NumberOf(lease.payload()) == ++received[tag] ? absl::OkStatus()
                                                      : absl::DataLossError("not the next number");
}

// Receives from both channels until both have ended.
absl::Status ReceiveBoth(Receiver& orders, Receiver& quotes) {
  absl::StatusOr<WaitSet> set = WaitSet::Create();
  if (!set.ok()) return set.status();
  absl::Status added = set->Add(orders, kOrders);
  added.Update(set->Add(quotes, kQuotes));
  if (!added.ok()) return added;
  Ready ready[2];
  for (size_t open = 2; open > 0;) {
    const absl::StatusOr<size_t> count = set->Wait(kPatience, absl::MakeSpan(ready));
    if (!count.ok()) return count.status();
    if (*count == 0) return absl::DeadlineExceededError("no message came");
    for (size_t i = 0; i < *count; ++i) {
      Receiver& receiver = ready[i].tag == kOrders ? orders : quotes;
      const absl::StatusOr<Lease> lease = receiver.TryReceive();
      absl::Status status = lease.status();
      if (lease.ok()) {
        status = Handle(ready[i].tag, *lease);
      } else if (absl::IsOutOfRange(status)) {  // An ended channel stays ready.
        status = set->Remove(receiver);
        --open;
      } else if (absl::IsUnavailable(status)) {  // no message after all
        status = absl::OkStatus();
      }
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Receiver> CreateAndAttach(const std::string& path) {
  const absl::StatusOr<Channel> channel = Channel::Create(path, {});
  if (!channel.ok()) return channel.status();
  ReceiverOptions options;
  options.end_without_senders = true;
  return Receiver::Attach(*channel, options);
}

absl::Status Run(const std::string& directory) {
  const std::string orders_path = directory + "/orders";
  const std::string quotes_path = directory + "/quotes";
  const Process first = Start("orders", [&] { return SendNumbers(orders_path, 1, 300); });
  const Process second = Start("quotes", [&] { return SendNumbers(quotes_path, 1, 20000); });
  absl::StatusOr<Receiver> orders = CreateAndAttach(orders_path);
  if (!orders.ok()) return orders.status();
  absl::StatusOr<Receiver> quotes = CreateAndAttach(quotes_path);
  if (!quotes.ok()) return quotes.status();
  absl::Status status = ReceiveBoth(*orders, *quotes);
  if (!status.ok()) return status;
  Report("orders:", received[kOrders]);
  Report("quotes:", received[kQuotes]);
  status.Update(Join(first));
  status.Update(Join(second));
  return status;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(
      argc, argv, "several_channels\n\nReceives from two channels in one loop.",
      ipmpsc::examples::Run);
}
