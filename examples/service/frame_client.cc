// Asks for one frame, and for a stream of them.
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "examples/service/frames.ipmpsc.h"
#include "examples/service/frames.pb.h"

namespace {

void Show(const camera::FrameView& frame) {
  std::cout << "frame " << frame.number() << ": " << frame.width() << "x" << frame.height() << ", "
            << frame.pixels().size() << " bytes\n";
}

absl::Status AskForFrames() {
  // Either end may start first.
  auto client = camera::FrameServiceClient::Connect(absl::Seconds(60));
  if (!client.ok()) return client.status();

  camera::GetRequest request;
  request.set_number(7);
  auto frame = client->Get(request, absl::Seconds(10));
  if (!frame.ok()) return frame.status();
  // In place: the pixels lie in the client's reply channel.
  Show(**frame);
  // Without this the stream could not use the space behind them.
  std::move(*frame).Release();

  // The request is written in place, too.
  auto frames = client->Watch(
      16, [](camera::WatchRequestWriter& watch) { watch.set_first(90); }, absl::Seconds(10));
  if (!frames.ok()) return frames.status();
  for (;;) {
    auto next = frames->Next();
    if (absl::IsOutOfRange(next.status())) break;  // The end of the stream.
    if (!next.ok()) return next.status();
    Show(**next);
  }
  return absl::OkStatus();
}

}  // namespace

int main() {
  const absl::Status status = AskForFrames();
  std::cerr << "frame_client: " << status << "\n";
  return status.ok() ? 0 : 1;
}
