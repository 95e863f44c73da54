// Sends the frames of a video, each read straight to where //examples:viewer finds it.
//
//   camera [--input=FILE] [PATH]

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/command_line.h"
#include "examples/processes.h"
#include "examples/stop.h"
#include "examples/video/camera_channel.h"
#include "examples/video/camera_frame.ipmpsc.h"
#include "examples/video/ffmpeg.h"
#include "examples/video/ppm_stream.h"
#include "ipmpsc/channel.h"

ABSL_FLAG(std::string, input, "",
          "a video file, device or address that ffmpeg reads; empty: a moving test picture");
ABSL_FLAG(std::string, size, "1280x720", "width and height of the test picture");
ABSL_FLAG(double, rate, 25, "frames of the test picture in a second");
ABSL_FLAG(
    std::string, ppm, "",
    "pictures in the PPM format, one after the other, instead of what ffmpeg decodes; - reads "
    "them from standard input");
ABSL_FLAG(uint64_t, frames, 0, "how many frames are read at most; 0: all");
ABSL_FLAG(bool, live, true,
          "as a real camera: at the pace of the video, and a frame that finds no room is dropped; "
          "otherwise as fast as the viewer takes them");
ABSL_FLAG(uint64_t, capacity, 67108864, "bytes of a ring that is created");

namespace ipmpsc::examples {
namespace {

// What a frame takes beside its pixels: four numbers, and the alignment of the pixels.
constexpr size_t kBesidePixels = 256;

int64_t Now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Counts {
  uint64_t sent = 0;
  uint64_t dropped = 0;
};

absl::StatusOr<CameraFrameLoan> Lend(CameraFrameSender* sender, size_t bound) {
  if (absl::GetFlag(FLAGS_live)) return sender->TryLoan(bound);
  for (;;) {
    absl::StatusOr<CameraFrameLoan> loan = sender->Loan(bound, kLookForStop);
    if (!absl::IsDeadlineExceeded(loan.status())) return loan;
    if (StopRequested()) return absl::CancelledError("asked to stop");
  }
}

absl::Status SendNext(PpmStream* pictures, CameraFrameSender* sender, Counts* counts) {
  const absl::StatusOr<PictureSize> size = pictures->Next();
  if (!size.ok()) return size.status();
  absl::StatusOr<CameraFrameLoan> frame = Lend(sender, size->bytes() + kBesidePixels);
  if (absl::IsResourceExhausted(frame.status())) {
    ++counts->dropped;
    return pictures->Skip(size->bytes());
  }
  if (absl::IsInvalidArgument(frame.status())) {
    return absl::InvalidArgumentError(absl::StrCat("a frame of ", size->width, "x", size->height,
                                                   ": ", frame.status().message(),
                                                   "; remove the channel and give --capacity"));
  }
  if (!frame.ok()) return frame.status();

  frame->set_number(counts->sent + counts->dropped + 1);
  frame->set_width(size->width);
  frame->set_height(size->height);
  // The one copy that there is: from the pipe into the ring.
  const absl::Status read = pictures->Read(frame->mutable_pixels(size->bytes()));
  if (!read.ok()) return read;
  frame->set_taken(Now());
  const absl::Status published = std::move(*frame).Publish();
  if (published.ok()) ++counts->sent;
  return published;
}

// Returns why there is no further frame; OK where there are as many as were asked for.
absl::Status SendAll(int fd, CameraFrameSender* sender, Counts* counts) {
  PpmStream pictures(fd);
  const uint64_t most = absl::GetFlag(FLAGS_frames);
  absl::Status status;
  while (status.ok() && (most == 0 || counts->sent + counts->dropped < most)) {
    status = SendNext(&pictures, sender, counts);
  }
  return status;
}

VideoSource SourceFromFlags() {
  VideoSource source;
  source.input = absl::GetFlag(FLAGS_input);
  source.size = absl::GetFlag(FLAGS_size);
  source.rate = absl::GetFlag(FLAGS_rate);
  source.own_pace = absl::GetFlag(FLAGS_live);
  unsigned width = 0;
  unsigned height = 0;
  char rest = 0;
  if (std::sscanf(source.size.c_str(), "%5ux%5u%c", &width, &height, &rest) != 2 || width < 1 ||
      width > kMaxPictureSide || height < 1 || height > kMaxPictureSide) {
    Fail(kBadInput, absl::StrCat("--size must be like 1280x720, up to ", kMaxPictureSide, "x",
                                 kMaxPictureSide));
  }
  if (!(source.rate >= 0.1 && source.rate <= 1000)) {
    Fail(kBadInput, "--rate must be 0.1 to 1000");
  }
  return source;
}

absl::Status SendVideo(CameraFrameSender* sender, Counts* counts) {
  absl::StatusOr<Ffmpeg> ffmpeg = StartFfmpeg(SourceFromFlags());
  if (!ffmpeg.ok()) return ffmpeg.status();
  const absl::Status status = SendAll(ffmpeg->fd, sender, counts);
  const bool at_end = absl::IsOutOfRange(status);
  // It has nothing to lose; asked to end, it would complain of a pipe that nobody reads.
  if (!at_end) Signal(ffmpeg->process, SIGKILL);
  Wait(&ffmpeg->process);
  close(ffmpeg->fd);
  if (!at_end || ffmpeg->process.ended_well() || StopRequested()) return status;
  return absl::InvalidArgumentError(absl::StrCat("ffmpeg ", ffmpeg->process.Ending()));
}

absl::Status SendPpm(const std::string& path, CameraFrameSender* sender, Counts* counts) {
  if (path == "-") return SendAll(STDIN_FILENO, sender, counts);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  const absl::Status status = SendAll(fd, sender, counts);
  close(fd);
  return status;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments = ParseArguments(
      argc, argv,
      "camera [flags] [PATH]\n\nSends the frames of a video through the channel at PATH, or the "
      "one that camera_frame.proto declares, which it creates if there is none. //examples:viewer "
      "shows them.",
      {"input", "size", "rate", "ppm", "frames", "live", "capacity"});
  StopOnSignals();
  const absl::StatusOr<Channel> channel =
      OpenCameraChannel(arguments, absl::GetFlag(FLAGS_capacity));
  if (!channel.ok()) Fail(kBadInput, channel.status().message());
  absl::StatusOr<CameraFrameSender> sender = CameraFrameSender::Attach(*channel);
  if (!sender.ok()) Fail(kBadInput, sender.status().message());

  Counts counts;
  const std::string ppm = absl::GetFlag(FLAGS_ppm);
  const absl::Status status =
      ppm.empty() ? SendVideo(&*sender, &counts) : SendPpm(ppm, &*sender, &counts);
  const bool well = status.ok() || absl::IsOutOfRange(status) || StopRequested();
  if (well || counts.sent + counts.dropped > 0) {
    std::printf("%llu frames sent, %llu dropped\n", static_cast<unsigned long long>(counts.sent),
                static_cast<unsigned long long>(counts.dropped));
  }
  if (!well) {
    Fail(absl::IsFailedPrecondition(status) || absl::IsAborted(status) ? kFault : kBadInput,
         status.message());
  }
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
