// Tests the lengths of nested messages: they are written after what they measure, so short ones
// move it, and nothing moves that a caller or the receiver relies on.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/writer/message_writer.h"
#include "tests/codegen/protos/aligned.ipmpsc.h"
#include "tests/codegen/protos/aligned.pb.h"
#include "tests/codegen/protos/proto3.ipmpsc.h"
#include "tests/codegen/protos/proto3.pb.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc_test {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::testing::StatusIs;
using ::ipmpsc::writer::Draft;

// Adds a child with `levels` more below it, each with `names` short names before the next level.
void FillChain(int levels, int names, TreeWriter* writer, Tree* message) {
  for (int i = 0; i < names; ++i) {
    writer->add_children().set_name(absl::StrCat(levels, " ", i));
    message->add_children()->set_name(absl::StrCat(levels, " ", i));
  }
  if (levels == 0) return;
  TreeWriter child = writer->add_children();
  FillChain(levels - 1, names, &child, message->add_children());
}

TEST(WriterLengthsTest, BelowAKibibyteAsProtobufWritesThem) {
  for (int levels = 0; levels < 60; ++levels) {
    Tree message;
    std::vector<char> space(1 << 16);
    Draft draft(absl::MakeSpan(space));
    TreeWriter writer(&draft);
    FillChain(levels, 1, &writer, &message);
    const std::string wanted = message.SerializeAsString();
    if (wanted.size() >= 1024) break;
    ASSERT_OK_AND_ASSIGN(const size_t size, draft.Finish("Tree"));
    ASSERT_EQ(std::string(space.data(), size), wanted) << levels;
  }
}

TEST(WriterLengthsTest, DeepAndLong) {
  for (const int names : {1, 10, 300}) {
    Tree message;
    std::vector<char> space(1 << 20);
    Draft draft(absl::MakeSpan(space));
    TreeWriter writer(&draft);
    FillChain(90, names, &writer, &message);
    ASSERT_OK_AND_ASSIGN(const size_t size, draft.Finish("Tree"));
    EXPECT_LE(size, message.ByteSizeLong() + 4 * 91);
    Tree read;
    ASSERT_TRUE(read.ParseFromArray(space.data(), static_cast<int>(size)));
    EXPECT_EQ(read.SerializeAsString(), message.SerializeAsString());
  }
}

// Bytes are handed out on each of several levels, behind messages whose lengths are still open.
// They are filled at the end.
TEST(WriterLengthsTest, WhatIsHandedOutStaysInItsPlace) {
  std::vector<char> space(1 << 16);
  Draft draft(absl::MakeSpan(space));
  TreeWriter tree(&draft);
  std::vector<absl::Span<char>> names;
  {
    TreeWriter left = tree.mutable_left();
    left.add_children().set_name("before");
    TreeWriter inner = left.mutable_left();
    for (int i = 0; i < 100; ++i) inner.add_children().set_name("many");
    names.push_back(inner.mutable_name(5));
    {
      TreeWriter::LeafWriter leaf = inner.mutable_leaf();
      TreeWriter leaf_owner = leaf.mutable_owner();
      leaf_owner.add_children().set_name(std::string(500, 'x'));
      names.push_back(leaf_owner.mutable_name(5));
      leaf_owner.mutable_right().set_name(std::string(5000, 'y'));
    }
    for (int i = 0; i < 100; ++i) inner.add_children().set_name("after");
    names.push_back(left.mutable_name(5));
  }
  names.push_back(tree.mutable_name(5));
  for (size_t i = 0; i < names.size(); ++i) std::memcpy(names[i].data(), &"abcde"[i], 5 - i);
  for (size_t i = 0; i < names.size(); ++i) std::memset(names[i].data() + 5 - i, '.', i);
  ASSERT_OK_AND_ASSIGN(const size_t size, draft.Finish("Tree"));
  ipmpsc::view::Arena arena;
  const TreeView* const view = TreeView::Parse({space.data(), size}, &arena);
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->name(), "de...");
  EXPECT_EQ(view->left().name(), "cde..");
  EXPECT_EQ(view->left().children(0).name(), "before");
  const TreeView& inner = view->left().left();
  EXPECT_EQ(inner.name(), "abcde");
  EXPECT_EQ(inner.children_size(), 200);
  EXPECT_EQ(inner.children(99).name(), "many");
  EXPECT_EQ(inner.children(199).name(), "after");
  EXPECT_EQ(inner.leaf().owner().name(), "bcde.");
  EXPECT_EQ(inner.leaf().owner().children(0).name(), std::string(500, 'x'));
  EXPECT_EQ(inner.leaf().owner().right().name(), std::string(5000, 'y'));
}

