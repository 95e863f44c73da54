// Where both headers are included, what only one of them has can be used, and FrameView is ambiguous:
// an error of the compiler, in frame_view.ipmpsc.h itself if it comes second.
#include <string>

#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "tests/codegen/clash/frame_view.ipmpsc.h"

// Second.
#include "tests/codegen/clash/frame.ipmpsc.h"

namespace ipmpsc_test::clash {
namespace {

TEST(BothHeadersTest, WhatIsNotAmbiguousIsThere) {
  ipmpsc::view::Arena arena;
  const std::string wire("\x0a\x01w\x10\x05", 5);
  const FrameViewView* const view = FrameViewView::Parse(wire, &arena);
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->name(), "w");
  EXPECT_EQ(view->width(), 5u);
  EXPECT_EQ(FrameChannel::kType.name, "ipmpsc_test.clash.Frame");
  EXPECT_EQ(FrameViewChannel::kType.name, "ipmpsc_test.clash.FrameView");
  // In its own namespace it has its name.
  const auto* const frame =
      in_tests_2fcodegen_2fclash_2fframe_2eproto::FrameView::Parse("", &arena);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(frame->width(), 0u);
}

}  // namespace
}  // namespace ipmpsc_test::clash
