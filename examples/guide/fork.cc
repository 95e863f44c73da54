// Fork: a child shares the channel of its parent, and attaches ends of its own.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/guide/guide.h"
#include "examples/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"

namespace ipmpsc::examples {
namespace {

// Runs in the child, after fork.
absl::Status SendFromChild(const Channel& channel, Sender& of_parent) {
  const absl::Status refused = of_parent.Send(Numbered(0), kPatience);
  if (!absl::IsFailedPrecondition(refused)) {  // An inherited end sends nothing.
    return absl::InternalError(absl::StrCat("sent from the parent's slot: ", refused.ToString()));
  }
  absl::StatusOr<Sender> own = Sender::Attach(channel);  // An inherited channel can be used.
  if (!own.ok()) return own.status();
  return own->Send(Numbered(1), kPatience);
}

absl::Status Run(const std::string& directory) {
  const absl::StatusOr<Channel> channel = Channel::Create(directory + "/family", {});
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Receiver> receiver = Receiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();
  absl::StatusOr<Sender> sender = Sender::Attach(*channel);
  if (!sender.ok()) return sender.status();
  absl::Status status = Join(Start("child", [&] { return SendFromChild(*channel, *sender); }));
  if (status.ok()) status = sender->Send(Numbered(2), kPatience);  // The parent's end still works.
  if (!status.ok()) return status;
  for (uint64_t number = 1; number <= 2; ++number) {
    const absl::StatusOr<Lease> lease = receiver->Receive(kPatience);
    if (!lease.ok()) return lease.status();
    if (NumberOf(lease->payload()) != number) return absl::DataLossError("not the next number");
  }
  Report("received from child and parent:", 2);
  return absl::OkStatus();
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(argc, argv, "fork\n\nSends from a forked child.",
                                          ipmpsc::examples::Run);
}
