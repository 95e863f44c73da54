// Shows what //examples:camera sends: a line that tells how it goes, and frames as PNG files.
//
//   viewer [--directory=DIRECTORY] [PATH]

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "examples/command_line.h"
#include "examples/stop.h"
#include "examples/video/camera_channel.h"
#include "examples/video/camera_frame.ipmpsc.h"
#include "examples/video/frame_statistics.h"
#include "examples/video/png_file.h"
#include "examples/video/ppm_stream.h"
#include "ipmpsc/channel.h"

ABSL_FLAG(std::string, directory, "",
          "where frames are written as PNG files; made if it is not there; empty: nowhere");
ABSL_FLAG(uint64_t, every, 25, "every how many frames one is written");
ABSL_FLAG(uint64_t, frames, 0, "after how many frames to end; 0: when asked to, by Ctrl-C");
ABSL_FLAG(uint64_t, capacity, 67108864, "bytes of a ring that is created");

namespace ipmpsc::examples {
namespace {

constexpr int64_t kSecond = 1000000000;

int64_t Now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// On a terminal one line that changes, elsewhere a line each second.
void PrintLine(const std::string& line, bool last) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  std::printf("%s%s%s", terminal ? "\r\x1b[K" : "", line.c_str(), terminal && !last ? "" : "\n");
  if (std::fflush(stdout) != 0) Fail(kFault, "cannot write to standard output");
}

// A sender may be damaged, too: what it says of its pixels is no reason to read beyond them.
bool IsWhole(const CameraFrameView& frame) {
  const PictureSize size = {frame.width(), frame.height()};
  return size.width >= 1 && size.width <= kMaxPictureSide && size.height >= 1 &&
         size.height <= kMaxPictureSide && frame.pixels().size() == size.bytes();
}

// Returns the name of the file.
std::string Write(const CameraFrameView& frame, uint16_t camera) {
  const std::string path = absl::StrFormat("%s/camera%d-%06d.png", absl::GetFlag(FLAGS_directory),
                                           camera, frame.number());
  // From where the pixels lie in the ring.
  const absl::Status written = WritePngFile(path, frame.width(), frame.height(), frame.pixels());
  if (!written.ok()) Fail(kFault, written.message());
  return path;
}

void Show(CameraFrameReceiver* receiver) {
  const uint64_t most = absl::GetFlag(FLAGS_frames);
  const bool writes = !absl::GetFlag(FLAGS_directory).empty();
  FrameStatistics statistics;
  std::string size = "no picture";
  std::string written = "nothing written";
  int64_t next_line = Now() + kSecond;
  const auto line = [&](int64_t now) {
    return absl::StrCat(statistics.Line(now), ", ", size, ", ", written);
  };
  absl::Status status;
  while (!StopRequested() && (most == 0 || statistics.frames() < most)) {
    const absl::StatusOr<CameraFrameLease> lease = receiver->Receive(kLookForStop);
    const int64_t now = Now();
    if (lease.ok() && IsWhole(**lease)) {
      const CameraFrameView& frame = **lease;
      statistics.Add(lease->sender(), frame.number(), frame.taken(), now);
      size = absl::StrCat(frame.width(), "x", frame.height());
      if (writes && (statistics.frames() - 1) % absl::GetFlag(FLAGS_every) == 0) {
        written = Write(frame, lease->sender());
      }
    } else if (lease.ok()) {
      Complain(absl::StrCat("the frame at position ", lease->position(), " is not whole"));
    } else if (absl::IsInvalidArgument(lease.status())) {
      // One sender's mistake is no reason to leave the others.
      Complain(lease.status().message());
    } else if (!absl::IsDeadlineExceeded(lease.status())) {
      status = lease.status();
      break;
    }
    if (now >= next_line) {
      PrintLine(line(now), /*last=*/false);
      next_line = now + kSecond;
    }
  }
  PrintLine(line(Now()), /*last=*/true);
  if (!status.ok()) Fail(kFault, status.message());
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments = ParseArguments(
      argc, argv,
      "viewer [flags] [PATH]\n\nShows the frames that //examples:camera sends through the channel "
      "at PATH, or the one that camera_frame.proto declares, which it creates if there is none.",
      {"directory", "every", "frames", "capacity"});
  const std::string directory = absl::GetFlag(FLAGS_directory);
  if (absl::GetFlag(FLAGS_every) == 0) Fail(kBadInput, "--every must be 1 or more");
  if (!directory.empty() && mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST) {
    Fail(kBadInput, absl::StrCat("cannot make ", directory, ": ", std::strerror(errno)));
  }
  if (!directory.empty() && access(directory.c_str(), W_OK | X_OK) != 0) {
    Fail(kBadInput, absl::StrCat("cannot write to ", directory, ": ", std::strerror(errno)));
  }
  StopOnSignals();
  const absl::StatusOr<Channel> channel =
      OpenCameraChannel(arguments, absl::GetFlag(FLAGS_capacity));
  if (!channel.ok()) Fail(kBadInput, channel.status().message());
  absl::StatusOr<CameraFrameReceiver> receiver = CameraFrameReceiver::Attach(*channel);
  if (!receiver.ok()) Fail(kBadInput, receiver.status().message());
  Show(&*receiver);
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
