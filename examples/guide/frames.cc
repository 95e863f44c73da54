// Frames: large messages that are written and read where they lie in the ring.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "examples/guide/guide.h"
#include "examples/processes.h"
#include "examples/quickstart/frame.ipmpsc.h"
#include "ipmpsc/channel.h"

namespace ipmpsc::examples {
namespace {

constexpr uint32_t kWidth = 640;
constexpr uint32_t kHeight = 480;
constexpr uint64_t kFrames = 50;

// Stands for the driver of a camera, which fills memory that the program gives it.
void ReadCamera(uint64_t number, absl::Span<char> pixels) {
  std::fill(pixels.begin(), pixels.end(), static_cast<char>(number));
}

// The camera writes the pixels into the ring: the program copies nothing.
absl::Status SendFrame(camera::FrameSender& sender, uint64_t number) {
  constexpr size_t kPixels = size_t{kWidth} * kHeight;
  // The bound is for the whole message. 64 bytes are more than the other fields can take.
  absl::StatusOr<camera::FrameLoan> frame = sender.Claim(kPixels + 64, kPatience);
  if (!frame.ok()) return frame.status();
  frame->set_width(kWidth);
  frame->set_height(kHeight);
  ReadCamera(number, frame->mutable_pixels(kPixels));
  return std::move(*frame).Publish();  // A loan that is destroyed instead is not sent.
}

// Reads the frame in the ring. The space is free again when `frame` is destroyed.
absl::Status ReceiveFrame(camera::FrameReceiver& receiver, uint64_t number) {
  const absl::StatusOr<camera::FrameLease> frame = receiver.Receive(kPatience);
  if (!frame.ok()) return frame.status();
  const absl::string_view pixels = (*frame)->pixels();
  if (pixels.size() != size_t{(*frame)->width()} * (*frame)->height()) {
    return absl::DataLossError("the frame has another size than it says");
  }
  const bool same = std::all_of(pixels.begin(), pixels.end(),
                                [&](char pixel) { return pixel == static_cast<char>(number); });
  return same ? absl::OkStatus() : absl::DataLossError("the frame has wrong pixels");
}

absl::Status SendFrames(const std::string& path) {
  absl::StatusOr<camera::FrameSender> sender = camera::FrameSender::Open(path, kPatience);
  if (!sender.ok()) return sender.status();
  for (uint64_t number = 1; number <= kFrames; ++number) {
    const absl::Status sent = SendFrame(*sender, number);
    if (!sent.ok()) return sent;
  }
  return absl::OkStatus();
}

absl::Status Run(const std::string& directory) {
  const std::string path = directory + "/frames";
  const Process sending = Start("camera", [&] { return SendFrames(path); });
  const absl::StatusOr<Channel> channel = camera::FrameChannel::Create(path);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<camera::FrameReceiver> receiver = camera::FrameReceiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();
  for (uint64_t number = 1; number <= kFrames; ++number) {
    const absl::Status received = ReceiveFrame(*receiver, number);
    if (!received.ok()) return received;
  }
  Report("frames:", kFrames);
  return Join(sending);
}

}  // namespace
}  // namespace ipmpsc::examples

int main(int argc, char** argv) {
  return ipmpsc::examples::RunInDirectory(
      argc, argv, "frames\n\nSends frames that are written and read in place.",
      ipmpsc::examples::Run);
}
