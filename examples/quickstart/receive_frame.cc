#include <iostream>

#include "examples/quickstart/frame.ipmpsc.h"

int main() {
  // The channel is there from now on, also while nobody receives; a receiver before may have made
  // it.
  ipmpsc::ChannelOptions options = camera::FrameChannel::Options();
  options.exist_policy = ipmpsc::ExistPolicy::kOpen;
  absl::StatusOr<ipmpsc::Channel> channel =
      camera::FrameChannel::Create(camera::FrameChannel::Path(), options);
  if (!channel.ok()) {
    std::cerr << channel.status() << "\n";
    return 1;
  }
  absl::StatusOr<camera::FrameReceiver> receiver = camera::FrameReceiver::Attach(*channel);
  if (!receiver.ok()) {
    std::cerr << receiver.status() << "\n";
    return 1;
  }
  absl::StatusOr<camera::FrameLease> frame = receiver->Receive(absl::Seconds(60));
  if (!frame.ok()) {
    std::cerr << frame.status() << "\n";
    return 1;
  }
  // No copy: the pixels are looked at where the sender put them.
  std::cout << (*frame)->width() << "x" << (*frame)->height() << ", " << (*frame)->pixels().size()
            << " bytes\n";
}
