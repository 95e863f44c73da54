// Sends the frames of a video to //examples:viewer, each read straight into the ring.
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
#include "examples/status_line.h"
#include "examples/stop.h"
#include "examples/video/camera_channel.h"
#include "examples/video/camera_frame.ipmpsc.h"
#include "examples/video/ffmpeg.h"
#include "examples/video/ppm_stream.h"
#include "ipmpsc/channel.h"

ABSL_FLAG(std::string, input, "",
          "a video file, device or address for ffmpeg; empty means a moving test picture");
ABSL_FLAG(std::string, size, "1280x720", "width and height of the test picture");
ABSL_FLAG(double, rate, 25, "frames of the test picture per second");
ABSL_FLAG(
    std::string, ppm, "",
    "a file of pictures in the PPM format to send instead of ffmpeg's; - means standard input");
ABSL_FLAG(uint64_t, frames, 0, "the most frames to read; 0 means all");
ABSL_FLAG(bool, live, true,
          "true: sends at the pace of the video and drops a frame that finds no space, as a camera "
          "does; false: sends as fast as the viewer receives");
ABSL_FLAG(uint64_t, capacity, ipmpsc::examples::kCameraCapacity,
          "the ring's size in bytes, if the camera creates it");

namespace ipmpsc::examples {
namespace {

// Bytes of a frame besides its pixels: four numbers, and the padding that aligns the pixels.
constexpr size_t kBesidePixels = 256;

int64_t Now() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Counts {
  uint64_t sent = 0;
  uint64_t dropped = 0;
};

// Prints the camera's progress once a second.
class Progress {
 public:
  explicit Progress(const Channel& channel) : channel_(channel) {}

  const Counts& counts() const { return counts_; }
  void AddSent() { ++counts_.sent; }
  void AddDropped() { ++counts_.dropped; }
  // Whether a viewer was attached at the last line or earlier.
  bool had_viewer() const { return had_viewer_; }

  void Print() {
    const int64_t now = Now();
    if (now < next_) return;
    next_ = now + kInterval;
    const bool has_viewer = channel_.HasReceiver();
    had_viewer_ |= has_viewer;
    PrintStatusLine(absl::StrCat(counts_.sent, " frames sent, ", counts_.dropped, " dropped, ",
                                 has_viewer ? "a viewer is attached" : "no viewer is attached"),
                    /*last=*/false);
  }

 private:
  static constexpr int64_t kInterval = 1000000000;

