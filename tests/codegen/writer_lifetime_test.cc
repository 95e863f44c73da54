// Tests the lifetimes of loans and of the writers of nested messages: moved, assigned, outlived,
// ended.
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/codegen/ends.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using Frames = Ends<camera::FrameChannel, camera::FrameSender, camera::FrameReceiver>;

TEST(WriterLifetimeTest, MoveKeepsOpenMessages) {
  Frames frames;
  camera::FrameLoan loan = frames.Lend(1000);
  camera::Frame_RegionWriter face = loan.add_faces();
  camera::Frame_RegionWriter inside = face.add_inside();
  inside.set_x(1);
  camera::FrameLoan moved = std::move(loan);
  inside.set_y(2);
  camera::Frame_RegionWriter moved_face = std::move(face);
  inside.add_inside().set_x(5);
  camera::Frame_RegionWriter moved_inside = std::move(inside);
  moved_inside.add_inside().set_x(6);
  moved_face.set_x(3);
  moved_face = moved.add_faces();
  moved_face.set_x(4);
  ASSERT_OK(std::move(moved).Publish());
  ASSERT_OK_AND_ASSIGN(const camera::FrameLease frame, frames.receiver.TryReceive());
  ASSERT_EQ(frame->faces_size(), 2);
  EXPECT_EQ(frame->faces(0).x(), 3);
  EXPECT_EQ(frame->faces(1).x(), 4);
  ASSERT_EQ(frame->faces(0).inside_size(), 1);
  EXPECT_EQ(frame->faces(0).inside(0).x(), 1);
  EXPECT_EQ(frame->faces(0).inside(0).y(), 2);
  EXPECT_EQ(frame->faces(0).inside(0).inside(1).x(), 6);
}

TEST(WriterLifetimeTest, AssignmentToAnOpenWriter) {
  Frames frames;
  camera::FrameLoan loan = frames.Lend(1000);
  camera::Frame_RegionWriter face = loan.add_faces();
  ASSERT_OK_AND_ASSIGN(camera::FrameSender other, camera::FrameSender::Attach(frames.channel));
  loan = *other.TryClaim(100);  // what it was is discarded
  loan.set_width(7);
  ASSERT_OK(std::move(loan).Publish());
  ASSERT_OK_AND_ASSIGN(const camera::FrameLease frame, frames.receiver.TryReceive());
  EXPECT_EQ(frame->width(), 7);
  EXPECT_EQ(frame->faces_size(), 0);
}

TEST(WriterLifetimeTest, OutlivesItsSender) {
  Frames frames;
  std::optional<camera::FrameSender> sender = *camera::FrameSender::Attach(frames.channel);
  camera::FrameLoan loan = *sender->TryClaim(100);
  sender.reset();
  loan.set_width(7);
  ASSERT_OK(std::move(loan).Publish());
  EXPECT_OK(frames.receiver.TryReceive());
}

TEST(WriterLifetimeDeathTest, UseOfAnEndedWriterAborts) {
  Frames frames;
  camera::FrameLoan loan = frames.Lend(1000);
  camera::Frame_RegionWriter face = loan.add_faces();
  loan.set_width(1);
  EXPECT_DEATH(face.set_x(1), "the message has ended");
  EXPECT_DEATH(face.add_inside(), "the message has ended");
  camera::Frame_RegionWriter second = loan.add_faces();
  camera::Frame_RegionWriter moved = std::move(second);
  EXPECT_DEATH(second.set_x(1), "the message has ended");  // NOLINT(bugprone-use-after-move)
  ASSERT_OK(std::move(loan).Publish());
  EXPECT_DEATH(moved.set_x(1), "the message has ended");
  EXPECT_DEATH(loan.set_width(1), "the message has ended");
  EXPECT_DEATH(static_cast<void>(std::move(loan).Publish()), "already published or moved from");
}

}  // namespace
}  // namespace ipmpsc_test
