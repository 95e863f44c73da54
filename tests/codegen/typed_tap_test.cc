// Tests MessageTap: typed messages beside their receiver.
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/tap.h"
#include "ipmpsc/typed/tap.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_path.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::Channel;
using ::ipmpsc::testing::SharedMemoryDirectory;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

using camera::FrameTap;

std::string Serialized(uint32_t width) {
  camera::Frame frame;
  frame.set_width(width);
  frame.set_comment("first light");
  return frame.SerializeAsString();
}

class TypedTapTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(camera::FrameChannel::Create(path_)); }

  const SharedMemoryDirectory directory_;
  const std::string path_ = directory_ / "frames";
};

TEST_F(TypedTapTest, ReadsMessagesThatOwnTheirBytes) {
  ASSERT_OK_AND_ASSIGN(FrameTap tap, FrameTap::Open(path_));
  EXPECT_THAT(tap.TryNext().status(), StatusIs(StatusCode::kUnavailable));
  {
    ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(path_));
    ASSERT_OK_AND_ASSIGN(ipmpsc::Sender sender, ipmpsc::Sender::Attach(channel));
    ASSERT_OK(sender.TrySend(Serialized(640)));
    ASSERT_OK(sender.TrySend(Serialized(800)));
  }
  absl::StatusOr<FrameTap::Message> first = tap.Next(absl::Seconds(20));
  ASSERT_OK(first);
  absl::StatusOr<FrameTap::Message> second = tap.TryNext();
  ASSERT_OK(second);
  const FrameTap::Message moved = *std::move(first);
  EXPECT_EQ(moved->width(), 640u);
  EXPECT_EQ(moved->comment(), "first light");
  EXPECT_EQ(moved.position(), 0u);
  EXPECT_EQ(moved.payload(), Serialized(640));
  EXPECT_EQ((**second).width(), 800u);
  EXPECT_EQ(second->sender(), 0);
  EXPECT_EQ(second->lost_before(), 0u);
  EXPECT_EQ(tap.loss().bytes, 0u);
  EXPECT_THAT(tap.Next(absl::ZeroDuration()).status(), StatusIs(StatusCode::kDeadlineExceeded));
}

TEST_F(TypedTapTest, PassesOverMalformedMessages) {
  ASSERT_OK_AND_ASSIGN(FrameTap tap, FrameTap::Open(path_));
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(path_));
  ASSERT_OK_AND_ASSIGN(ipmpsc::Sender sender, ipmpsc::Sender::Attach(channel));
  ASSERT_OK(sender.TrySend("\xff\xff"));
  ASSERT_OK(sender.TrySend(Serialized(640)));
  EXPECT_THAT(tap.TryNext().status(),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("position 0"), HasSubstr("camera.Frame"))));
  const absl::StatusOr<FrameTap::Message> next = tap.TryNext();
  ASSERT_OK(next);
  EXPECT_EQ((*next)->width(), 640u);
}

TEST_F(TypedTapTest, AMessageThatNeedsTooMuchMemoryIsAnError) {
  ASSERT_OK_AND_ASSIGN(FrameTap tap, FrameTap::Open(path_));
  ASSERT_OK_AND_ASSIGN(const Channel channel, Channel::Open(path_));
  ASSERT_OK_AND_ASSIGN(ipmpsc::Sender sender, ipmpsc::Sender::Attach(channel));
  ASSERT_OK(sender.TrySend(Serialized(640)));
  tap.set_memory_limit({0, 8});
  EXPECT_THAT(tap.TryNext().status(),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("set_memory_limit()")));
}

TEST_F(TypedTapTest, AChannelOfAnotherTypeIsRefused) {
  const std::string path = directory_ / "bytes";
  ASSERT_OK(Channel::Create(path, {}));
  EXPECT_THAT(FrameTap::Open(path).status(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(FrameTap::Open(directory_ / "none").status(), StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace ipmpsc_test
