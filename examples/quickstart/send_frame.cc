#include <iostream>
#include <string>

#include "examples/quickstart/frame.ipmpsc.h"
#include "examples/quickstart/frame.pb.h"

int main() {
  absl::StatusOr<camera::FrameSender> sender = camera::FrameSender::Open();
  if (!sender.ok()) {
    std::cerr << sender.status() << "\n";
    return 1;
  }
  camera::Frame frame;
  frame.set_width(1920);
  frame.set_height(1080);
  frame.set_pixels(std::string(1920 * 1080, 'x'));
  const absl::Status sent = sender->Send(frame, absl::Seconds(1));
  if (!sent.ok()) {
    std::cerr << sent << "\n";
    return 1;
  }
}
