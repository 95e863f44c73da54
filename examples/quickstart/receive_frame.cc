#include <cstdio>
#include <iostream>

#include "examples/quickstart/frame.ipmpsc.h"

absl::Status ReceiveFrame() {
  auto channel = camera::FrameChannel::Create();  // Opens the one that a killed receiver has left.
  if (!channel.ok()) return channel.status();
  auto receiver = camera::FrameReceiver::Attach(*channel);
  if (!receiver.ok()) return receiver.status();
  auto frame = receiver->Receive(absl::Seconds(60));
  if (!frame.ok()) return frame.status();
  // The pixels are not copied: they lie in the ring until `frame` is destroyed.
  std::cout << (*frame)->width() << "x" << (*frame)->height() << ", " << (*frame)->pixels().size()
            << " bytes\n";
  std::remove(channel->path().c_str());  // A service would leave its channel in /dev/shm.
  return absl::OkStatus();
}

int main() {
  const absl::Status status = ReceiveFrame();
  std::cerr << "receive_frame: " << status << "\n";
  return status.ok() ? 0 : 1;
}
