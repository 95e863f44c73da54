// A program with a channel of robot.Reading, which knows nothing of the command `ipmpsc`.
//
//   reading_program PATH MODE [timestamps|lossy]
//
// MODE is `create`, which ends at once; `bytes`, which creates a channel without a schema;
// `receive`, which prints the name and the count of each reading until standard input ends; or
// `slow`, which waits 200 ms before it releases each.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "tests/cli/reading.ipmpsc.h"

namespace robot {
namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

bool InputEnded() {
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  char byte;
  return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

int Main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string mode = argv[2];
  ipmpsc::ChannelOptions options = ReadingChannel::Options();
  options.exist_policy = ipmpsc::ExistPolicy::kReplace;
  options.timestamps = argc > 3 && std::strcmp(argv[3], "timestamps") == 0;
  if (argc > 3 && std::strcmp(argv[3], "lossy") == 0) {
    options.on_full = ipmpsc::OnFull::kDropNewest;
  }
  if (mode == "bytes") options.description.clear();
  absl::StatusOr<ipmpsc::Channel> channel = mode == "bytes"
                                                ? ipmpsc::Channel::Create(argv[1], options)
                                                : ReadingChannel::Create(argv[1], options);
  if (!channel.ok()) return Fail(channel.status());
  if (mode == "create" || mode == "bytes") return 0;
  absl::StatusOr<ReadingReceiver> receiver = ReadingReceiver::Attach(*channel);
  if (!receiver.ok()) return Fail(receiver.status());
  std::printf("ready\n");
  std::fflush(stdout);
  while (!InputEnded()) {
    const absl::StatusOr<ReadingLease> reading = receiver->Receive(absl::Milliseconds(20));
    if (absl::IsDeadlineExceeded(reading.status())) continue;
    if (!reading.ok()) return Fail(reading.status());
    if (mode == "slow") absl::SleepFor(absl::Milliseconds(200));
    std::printf("%s %lld\n", std::string((*reading)->name()).c_str(),
                static_cast<long long>((*reading)->count()));
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace robot

int main(int argc, char** argv) { return robot::Main(argc, argv); }
