// Tests names of .proto files that are also names of the C library. The library of uses shows that
// the generated code compiles.
#include <string>

#include "codegen/c_names.h"
#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "tests/codegen/packages/camera.log.ipmpsc.h"
#include "tests/codegen/packages/math.ipmpsc.h"

namespace ipmpsc::codegen {
namespace {

TEST(CNamesTest, ReservedNamesBesideStatus) {
  for (const char* name : {"log", "logf", "log10", "lgammaf_r", "f32addf64x", "fsqrt", "read",
                           "link", "pipe", "access", "write", "fork", "environ"}) {
    EXPECT_EQ(FindCName(name), CName::kBesideStatus) << name;
  }
}

TEST(CNamesTest, Everywhere) {
  for (const char* name : {"time", "index", "printf", "abs", "div", "stdin", "select", "random"}) {
    EXPECT_EQ(FindCName(name), CName::kEverywhere) << name;
  }
}

TEST(CNamesTest, None) {
  for (const char* name : {"camera", "logs", "signal", "stat", "math", "frame", "format", "diff",
                           "full", "", "f", "l"}) {
    EXPECT_EQ(FindCName(name), CName::kNone) << name;
  }
}

TEST(PackagesTest, ParsesPackagesNamedLikeMacros) {
  ipmpsc::view::Arena arena;
  const std::string wire("\x0a\x02\x08\x07\x10\x05", 6);
  const math::MessageView* const view = math::MessageView::Parse(wire, &arena);
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->Bytes(), wire);
  EXPECT_EQ(camera::log::MessageChannel::kType.name, "camera.log.Message");
  EXPECT_EQ(math::MessageChannel::kType.name, "math.Message");
}

}  // namespace
}  // namespace ipmpsc::codegen
