// Prints the lines that any number of //examples:send processes send.
//
//   receive [--zero_copy] PATH

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "examples/command_line.h"
#include "examples/text/text.ipmpsc.h"
#include "examples/text/text.pb.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"

ABSL_FLAG(bool, zero_copy, false,
          "print each line from where it lies in the ring, instead of from a copy");
ABSL_FLAG(uint64_t, capacity, 65536, "bytes of a ring that is created");

namespace ipmpsc::examples {
namespace {

bool Print(absl::string_view line) {
  // An empty line may have no address.
  if (line.empty()) line = "";
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
         std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments =
      ParseArguments(argc, argv,
                     "receive [flags] PATH\n\nPrints the lines that come through the channel at "
                     "PATH, which it creates "
                     "if there is none.",
                     {"zero_copy", "capacity"});
  if (arguments.size() != 1)
    Fail(kBadInput, "give the path of one channel, for example /dev/shm/lines");

  ChannelOptions options = LineChannel::Options();
  options.capacity = absl::GetFlag(FLAGS_capacity);
  options.exist_policy = ExistPolicy::kOpen;
  absl::StatusOr<Channel> channel = LineChannel::Create(arguments[0], options);
  if (!channel.ok()) Fail(kBadInput, channel.status().message());
  absl::StatusOr<LineReceiver> receiver = LineReceiver::Attach(*channel);
  if (!receiver.ok()) Fail(kBadInput, receiver.status().message());

  for (;;) {
    absl::StatusOr<LineLease> line = receiver->Receive(Deadline::Never());
    if (absl::IsInvalidArgument(line.status())) {
      // One sender's mistake is no reason to leave the others.
      std::fprintf(stderr, "receive: %s\n", std::string(line.status().message()).c_str());
      continue;
    }
    if (!line.ok()) Fail(kFault, line.status().message());
    const bool printed = absl::GetFlag(FLAGS_zero_copy) ? Print((*line)->text())
                                                        : Print((*line)->ToMessage().text());
    if (!printed) Fail(kFault, "cannot write to standard output");
  }
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
