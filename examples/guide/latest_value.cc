// Values of which only the newest counts.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/guide/guide.h"
#include "examples/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"

namespace ipmpsc::examples {
namespace {

// Becomes the receiver, without what was sent before.
absl::StatusOr<Receiver> AttachFromNow(const Channel& channel) {
  ReceiverOptions options;
  options.start = ReceiverStart::kNow;
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel, options);
  if (receiver.ok()) Report("passed over when attaching:", receiver->skipped().messages);
  return receiver;
}

// Takes the newest value. Older ones are released unread.
absl::Status ShowNewest(Receiver& receiver) {
  const absl::StatusOr<Lease> newest = receiver.ReceiveLatest(kPatience);
  if (!newest.ok()) return newest.status();
  Report("the newest:", NumberOf(newest->payload()));
  return absl::OkStatus();
}

absl::Status Run(const std::string& directory) {
  const std::string path = directory + "/position";
  const absl::StatusOr<Channel> channel = Channel::Create(path, {});
  if (!channel.ok()) return channel.status();
  // Each process ends before the receiver looks.
  absl::Status status = Join(Start("sending before", [&] { return SendNumbers(path, 1, 1000); }));
  if (!status.ok()) return status;
  absl::StatusOr<Receiver> receiver = AttachFromNow(*channel);
  if (!receiver.ok()) return receiver.status();
  status = Join(Start("sending after", [&] { return SendNumbers(path, 1001, 1500); }));
  if (status.ok()) status = ShowNewest(*receiver);
  if (status.ok()) Report("passed over altogether:", receiver->skipped().messages);
  return status;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(
      argc, argv, "latest_value\n\nReceives the newest of many values.", ipmpsc::examples::Run);
}
