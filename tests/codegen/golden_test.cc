// The generated headers are those in golden/, which are there to be read, and to be seen in the
// diff of a change.
#include <algorithm>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace {

// Tests run in the root of the workspace's runfiles.
std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path << " cannot be read";
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

class GoldenTest : public testing::TestWithParam<const char*> {};

// The first line in which they differ.
std::string Difference(const std::string& now, const std::string& golden) {
  const std::vector<std::string> new_lines = absl::StrSplit(now, '\n');
  const std::vector<std::string> old_lines = absl::StrSplit(golden, '\n');
  for (size_t i = 0; i < std::max(new_lines.size(), old_lines.size()); ++i) {
    const std::string new_line = i < new_lines.size() ? new_lines[i] : "(end)";
    const std::string old_line = i < old_lines.size() ? old_lines[i] : "(end)";
    if (new_line != old_line) {
      return absl::StrCat("line ", i + 1, "\n  is:  ", new_line, "\n  was: ", old_line, "\n");
    }
  }
  return "";
}

TEST_P(GoldenTest, GeneratedHeaderEqualsTheGoldenFile) {
  const std::string generated = ReadFile(absl::StrCat("tests/codegen/protos/", GetParam(), ".h"));
  const std::string golden = ReadFile(absl::StrCat("tests/codegen/golden/", GetParam(), ".h"));
  EXPECT_FALSE(generated.empty());
  EXPECT_EQ(Difference(generated, golden), "")
      << "If the new header is right: ./bazelw run //tests/codegen:update_golden";
}

// Only names, literals and directives, which cannot be broken, are longer.
TEST_P(GoldenTest, LinesHaveAtMostOneHundredColumns) {
  const std::string generated = ReadFile(absl::StrCat("tests/codegen/protos/", GetParam(), ".h"));
  for (const absl::string_view line : absl::StrSplit(generated, '\n')) {
    if (absl::StartsWith(line, "#") || absl::StartsWith(line, "}  // namespace ")) continue;
    EXPECT_LE(line.size(), 100) << line;
  }
}

constexpr const char* kHeaders[] = {
    "aligned.ipmpsc",      "aligned.ipmpsc.fwd", "aligned.ipmpsc.views", "frame.ipmpsc",
    "frame.ipmpsc.fwd",    "frame.ipmpsc.views", "legacy.ipmpsc",        "legacy.ipmpsc.fwd",
    "legacy.ipmpsc.views", "names.ipmpsc",       "names.ipmpsc.fwd",     "names.ipmpsc.views",
    "service.ipmpsc",      "service.ipmpsc.fwd", "service.ipmpsc.views",
};

INSTANTIATE_TEST_SUITE_P(AllHeaders, GoldenTest, testing::ValuesIn(kHeaders), [](const auto& info) {
  return absl::StrReplaceAll(info.param, {{".", "_"}});
});

}  // namespace
