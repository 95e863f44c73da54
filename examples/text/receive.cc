// Prints the lines that any number of //examples:send processes send, until Ctrl-C.
//
//   receive [--zero_copy] [--capacity=BYTES] PATH

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/command_line.h"
#include "examples/stop.h"
#include "examples/text/text.ipmpsc.h"
#include "examples/text/text.pb.h"
#include "ipmpsc/channel.h"

ABSL_FLAG(bool, zero_copy, false,
          "prints each line from where it lies in the ring, instead of from a copy");
ABSL_FLAG(uint64_t, capacity, 65536, "the ring's size in bytes, if the receiver creates it");

namespace ipmpsc::examples {
namespace {

bool Print(absl::string_view line) {
  // An empty line may have no address, which `fwrite` needs.
  if (line.empty()) line = "";
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
         std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
}

// Prints the next line. Returns false if none came within `timeout`.
bool PrintNext(LineReceiver* receiver, absl::Duration timeout) {
  const absl::StatusOr<LineLease> line = receiver->Receive(timeout);
  if (absl::IsDeadlineExceeded(line.status())) return false;
  if (absl::IsInvalidArgument(line.status())) {
    // Continues after one sender's mistake, for the sake of the others.
    Complain(line.status().message());
    return true;
  }
  if (!line.ok()) Fail(kFault, line.status().message());
  const bool printed =
      absl::GetFlag(FLAGS_zero_copy) ? Print((*line)->text()) : Print((*line)->ToMessage().text());
  if (!printed) Fail(kFault, "cannot write to standard output");
  return true;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments =
      ParseArguments(argc, argv,
                     "receive [flags] PATH\n\nPrints the lines that come through the channel at "
                     "PATH, until Ctrl-C. Creates the channel if it does not exist.",
                     {"zero_copy", "capacity"});
  if (arguments.size() != 1)
    Fail(kBadInput, "give the path of one channel, for example /dev/shm/lines");

  ChannelOptions options = LineChannel::Options();
  options.capacity = absl::GetFlag(FLAGS_capacity);
  options.exist_policy = ExistPolicy::kOpen;
  options.accept_smaller = true;  // `capacity` is for a new channel.
  absl::StatusOr<Channel> channel = LineChannel::Create(arguments[0], options);
  if (!channel.ok()) Fail(kBadInput, channel.status().message());
  absl::StatusOr<LineReceiver> receiver = LineReceiver::Attach(*channel);
  if (!receiver.ok()) Fail(kBadInput, receiver.status().message());

  StopOnSignals();
  while (!StopRequested()) PrintNext(&*receiver, kLookForStop);
  // The last user of the channel empties and removes it. An attached sender continues.
  while (!channel->HasSender() && PrintNext(&*receiver, absl::ZeroDuration())) {
  }
  receiver = absl::CancelledError("detached");
  if (!channel->HasReceiver() && !channel->HasSender() &&
      channel->state() != ChannelState::kUnlinked) {
    std::remove(arguments[0].c_str());
  }
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
