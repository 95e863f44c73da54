// Sends the lines of standard input to //examples:receive.
//
//   send [--timeout=DURATION] [--wait=10s] PATH

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/command_line.h"
#include "examples/text/text.ipmpsc.h"
#include "examples/text/text.pb.h"

ABSL_FLAG(absl::Duration, timeout, absl::InfiniteDuration(),
          "the longest wait for space in the ring");
ABSL_FLAG(absl::Duration, wait, absl::Seconds(10),
          "the longest wait for a receiver to create the channel");

namespace ipmpsc::examples {
namespace {

// Opens the channel, and waits for a receiver to create it where it does not exist yet.
absl::StatusOr<LineSender> OpenWhenCreated(const std::string& path) {
  absl::StatusOr<LineSender> sender = LineSender::Open(path);
  const absl::Duration wait = absl::GetFlag(FLAGS_wait);
  if (!absl::IsNotFound(sender.status()) || wait <= absl::ZeroDuration()) return sender;
  Complain(absl::StrCat("waiting for //examples:receive to create ", path));
  return LineSender::Open(path, wait);
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments = ParseArguments(
      argc, argv,
      "send [flags] PATH\n\nSends the lines of standard input through the channel at PATH, which "
      "//examples:receive creates.",
      {"timeout", "wait"});
  if (arguments.size() != 1)
    Fail(kBadInput, "give the path of one channel, for example /dev/shm/lines");

  absl::StatusOr<LineSender> sender = OpenWhenCreated(arguments[0]);
  if (absl::IsNotFound(sender.status()) || absl::IsDeadlineExceeded(sender.status())) {
    Fail(kBadInput, absl::StrCat(sender.status().message(),
                                 "; start //examples:receive with this path, or raise --wait"));
  }
  if (!sender.ok()) Fail(kBadInput, sender.status().message());

  Line line;
  for (std::string text; std::getline(std::cin, text);) {
    line.set_text(std::move(text));
    const absl::Status sent = sender->Send(line, absl::GetFlag(FLAGS_timeout));
    if (absl::IsInvalidArgument(sent)) Fail(kBadInput, sent.message());
    if (absl::IsDeadlineExceeded(sent))
      Fail(kFault, "the ring is full; start //examples:receive with this path, or raise --timeout");
    if (!sent.ok()) Fail(kFault, sent.message());
  }
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
