#include <cstdio>
#include <iostream>

#include "examples/quickstart/frame.ipmpsc.h"

absl::Status ReceiveFrame() {
  ipmpsc::ChannelOptions options = camera::FrameChannel::Options();
  options.exist_policy = ipmpsc::ExistPolicy::kOpen;  // A killed receiver leaves its channel.
  auto channel = camera::FrameChannel::Create(camera::FrameChannel::Path(), options);
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
