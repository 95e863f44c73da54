#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "codegen/comments.h"
#include "gmock/gmock.h"
#include "google/protobuf/compiler/parser.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/struct.pb.h"
#include "gtest/gtest.h"

namespace ipmpsc::codegen {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace protobuf = ::google::protobuf;

TEST(CommentLinesTest, DropsTheSpaceBehindTheMarkAndEmptyLinesAround) {
  EXPECT_THAT(CommentLines("\n \n One.\n   - two\n\n\n Three.  \n\n", 80),
              ElementsAre("One.", "  - two", "", "Three."));
  EXPECT_THAT(CommentLines("", 80), IsEmpty());
  EXPECT_THAT(CommentLines(" \n\t\n", 80), IsEmpty());
}

TEST(CommentLinesTest, WrapsAndKeepsTheIndentation) {
  EXPECT_THAT(CommentLines("   one two three four", 12), ElementsAre("  one two", "  three four"));
  EXPECT_THAT(CommentLines(" one two three", 13), ElementsAre("one two three"));
  EXPECT_THAT(CommentLines(" one twothreefourfive six", 10),
              ElementsAre("one", "twothreefourfive", "six"));
  // Columns, not bytes.
  EXPECT_THAT(CommentLines(" \u00e4\u00e4\u00e4 \u20ac\u20ac", 6),
              ElementsAre("\u00e4\u00e4\u00e4 \u20ac\u20ac"));
  // Spaces alone fill no line.
  EXPECT_THAT(CommentLines(std::string(50, ' ') + "one", 10), ElementsAre("     one"));
}

TEST(CommentLinesTest, NoLineContinuesInTheNext) {
  EXPECT_THAT(CommentLines(" a \\\n b \\ \t\n c ?\?/", 80),
              ElementsAre("a \\ //", "b \\ //", "c ?\?/ //"));
  EXPECT_THAT(CommentLines(" one \\ two", 7), ElementsAre("one", "\\ two"));
  EXPECT_THAT(CommentLines(" one \\ two", 8), ElementsAre("one \\ //", "two"));
}

TEST(CommentLinesTest, ReplacesWhatCompilersWarnOf) {
  EXPECT_THAT(CommentLines(absl::string_view(" a\0b\x1b\x7f", 6), 80), ElementsAre("a b"));
  EXPECT_THAT(CommentLines(" a\rb\r\nc", 80), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(CommentLines(" \x80 \xc3 \xed\xa0\x80 \xf4\x90\x80\x80 \xc0\x80", 80),
              ElementsAre("? ? ??? ???? ??"));
  EXPECT_THAT(CommentLines(" \u202e \u2066 \u061c \u200f", 80),
              ElementsAre("<U+202E> <U+2066> <U+061C> <U+200F>"));
  EXPECT_THAT(CommentLines(" \u00e4 \u20ac \U0001f4f7", 80),
              ElementsAre("\u00e4 \u20ac \U0001f4f7"));
}

// Returns whether protobuf accepts `text` as a string of proto3.
bool IsUtf8(const std::string& text) {
  google::protobuf::Value value;
  return value.ParseFromString(
      absl::StrCat("\x1a", std::string(1, static_cast<char>(text.size())), text));
}

// Draws comments from the bytes that matter, in any order, and checks what holds for every line.
TEST(CommentLinesTest, EveryLineIsHarmless) {
  constexpr absl::string_view kBytes(
      "ab  \\?/*\n\r\t\0\x1f\x7f\x80\xa0\xbf\xc2\xc3\xe2\xed\xf0\xff", 23);
  constexpr size_t kColumns = 12;
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string comment;
    for (size_t size = random() % 60; size > 0; --size) comment += kBytes[random() % kBytes.size()];
    const std::vector<std::string> lines = CommentLines(comment, kColumns);
    for (const std::string& line : lines) {
      ASSERT_EQ(std::count_if(line.begin(), line.end(), absl::ascii_iscntrl), 0) << line;
      ASSERT_FALSE(absl::EndsWith(line, "\\") || absl::EndsWith(line, "?\?/") ||
                   absl::EndsWith(line, " "))
          << line;
      const auto columns =
          std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
      const absl::string_view word =
          absl::StripSuffix(absl::StripLeadingAsciiWhitespace(line), " //");
      if (absl::StrContains(word, ' ')) {
        ASSERT_LE(columns, kColumns) << line;
      }
      // A compiler that warns of invalid UTF-8 sees none.
      ASSERT_TRUE(IsUtf8(line)) << line;
    }
    if (!lines.empty()) {
      ASSERT_FALSE(lines.front().empty() || lines.back().empty());
    }
  }
}

class DescriptorTest : public testing::Test {
 protected:
  const protobuf::FileDescriptor& Parse(absl::string_view text) {
    protobuf::FileDescriptorProto proto;
    protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
    protobuf::io::Tokenizer tokenizer(&input, nullptr);
    EXPECT_TRUE(protobuf::compiler::Parser().Parse(&tokenizer, &proto));
    proto.set_name("a.proto");
    const protobuf::FileDescriptor* const file = pool_.BuildFile(proto);
    EXPECT_NE(file, nullptr);
    return *file;
  }

 private:
  protobuf::DescriptorPool pool_;
};

TEST_F(DescriptorTest, CommentsAreThoseBeforeAndBehind) {
  const auto& file = Parse(R"(syntax = "proto3";
package a;

// Detached.

// Before.
message M {  // Behind.
  int32 none = 1;

  int32 behind = 2;  // Behind the field.
}
)");
  const protobuf::Descriptor& message = *file.message_type(0);
  EXPECT_EQ(CommentOf(message), " Before.\n\n Behind.\n");
  EXPECT_EQ(CommentOf(*message.field(0)), "");
  EXPECT_EQ(CommentOf(*message.field(1)), " Behind the field.\n");
}

TEST_F(DescriptorTest, DeclarationsAreAsInTheFile) {
  const auto declarations = [](const protobuf::Descriptor& message) {
    std::vector<std::string> result;
    for (int i = 0; i < message.field_count(); ++i) {
      result.push_back(DeclarationOf(*message.field(i)));
    }
    return result;
  };
  EXPECT_THAT(declarations(*Parse(R"(syntax = "proto2";
package a.b;
message M {
  required fixed32 one = 1;
  optional string two = 2;
  repeated M three = 3;
  repeated group Four = 4 {}
  oneof o { bytes five = 5; }
  map<int32, E> six = 6;
  optional E seven = 7;
}
enum E { X = 0; }
)")
                                .message_type(0)),
              ElementsAre("required fixed32 one = 1", "optional string two = 2",
                          "repeated M three = 3", "repeated group Four = 4", "bytes five = 5",
                          "map<int32, E> six = 6", "optional E seven = 7"));
}

TEST_F(DescriptorTest, DeclarationsOfProto3) {
  const protobuf::Descriptor& message = *Parse(R"(syntax = "proto3";
message M {
  fixed32 one = 1;
  optional string two = 2;
  M.N three = 3;
  message N {}
}
)")
                                             .message_type(0);
  EXPECT_EQ(DeclarationOf(*message.field(0)), "fixed32 one = 1");
  EXPECT_EQ(DeclarationOf(*message.field(1)), "optional string two = 2");
  EXPECT_EQ(DeclarationOf(*message.field(2)), "M.N three = 3");
}

}  // namespace
}  // namespace ipmpsc::codegen
