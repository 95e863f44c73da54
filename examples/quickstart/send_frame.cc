#include <iostream>
#include <string>

#include "examples/quickstart/frame.ipmpsc.h"
#include "examples/quickstart/frame.pb.h"

absl::Status SendFrame() {
  // Either end may start first: this one waits until the receiver has created the channel.
  auto sender = camera::FrameSender::Open(absl::Seconds(60));
  if (!sender.ok()) return sender.status();
  camera::Frame frame;
  frame.set_width(1920);
  frame.set_height(1080);
  frame.set_pixels(std::string(1920 * 1080, 'x'));
  return sender->Send(frame, absl::Seconds(1));  // Waits for space in the ring, 1 s at most.
}

int main() {
  const absl::Status status = SendFrame();
  std::cerr << "send_frame: " << status << "\n";
  return status.ok() ? 0 : 1;
}
