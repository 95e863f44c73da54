// Serves the frames of a camera until it is killed.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iostream>

#include "absl/status/status.h"
#include "examples/service/frames.ipmpsc.h"

namespace {

constexpr uint32_t kFrames = 100;
constexpr uint32_t kWidth = 1920;
constexpr uint32_t kHeight = 1080;
constexpr size_t kBound = kWidth * kHeight + 200;  // of a frame's bytes

// Writes a frame where the client will read it.
void Draw(uint32_t number, camera::FrameWriter& frame) {
  frame.set_number(number);
  frame.set_width(kWidth);
  frame.set_height(kHeight);
  const absl::Span<char> pixels = frame.mutable_pixels(kWidth * kHeight);
  std::memset(pixels.data(), static_cast<int>(number), pixels.size());
}

class Frames : public camera::FrameServiceHandler {
  absl::Status Get(const camera::GetRequestView& request, GetReplyTo& reply) override {
    if (request.number() >= kFrames) return absl::NotFoundError("there is no such frame");
    return reply.Write(kBound, [&](camera::FrameWriter& frame) { Draw(request.number(), frame); });
  }

  absl::Status Watch(const camera::WatchRequestView& request, WatchReplyTo& replies) override {
    for (uint32_t number = request.first(); number < kFrames; ++number) {
      const absl::Status sent =
          replies.Write(kBound, [&](camera::FrameWriter& frame) { Draw(number, frame); });
      if (!sent.ok()) return sent;  // The client has cancelled, or is gone.
    }
    return absl::OkStatus();
  }
};

absl::Status ServeFrames() {
  Frames frames;
  auto server = camera::FrameServiceServer::Create(&frames);
  if (!server.ok()) return server.status();
  return server->Serve();
}

}  // namespace

int main() {
  const absl::Status status = ServeFrames();
  std::cerr << "frame_server: " << status << "\n";
  return status.ok() ? 0 : 1;
}