  const Channel channel_;
  Counts counts_;
  bool had_viewer_ = false;
  int64_t next_ = Now() + kInterval;
};

absl::StatusOr<CameraFrameLoan> Claim(CameraFrameSender* sender, size_t bound, Progress* progress) {
  if (absl::GetFlag(FLAGS_live)) return sender->TryClaim(bound);
  for (;;) {
    absl::StatusOr<CameraFrameLoan> loan = sender->Claim(bound, kLookForStop);
    if (!absl::IsDeadlineExceeded(loan.status())) return loan;
    if (StopRequested()) return absl::CancelledError("asked to stop");
    progress->Print();
  }
}

absl::Status SendNext(PpmStream* pictures, CameraFrameSender* sender, Progress* progress) {
  const absl::StatusOr<PictureSize> size = pictures->Next();
  if (!size.ok()) return size.status();
  absl::StatusOr<CameraFrameLoan> frame = Claim(sender, size->bytes() + kBesidePixels, progress);
  if (absl::IsResourceExhausted(frame.status())) {
    progress->AddDropped();
    return pictures->Skip(size->bytes());
  }
  if (absl::IsInvalidArgument(frame.status())) {
    return absl::InvalidArgumentError(absl::StrCat("a frame of ", size->width, "x", size->height,
                                                   ": ", frame.status().message(),
                                                   "; remove the channel and set --capacity"));
  }
  if (!frame.ok()) return frame.status();

  frame->set_number(progress->counts().sent + progress->counts().dropped + 1);
  frame->set_width(size->width);
  frame->set_height(size->height);
  // The only copy of the pixels: from the pipe into the ring.
  const absl::Status read = pictures->Read(frame->mutable_pixels(size->bytes()));
  if (!read.ok()) return read;
  frame->set_taken(Now());
  const absl::Status published = std::move(*frame).Publish();
  if (published.ok()) progress->AddSent();
  return published;
}

// Sends until --frames are sent (OK) or there is no further frame, and returns the reason.
absl::Status SendAll(int fd, CameraFrameSender* sender, Progress* progress) {
  PpmStream pictures(fd);
  const uint64_t most = absl::GetFlag(FLAGS_frames);
  absl::Status status;
  const Counts& counts = progress->counts();
  while (status.ok() && (most == 0 || counts.sent + counts.dropped < most)) {
    status = SendNext(&pictures, sender, progress);
    progress->Print();
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

absl::Status SendVideo(CameraFrameSender* sender, Progress* progress) {
  absl::StatusOr<Ffmpeg> ffmpeg = StartFfmpeg(SourceFromFlags());
  if (!ffmpeg.ok()) return ffmpeg.status();
  const absl::Status status = SendAll(ffmpeg->fd, sender, progress);
  const bool at_end = absl::IsOutOfRange(status);
  // SIGTERM would make ffmpeg report a broken pipe, so this is SIGKILL.
  if (!at_end) Signal(ffmpeg->process, SIGKILL);
  Wait(&ffmpeg->process);
  close(ffmpeg->fd);
  if (!at_end || ffmpeg->process.ended_well() || StopRequested()) return status;
  return absl::InvalidArgumentError(absl::StrCat("ffmpeg ", ffmpeg->process.Ending()));
}

absl::Status SendPpm(const std::string& path, CameraFrameSender* sender, Progress* progress) {
  if (path == "-") return SendAll(STDIN_FILENO, sender, progress);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  const absl::Status status = SendAll(fd, sender, progress);
  close(fd);
  return status;
}

// Attaches a sender to `channel` and sends the frames selected by the flags.
absl::Status Send(const Channel& channel, Progress* progress) {
  absl::StatusOr<CameraFrameSender> sender = CameraFrameSender::Attach(channel);
  if (!sender.ok()) return sender.status();
  const std::string ppm = absl::GetFlag(FLAGS_ppm);
  return ppm.empty() ? SendVideo(&*sender, progress) : SendPpm(ppm, &*sender, progress);
}

// Removes the channel if this camera is the last to use it, and keeps frames that no viewer has
// seen.
void Leave(const CameraChannel& opened, const Progress& progress) {
  const Channel& channel = opened.channel;
  if (channel.HasReceiver() || channel.HasSender()) return;
  if (progress.had_viewer() || (opened.created && progress.counts().sent == 0)) {
    RemoveDeclaredChannel(channel);
  } else if (progress.counts().sent > 0) {
    std::printf("The frames wait in %s for a viewer. To remove them: rm %s\n",
                channel.path().c_str(), channel.path().c_str());
  }
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments =
      ParseArguments(argc, argv,
                     "camera [flags] [PATH]\n\nSends the frames of a video to //examples:viewer. "
                     "The channel is the "
                     "one at PATH or, without PATH, the one that camera_frame.proto declares. The "
                     "camera creates it "
                     "if it does not exist.",
                     {"input", "size", "rate", "ppm", "frames", "live", "capacity"});
  StopOnSignals();
  const absl::StatusOr<CameraChannel> opened =
      OpenCameraChannel(arguments, absl::GetFlag(FLAGS_capacity));
  if (!opened.ok()) Fail(kBadInput, opened.status().message());

  Progress progress(opened->channel);
  const absl::Status status = Send(opened->channel, &progress);
  const Counts& counts = progress.counts();
  const bool well = status.ok() || absl::IsOutOfRange(status) || StopRequested();
  if (well || counts.sent + counts.dropped > 0) {
    PrintStatusLine(absl::StrCat(counts.sent, " frames sent, ", counts.dropped, " dropped"),
                    /*last=*/true);
  }
  if (arguments.empty()) Leave(*opened, progress);
  if (!well) {
    Fail(absl::IsFailedPrecondition(status) || absl::IsAborted(status) ? kFault : kBadInput,
         status.message());
  }
  return 0;
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) { return ipmpsc::examples::Main(argc, argv); }
