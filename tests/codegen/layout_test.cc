#include "codegen/layout.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace ipmpsc::codegen {
namespace {

std::string Long(char c) { return std::string(60, c); }

TEST(LayoutTest, KeepsLinesThatFit) {
  const std::string code = "int F() const { return 1; }\n\nvoid G() { one(); two(); }\n";
  EXPECT_EQ(Layout(code), code);
}

TEST(LayoutTest, SplitsFunctionsThatAreTooLong) {
  EXPECT_EQ(Layout(absl::StrCat("  int ", Long('f'), "() const { return ", Long('g'), "; }\n")),
            absl::StrCat("  int ", Long('f'), "() const {\n    return ", Long('g'), ";\n  }\n"));
}

TEST(LayoutTest, SplitsFunctionsOfThreeStatements) {
  EXPECT_EQ(Layout("void F() { one({1; }); two(\"; \"); three(); }\n"),
            "void F() {\n  one({1; });\n  two(\"; \");\n  three();\n}\n");
}

TEST(LayoutTest, JoinsFunctionsThatFit) {
  EXPECT_EQ(Layout("  int F() const {\n    one(); return 1;\n  }\n"),
            "  int F() const { one(); return 1; }\n");
  EXPECT_EQ(Layout("void F() {\n  one();\n  two(); three();\n}\n"),
            "void F() {\n  one();\n  two();\n  three();\n}\n");
  const std::string wide = absl::StrCat("void ", Long('f'), "() {\n  return ", Long('g'), ";\n}\n");
  EXPECT_EQ(Layout(wide), wide);
}

TEST(LayoutTest, KeepsOtherBlocks) {
  for (const char* code : {"class A {\n  int a;\n};\n", "enum A {\n  kB = 1,\n};\n",
                           "namespace a {\n  class B;\n}\n", "void F() {\n  // Why.\n  one();\n}\n",
                           "void F() {\n  one(a,\n      b);\n}\n", "void F() {\n  one();\n"}) {
    EXPECT_EQ(Layout(code), code);
  }
}

TEST(LayoutTest, BreaksAtTheOutermostBrackets) {
  EXPECT_EQ(Layout(absl::StrCat("    F(", Long('a'), ", G(b, ", Long('c'), "), d),\n")),
            absl::StrCat("    F(", Long('a'), ",\n        G(b, ", Long('c'), "), d),\n"));
  EXPECT_EQ(Layout(absl::StrCat("class ", Long('a'), " : public B<", Long('b'), "> {\n")),
            absl::StrCat("class ", Long('a'), "\n    : public B<", Long('b'), "> {\n"));
  EXPECT_EQ(Layout(absl::StrCat("return ", Long('a'), " ? b : ", Long('c'), ";\n")),
            absl::StrCat("return ", Long('a'), " ? b\n    : ", Long('c'), ";\n"));
}

TEST(LayoutTest, BreaksQualifiedNamesLast) {
  EXPECT_EQ(Layout(absl::StrCat("using A = ::", Long('a'), "::", Long('b'), "::C;\n")),
            absl::StrCat("using A =\n    ::", Long('a'), "::\n    ", Long('b'), "::C;\n"));
}

TEST(LayoutTest, KeepsDirectivesCommentsAndLiterals) {
  for (const std::string& line : {absl::StrCat("#include \"", Long('a'), " ", Long('b'), "\""),
                                  absl::StrCat("// ", Long('a'), ", ", Long('b')),
                                  absl::StrCat("int a;  // ", Long('a'), ", ", Long('b')),
                                  absl::StrCat("\"", Long('a'), ", \\\", // ", Long('b'), "\"")}) {
    EXPECT_EQ(Layout(line + "\n"), line + "\n");
  }
}

TEST(LayoutTest, KeepsTokensThatAreTooLong) {
  const std::string name = Long('a') + Long('b');
  EXPECT_EQ(Layout(absl::StrCat("int ", name, " = 1;\n")),
            absl::StrCat("int\n    ", name, "\n    = 1;\n"));
}

// A closed enum may have tens of thousands of ranges, all in one line.
TEST(LayoutTest, BreaksAMegabyte) {
  std::string code = "const Range kRanges[] = {{0, 0}";
  for (int i = 1; i < 65535; ++i) absl::StrAppend(&code, ", {", 2 * i, ", ", 2 * i, "}");
  code += "};\n";
  const std::string laid_out = Layout(code);
  for (const absl::string_view line : absl::StrSplit(laid_out, '\n')) {
    ASSERT_LE(line.size(), kColumns) << line;
  }
  std::string tokens = laid_out;
  for (std::string* text : {&code, &tokens}) {
    std::string without_spaces;
    for (const char c : *text) {
      if (c != ' ' && c != '\n') without_spaces += c;
    }
    *text = without_spaces;
  }
  EXPECT_EQ(tokens, code);
}

}  // namespace
}  // namespace ipmpsc::codegen
