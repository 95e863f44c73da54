// Tests loops over messages and handlers whose body throws, ends early, receives, or moves or
// destroys the receiver.
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/channel.h"
#include "tests/codegen/ends.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using FrameEnds = Ends<camera::FrameChannel, camera::FrameSender, camera::FrameReceiver>;

void SendFrames(camera::FrameSender* sender, uint32_t first, uint32_t last) {
  for (uint32_t i = first; i <= last; ++i) {
    camera::Frame frame;
    frame.set_width(i);
    frame.add_faces()->set_x(i);
    ASSERT_OK(sender->TrySend(frame));
  }
}

// All messages have been released: a record of the whole capacity fits.
void ExpectEmpty(camera::FrameSender* sender) {
  EXPECT_OK(sender->SendWhenEmpty(camera::Frame(), absl::Seconds(10)));
}

TEST(TypedCallbacksTest, LoopThatThrows) {
  FrameEnds ends;
  SendFrames(&ends.sender, 1, 3);
  try {
    auto frames = ends.receiver.Messages(absl::Milliseconds(1));
    for (camera::FrameLease& frame : frames) {
      if (frame->width() == 2) throw std::runtime_error("body");
    }
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error&) {
  }
  ASSERT_OK_AND_ASSIGN(camera::FrameLease third, ends.receiver.TryReceive());
  EXPECT_EQ(third->width(), 3);
  std::move(third).Release();
  ExpectEmpty(&ends.sender);
}

