// Tests batches of messages from typed senders: all messages or none.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "google/protobuf/repeated_field.h"
#include "gtest/gtest.h"
#include "tests/codegen/ends.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/codegen/protos/legacy.ipmpsc.h"
#include "tests/codegen/protos/legacy.pb.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

using FrameEnds = Ends<camera::FrameChannel, camera::FrameSender, camera::FrameReceiver>;
using ReadingEnds = Ends<legacy::ReadingChannel, legacy::ReadingSender, legacy::ReadingReceiver>;

camera::Frame SomeFrame(uint32_t width) {
  camera::Frame frame;
  frame.set_width(width);
  frame.set_pixels(std::string(10 * width, 'p'));
  for (uint32_t i = 0; i < width; ++i) frame.add_faces()->set_x(i);
  return frame;
}

TEST(TypedBatchTest, RangesOfMessagesArriveInOrder) {
  FrameEnds ends;
  const std::vector<camera::Frame> frames = {SomeFrame(1), camera::Frame(), SomeFrame(20)};
  google::protobuf::RepeatedPtrField<camera::Frame> more;
  *more.Add() = SomeFrame(3);
  ASSERT_OK(ends.sender.TrySendBatch(frames));
  ASSERT_OK(ends.sender.SendBatch(more, absl::Seconds(10)));
  ASSERT_OK(ends.sender.TrySendBatch(std::vector<camera::Frame>()));
  for (const camera::Frame& sent : {frames[0], frames[1], frames[2], more[0]}) {
    ASSERT_OK_AND_ASSIGN(const camera::FrameLease frame, ends.receiver.TryReceive());
    EXPECT_EQ(frame->DebugString(), sent.DebugString());
  }
  EXPECT_THAT(ends.receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
}

TEST(TypedBatchTest, AllAreSentOrNone) {
  ReadingEnds ends;
  std::vector<legacy::Reading> readings(2);
  readings[0].set_sensor("door");
  EXPECT_THAT(ends.sender.TrySendBatch(readings),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("ipmpsc_test.legacy.Reading"), HasSubstr("sensor"))));
  readings[1].set_sensor(std::string(40000, 'x'));
  ASSERT_OK(ends.sender.TrySendBatch(readings));
  EXPECT_THAT(ends.sender.TrySendBatch(readings), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(ends.sender.SendBatch(readings, absl::Milliseconds(1)),
              StatusIs(StatusCode::kDeadlineExceeded));
  readings.resize(3, readings[1]);
  EXPECT_THAT(ends.sender.TrySendBatch(readings), StatusIs(StatusCode::kInvalidArgument));
  for (const std::string& sensor : {std::string("door"), readings[1].sensor()}) {
    ASSERT_OK_AND_ASSIGN(const legacy::ReadingLease reading, ends.receiver.TryReceive());
    EXPECT_EQ(reading->sensor(), sensor);
  }
  EXPECT_THAT(ends.receiver.TryReceive(), StatusIs(StatusCode::kUnavailable));
}

}  // namespace
}  // namespace ipmpsc_test