// The length of an entry is open while its value is written.
TEST(WriterLengthsTest, EntriesOfMaps) {
  for (const size_t size : {1, 100, 126, 130, 1000, 5000}) {
    std::vector<char> space(1 << 16);
    Draft draft(absl::MakeSpan(space));
    MapsWriter maps(&draft);
    const std::string text(size, 'v');
    maps.add_by_int64(1, text);
    maps.add_by_string(text).add_by_int64(2, text);
    {
      MapsWriter value = maps.add_by_string("key");
      value.add_by_int64(3, "short");
      MapsWriter within = value.add_by_string(text);
      MapsWriter moved = std::move(within);
      moved.add_by_fixed64(4).set_some_bytes(text);
      const absl::Span<char> bytes = value.add_by_fixed64(5).mutable_some_bytes(size);
      value.add_by_int64(6, text);
      std::memset(bytes.data(), 'b', size);
    }
    ASSERT_OK_AND_ASSIGN(const size_t written, draft.Finish("Maps"));
    Maps read;
    ASSERT_TRUE(read.ParseFromArray(space.data(), static_cast<int>(written)));
    EXPECT_EQ(read.by_int64().at(1), text);
    EXPECT_EQ(read.by_string().at(text).by_int64().at(2), text);
    const Maps& value = read.by_string().at("key");
    EXPECT_EQ(value.by_int64().at(3), "short");
    EXPECT_EQ(value.by_string().at(text).by_fixed64().at(4).some_bytes(), text);
    EXPECT_EQ(value.by_fixed64().at(5).some_bytes(), std::string(size, 'b'));
    EXPECT_EQ(value.by_int64().at(6), text);
  }
}

// An aligned value is written behind lengths that are open, and much is written behind it.
TEST(WriterLengthsTest, AlignedValuesStayAligned) {
  for (size_t before = 0; before < 300; before += 7) {
    std::vector<char> space(1 << 16);
    Draft draft(absl::MakeSpan(space));
    aligned::PictureWriter picture(&draft);
    {
      aligned::PictureWriter inside = picture.add_inside();
      inside.set_plain(std::string(before, 'p'));
      inside.add_inside().set_pixels("pixels");
      inside.add_inside().set_plain(std::string(3000, 'q'));
    }
    ASSERT_OK_AND_ASSIGN(const size_t size, draft.Finish("Picture"));
    ipmpsc::view::Arena arena;
    const auto* const view = aligned::PictureView::Parse({space.data(), size}, &arena);
    ASSERT_NE(view, nullptr);
    const absl::string_view pixels = view->inside(0).inside(0).pixels();
    EXPECT_EQ(pixels, "pixels");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(pixels.data()) % 64, 0) << before;
    EXPECT_EQ(view->inside(0).inside(1).plain(), std::string(3000, 'q'));
  }
}

// The bound in the error is enough, also where lengths would have been widened.
TEST(WriterLengthsTest, ErrorTellsABoundThatIsEnough) {
  const auto write = [](size_t bound) {
    std::vector<char> space(bound);
    Draft draft(absl::MakeSpan(space));
    TreeWriter tree(&draft);
    for (int i = 0; i < 3; ++i) {
      TreeWriter left = tree.mutable_left();
      for (int j = 0; j < 50; ++j) left.add_children().set_name("name");
    }
    return draft.Finish("Tree");
  };
  const absl::StatusOr<size_t> wanted = write(10000);
  ASSERT_OK(wanted);
  EXPECT_OK(write(*wanted));
  for (size_t bound = 0; bound < *wanted; ++bound) {
    ASSERT_THAT(write(bound),
                StatusIs(StatusCode::kResourceExhausted,
                         testing::HasSubstr(absl::StrCat(" at least ", *wanted, " bytes"))))
        << bound;
  }
}

}  // namespace
}  // namespace ipmpsc_test
