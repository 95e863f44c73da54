// Typed ends wait as raw ones do: in a wait set, by a descriptor, and until they are interrupted.
#include <poll.h>

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/wait_set.h"
#include "tests/codegen/ends.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::Ready;
using ::ipmpsc::WaitSet;
using ::ipmpsc::testing::StatusIs;

using FrameEnds = Ends<camera::FrameChannel, camera::FrameSender, camera::FrameReceiver>;

bool IsReadable(int fd) {
  pollfd polled = {fd, POLLIN, 0};
  return poll(&polled, 1, 0) == 1;
}

// Fills the ring with frames of 10,000 bytes and returns how many it takes.
int Fill(camera::FrameSender& sender) {
  camera::Frame frame;
  frame.set_pixels(std::string(10000, 'x'));
  int count = 0;
  while (sender.TrySend(frame).ok()) ++count;
  return count;
}

TEST(TypedWaitTest, SetReportsReceiversAndSenders) {
  FrameEnds ends;
  ASSERT_OK_AND_ASSIGN(WaitSet set, WaitSet::Create());
  ASSERT_OK(set.Add(ends.receiver, 1));
  EXPECT_THAT(set.Add(ends.receiver, 1), StatusIs(StatusCode::kAlreadyExists));
  Ready ready[2];
  ASSERT_OK_AND_ASSIGN(size_t count, set.Wait(absl::ZeroDuration(), absl::MakeSpan(ready)));
  EXPECT_EQ(count, 0u);
  const int frames = Fill(ends.sender);
  ASSERT_OK(set.Add(ends.sender, 10000, 2));
  ASSERT_OK_AND_ASSIGN(count, set.Wait(absl::Seconds(20), absl::MakeSpan(ready)));
  ASSERT_EQ(count, 1u) << "the ring is full";
  EXPECT_EQ(ready[0].tag, 1u);
  // It stays in the set when it is moved.
  camera::FrameReceiver moved = std::move(ends.receiver);
  for (int i = 0; i < frames; ++i) EXPECT_OK(moved.TryReceive().status());
  ASSERT_OK_AND_ASSIGN(count, set.Wait(absl::Seconds(20), absl::MakeSpan(ready)));
  ASSERT_EQ(count, 1u) << "the ring is empty";
  EXPECT_EQ(ready[0].tag, 2u);
  EXPECT_OK(set.Remove(moved));
  EXPECT_OK(set.Remove(ends.sender));
  EXPECT_THAT(set.Remove(ends.sender), StatusIs(StatusCode::kNotFound));
}

TEST(TypedWaitTest, DescriptorsFollowDrainArmWait) {
  FrameEnds ends;
  ASSERT_OK_AND_ASSIGN(const int messages, ends.receiver.Fd());
  ASSERT_OK_AND_ASSIGN(const int space, ends.sender.Fd(10000));
  EXPECT_TRUE(ends.receiver.Arm());
  EXPECT_FALSE(IsReadable(messages));
  EXPECT_FALSE(ends.sender.Arm()) << "there is space";
  const int frames = Fill(ends.sender);
  EXPECT_TRUE(IsReadable(messages));
  EXPECT_FALSE(ends.receiver.Arm()) << "there is a message";
  EXPECT_TRUE(ends.sender.Arm());
  EXPECT_FALSE(IsReadable(space));
  for (int i = 0; i < frames; ++i) EXPECT_OK(ends.receiver.TryReceive().status());
  pollfd polled = {space, POLLIN, 0};
  EXPECT_EQ(poll(&polled, 1, 20000), 1);
  EXPECT_TRUE(ends.receiver.Arm());
}

TEST(TypedWaitTest, InterruptEndsTheNextWait) {
  FrameEnds ends;
  ends.receiver.Interrupt();
  EXPECT_THAT(ends.receiver.Receive(absl::InfiniteDuration()), StatusIs(StatusCode::kCancelled));
  Fill(ends.sender);
  camera::Frame frame;
  frame.set_pixels(std::string(10000, 'x'));
  ends.sender.Interrupt();
  EXPECT_THAT(ends.sender.Send(frame, absl::InfiniteDuration()), StatusIs(StatusCode::kCancelled));
}

}  // namespace
}  // namespace ipmpsc_test
