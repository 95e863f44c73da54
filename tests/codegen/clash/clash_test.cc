// Tests a program with two classes of one name: protobuf's FrameView of frame_view.proto, and the
// view of a Frame. Their inline functions also have the same names. Each caller must get its own.
#include <string>

#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "tests/codegen/clash/frame.ipmpsc.h"
#include "tests/codegen/clash/frame.pb.h"
#include "tests/codegen/clash/name_of_message.h"

namespace ipmpsc_test::clash {
namespace {

TEST(ClashTest, EqualShortNamesStayApart) {
  Frame frame;
  frame.set_width(1920);
  frame.set_name("frame");
  const std::string wire = frame.SerializeAsString();
  ipmpsc::view::Arena arena;
  const FrameView* const view = FrameView::Parse(wire, &arena);
  ASSERT_NE(view, nullptr);
  const std::string message = NewMessage("message", 7);
  EXPECT_EQ(view->width(), 1920u);
  EXPECT_EQ(WidthOfMessage(message), 7u);
  EXPECT_EQ(view->name(), "frame");
  EXPECT_EQ(NameOfMessage(message), "message");
}

}  // namespace
}  // namespace ipmpsc_test::clash
