// Tests that a header compiles whatever the comments of its .proto file contain, see make_proto.sh,
// and that deprecated fields are marked.
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/codegen/comments/hostile.ipmpsc.h"

namespace ipmpsc_test::comments {
namespace {

// Returns the text of the header with this name. A header of a generated file has a folder that
// depends on Bazel.
std::string Header(absl::string_view name) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(".")) {
    if (entry.path().filename().string() != name) continue;
    std::ifstream file(entry.path());
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
  }
  ADD_FAILURE() << "there is no " << name;
  return "";
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

TEST(HostileCommentsTest, EveryFieldIsThere) {
  char space[200];
  ipmpsc::writer::Draft draft{absl::MakeSpan(space)};
  HostileWriter writer(&draft);
  writer.set_f1(1);
  writer.set_f18(18);
  writer.set_f19(19);
  writer.set_block(100);
  writer.set_text("text");
  writer.set_kind(KindConstants::kOld);
  writer.mutable_later();
  const absl::StatusOr<size_t> size = draft.Finish("Hostile");
  ASSERT_TRUE(size.ok()) << size.status();
  ipmpsc::view::Arena arena;
  const HostileView* const view = HostileView::Parse(absl::string_view(space, *size), &arena);
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->f1(), 1);
  EXPECT_EQ(view->f18(), 18);
  EXPECT_EQ(view->f19(), 19);
  EXPECT_EQ(view->block(), 100);
  EXPECT_EQ(view->text(), "text");
  EXPECT_EQ(view->kind(), KindConstants::kOld);
  EXPECT_TRUE(view->has_later());
}

#pragma GCC diagnostic pop

// Returns whether the line declares a function of the field within a class.
bool Declares(absl::string_view line, absl::string_view field) {
  if (absl::StrContains(line, "return ") && !absl::StrContains(line, "{ return ")) return false;
  if (absl::StartsWith(line, "inline ")) return false;
  for (const char* before : {" ", "has_", "set_", "add_", "mutable_"}) {
    for (const char* behind : {"(", "_size("}) {
      if (absl::StrContains(line, absl::StrCat(before, field, behind))) return true;
    }
  }
  return false;
}

TEST(HostileCommentsTest, EveryFunctionOfADeprecatedFieldIsMarked) {
  int functions = 0;
  for (const char* name : {"hostile.ipmpsc.views.h", "hostile.ipmpsc.h"}) {
    for (const absl::string_view line : absl::StrSplit(Header(name), '\n')) {
      for (const char* field :
           {"f19", "text", "inside", "numbers", "texts", "messages", "map", "later", "kind"}) {
        if (!Declares(line, field)) continue;
        EXPECT_TRUE(absl::StrContains(line, "[[deprecated]] ")) << line;
        ++functions;
      }
      for (const char* field : {"f1", "f18", "block", "hostile"}) {
        EXPECT_FALSE(Declares(line, field) && absl::StrContains(line, "deprecated")) << line;
      }
    }
  }
  // Views have 2 for a singular field, 3 for a repeated one, 2 for the map. Writers have 1 for each
  // field, and 2 for text and for numbers in arrays.
  EXPECT_EQ(functions, (5 * 2 + 3 * 3 + 2) + (9 + 3));
}

TEST(HostileCommentsTest, DeprecatedConstantsAreMarked) {
  const std::string header = Header("hostile.ipmpsc.views.h");
  EXPECT_TRUE(absl::StrContains(
      header, "[[deprecated]] static constexpr ::ipmpsc_test::comments::Kind kOld"));
  EXPECT_FALSE(absl::StrContains(
      header, "[[deprecated]] static constexpr ::ipmpsc_test::comments::Kind kNew"));
}

}  // namespace
}  // namespace ipmpsc_test::comments
