#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "camera/frame.ipmpsc.h"
#include "camera/frame.pb.h"
#include "geometry/point.ipmpsc.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "vendor/sensor/exposure.ipmpsc.h"

namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

// The parts of the message are defined in other packages, one of them under an import prefix.
TEST(AppTest, ReceivesWhatItSent) {
  absl::StatusOr<ipmpsc::Channel> channel = camera::FrameChannel::CreateTemp();
  ASSERT_TRUE(channel.ok()) << channel.status();
  absl::StatusOr<camera::FrameReceiver> receiver = camera::FrameReceiver::Attach(*channel);
  ASSERT_TRUE(receiver.ok()) << receiver.status();
  absl::StatusOr<camera::FrameSender> sender = camera::FrameSender::Attach(*channel);
  ASSERT_TRUE(sender.ok()) << sender.status();

  camera::Frame frame;
  frame.mutable_taken()->set_seconds(1700000000);
  frame.mutable_origin()->set_x(-3);
  frame.mutable_exposure()->set_microseconds(250);
  frame.set_pixels("pixels");
  const absl::Status sent = sender->Send(frame, kPatience);
  ASSERT_TRUE(sent.ok()) << sent;

  absl::StatusOr<camera::FrameLease> lease = receiver->Receive(kPatience);
  ASSERT_TRUE(lease.ok()) << lease.status();
  const camera::FrameView& view = **lease;
  const geometry::PointView& origin = view.origin();
  const vendor::sensor::ExposureView& exposure = view.exposure();
  EXPECT_EQ(view.taken().seconds(), 1700000000);
  EXPECT_EQ(origin.x(), -3);
  EXPECT_EQ(exposure.microseconds(), 250);
  EXPECT_EQ(view.pixels(), "pixels");
}

}  // namespace