TEST(TypedCallbacksTest, LoopContinuesAfterAnEarlyEnd) {
  FrameEnds ends;
  SendFrames(&ends.sender, 1, 4);
  std::vector<uint32_t> widths;
  auto frames = ends.receiver.Messages(absl::Milliseconds(1));
  for (camera::FrameLease& frame : frames) {
    widths.push_back(frame->width());
    if (frame->width() == 2) break;
  }
  EXPECT_OK(frames.status());
  for (camera::FrameLease& frame : frames) widths.push_back(frame->width());
  EXPECT_THAT(widths, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(frames.status(), StatusIs(StatusCode::kDeadlineExceeded));
  ExpectEmpty(&ends.sender);
}

TEST(TypedCallbacksTest, BodyThatReceivesItself) {
  FrameEnds ends;
  SendFrames(&ends.sender, 1, 5);
  std::vector<uint32_t> widths;
  auto frames = ends.receiver.Messages(absl::Milliseconds(1));
  for (camera::FrameLease& frame : frames) {
    widths.push_back(frame->width());
    if (frame->width() != 1) continue;
    ASSERT_OK_AND_ASSIGN(const camera::FrameLease next, ends.receiver.TryReceive());
    ASSERT_OK(ends.receiver.Drain(
        [&](const camera::FrameView& drained) { widths.push_back(drained.width()); }, 2));
    widths.push_back(next->width());
    EXPECT_EQ(frame->faces(0).x(), 1);
  }
  EXPECT_THAT(widths, ElementsAre(1, 3, 4, 2, 5));
  ExpectEmpty(&ends.sender);
}

TEST(TypedCallbacksTest, BodyThatKeepsItsMessage) {
  FrameEnds ends;
  SendFrames(&ends.sender, 1, 3);
  std::vector<camera::FrameLease> kept;
  auto frames = ends.receiver.Messages(absl::Milliseconds(1));
  for (camera::FrameLease& frame : frames) kept.push_back(std::move(frame));
  ASSERT_EQ(kept.size(), 3);
  for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(kept[i]->faces(0).x(), i + 1);
  kept.clear();
  ExpectEmpty(&ends.sender);
}

TEST(TypedCallbacksTest, BodyThatMovesTheReceiver) {
  FrameEnds ends;
  SendFrames(&ends.sender, 1, 4);
  std::vector<uint32_t> widths;
  std::optional<camera::FrameReceiver> moved;
  std::unique_ptr<camera::FrameReceiver> again;
  auto frames = ends.receiver.Messages(absl::Milliseconds(1));
  for (camera::FrameLease& frame : frames) {
    widths.push_back(frame->width());
    if (frame->width() == 1) moved.emplace(std::move(ends.receiver));
    if (frame->width() == 2) again = std::make_unique<camera::FrameReceiver>(*std::move(moved));
    if (frame->width() == 3) moved.reset();  // the moved-to receiver
  }
  EXPECT_THAT(widths, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(frames.status(), StatusIs(StatusCode::kDeadlineExceeded));
}

TEST(TypedCallbacksTest, BodyThatDestroysTheReceiver) {
  FrameEnds ends;
  SendFrames(&ends.sender, 1, 2);
  auto receiver = std::make_unique<camera::FrameReceiver>(std::move(ends.receiver));
  auto frames = receiver->Messages(absl::Milliseconds(1));
  int count = 0;
  for (camera::FrameLease& frame : frames) {
    receiver.reset();
    EXPECT_EQ(frame->faces(0).x(), 1);  // the lease is still valid
    ++count;
  }
  EXPECT_EQ(count, 1);
  EXPECT_THAT(frames.status(),
              StatusIs(StatusCode::kFailedPrecondition,
                       HasSubstr("receiver of this Messages() loop was destroyed")));
  // The channel has no receiver any more.
  ASSERT_OK_AND_ASSIGN(camera::FrameReceiver successor,
                       camera::FrameReceiver::Attach(ends.channel));
  ASSERT_OK_AND_ASSIGN(const camera::FrameLease second, successor.TryReceive());
  EXPECT_EQ(second->width(), 2);
}

TEST(TypedCallbacksTest, BodyThatAssignsAnotherReceiver) {
  FrameEnds ends;
  FrameEnds others;
  SendFrames(&ends.sender, 1, 2);
  SendFrames(&others.sender, 11, 12);
  auto others_frames = others.receiver.Messages(absl::Milliseconds(1));
  auto frames = ends.receiver.Messages(absl::Milliseconds(1));
  int count = 0;
  for (camera::FrameLease& frame : frames) {
    EXPECT_EQ(frame->width(), 1);
    ends.receiver = std::move(others.receiver);
    ++count;
  }
  EXPECT_EQ(count, 1);
  EXPECT_THAT(frames.status(), StatusIs(StatusCode::kFailedPrecondition));
  // The other receiver's loop continues after it.
  std::vector<uint32_t> widths;
  for (camera::FrameLease& frame : others_frames) widths.push_back(frame->width());
  EXPECT_THAT(widths, ElementsAre(11, 12));
}

TEST(TypedCallbacksTest, HandlerThatThrows) {
  FrameEnds ends;
  SendFrames(&ends.sender, 1, 3);
  const auto handler = [](const camera::FrameView& frame) {
    if (frame.width() == 2) throw std::runtime_error("handler");
  };
  EXPECT_THROW((void)ends.receiver.Drain(handler), std::runtime_error);
  // `Receiver::Drain` documents whether the second message comes again.
  uint32_t last = 0;
  EXPECT_OK(
      ends.receiver.Drain([&](const camera::FrameView& frame) { last = frame.faces(0).x(); }));
  EXPECT_EQ(last, 3);
}

TEST(TypedCallbacksTest, HandlerThatDrains) {
  FrameEnds ends;
  SendFrames(&ends.sender, 1, 4);
  std::vector<uint32_t> widths;
  ASSERT_OK(ends.receiver.Drain(
      [&](const camera::FrameView& frame) {
        if (frame.width() == 1) {
          EXPECT_OK(ends.receiver.Drain(
              [&](const camera::FrameView& inner) { widths.push_back(inner.faces(0).x()); }, 2));
        }
        widths.push_back(frame.faces(0).x());
      },
      2));
  EXPECT_THAT(widths, ElementsAre(2, 3, 1, 4));
}

TEST(TypedCallbacksTest, MessagesBeyondTheirMemoryAreMalformed) {
  FrameEnds ends;
  camera::Frame frame;
  for (int i = 0; i < 100; ++i) frame.add_faces();
  ends.receiver.set_memory_limit({1, 200});
  for (int i = 0; i < 3; ++i) ASSERT_OK(ends.sender.TrySend(frame));
  EXPECT_THAT(ends.receiver.TryReceive(),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("position 0, 200 bytes long, exceeds the memory limit of 400 "
                                 "bytes when it is parsed as ipmpsc_test.camera.Frame; raise")));
  ends.receiver.set_memory_limit({});
  EXPECT_EQ(ends.receiver.memory_limit().per_byte, 32);
  ASSERT_OK_AND_ASSIGN(const camera::FrameLease second, ends.receiver.TryReceive());
  EXPECT_EQ(second->faces_size(), 100);
  ends.receiver.set_memory_limit({1, 200});
  EXPECT_THAT(ends.receiver.Drain([](const camera::FrameView&) { FAIL(); }),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("1 of 1 messages are malformed; the first: the message at")));
}

}  // namespace
}  // namespace ipmpsc_test
