// Receives the frames of //examples:camera, prints their rate and latency, and writes some of them
// as PNG files.
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
#include "examples/status_line.h"
#include "examples/stop.h"
#include "examples/video/camera_channel.h"
#include "examples/video/camera_frame.ipmpsc.h"
#include "examples/video/frame_statistics.h"
#include "examples/video/png_file.h"
#include "examples/video/ppm_stream.h"
#include "ipmpsc/channel.h"

ABSL_FLAG(std::string, directory, "",
          "the directory for PNG files, created if missing; empty means that no file is written");
ABSL_FLAG(uint64_t, every, 25, "writes one of this many frames");
ABSL_FLAG(uint64_t, frames, 0, "ends after this many frames; 0 means at Ctrl-C");
ABSL_FLAG(uint64_t, capacity, ipmpsc::examples::kCameraCapacity,
          "the ring's size in bytes, if the viewer creates it");

namespace ipmpsc::examples {
namespace {

constexpr int64_t kSecond = 1000000000;

int64_t Now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Checks the sender's stated size against the received bytes, since a sender may be faulty.
bool IsWhole(const CameraFrameView& frame) {
  const PictureSize size = {frame.width(), frame.height()};
  return size.width >= 1 && size.width <= kMaxPictureSide && size.height >= 1 &&
         size.height <= kMaxPictureSide && frame.pixels().size() == size.bytes();
}

// Writes the frame directly from the ring and returns the file's name.
std::string Write(const CameraFrameView& frame, uint16_t camera) {
  const std::string path = absl::StrFormat("%s/camera%d-%06d.png", absl::GetFlag(FLAGS_directory),
                                           camera, frame.number());
  const absl::Status written = WritePngFile(path, frame.width(), frame.height(), frame.pixels());
  if (!written.ok()) Fail(kFault, written.message());
  return path;
}

// Receives until --frames have come, Ctrl-C or an error, which it returns.
absl::Status Show(const Channel& channel) {
  absl::StatusOr<CameraFrameReceiver> receiver = CameraFrameReceiver::Attach(channel);
  if (!receiver.ok()) return receiver.status();
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
      Complain(absl::StrCat("the frame at position ", lease->position(), " is incomplete"));
    } else if (absl::IsInvalidArgument(lease.status())) {
      // Continues after one sender's mistake, for the sake of the others.
      Complain(lease.status().message());
    } else if (!absl::IsDeadlineExceeded(lease.status())) {
      status = lease.status();
      break;
    }
    if (now >= next_line) {
      PrintStatusLine(line(now), /*last=*/false);
      next_line = now + kSecond;
    }
  }
  PrintStatusLine(line(Now()), /*last=*/true);
  return status;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments = ParseArguments(
      argc, argv,
      "viewer [flags] [PATH]\n\nReceives the frames that //examples:camera sends. The channel is "
      "the one at PATH or, without PATH, the one that camera_frame.proto declares. The viewer "
      "creates "
      "it if it does not exist.",
      {"directory", "every", "frames", "capacity"});
  const std::string directory = absl::GetFlag(FLAGS_directory);
  if (absl::GetFlag(FLAGS_every) == 0) Fail(kBadInput, "--every must be 1 or more");
  if (!directory.empty() && mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST) {
    Fail(kBadInput, absl::StrCat("cannot create ", directory, ": ", std::strerror(errno)));
  }
  if (!directory.empty() && access(directory.c_str(), W_OK | X_OK) != 0) {
    Fail(kBadInput, absl::StrCat("cannot write to ", directory, ": ", std::strerror(errno)));
  }
  StopOnSignals();
  const absl::StatusOr<CameraChannel> opened =
      OpenCameraChannel(arguments, absl::GetFlag(FLAGS_capacity));
  if (!opened.ok()) Fail(kBadInput, opened.status().message());
  const absl::Status status = Show(opened->channel);
  // An attached camera removes the channel when it ends.
  if (arguments.empty() && !opened->channel.HasReceiver() && !opened->channel.HasSender()) {
    RemoveDeclaredChannel(opened->channel);
  }
  if (!status.ok()) Fail(absl::IsAlreadyExists(status) ? kBadInput : kFault, status.message());
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
