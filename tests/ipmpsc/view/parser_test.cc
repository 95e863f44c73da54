// Tests the parser at its limits. view_against_protobuf_test compares it with protobuf.
#include "ipmpsc/view/parser.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "ipmpsc/view/arena.h"
#include "tests/codegen/protos/proto2.ipmpsc.h"
#include "tests/codegen/protos/proto2.pb.h"
#include "tests/codegen/protos/proto3.ipmpsc.h"
#include "tests/codegen/protos/proto3.pb.h"

namespace ipmpsc_test {
namespace {

using std::string_literals::operator""s;

class ParserTest : public testing::Test {
 protected:
  // Keeps the bytes as long as the view.
  template <typename View>
  const View* Parse(std::string wire) {
    wire_ = std::move(wire);
    return View::Parse(wire_, &arena_);
  }

  std::string wire_;
  ipmpsc::view::Arena arena_;
};

// Returns `content` as a length-delimited field.
std::string Delimited(char tag, const std::string& content) {
  return std::string(1, tag) + static_cast<char>(content.size()) + content;
}

// Memory at the end of a mapping. A read beyond it kills the process.
class EndOfMapping {
 public:
  EndOfMapping() {
    void* const pages =
        mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(pages, MAP_FAILED);
    begin_ = static_cast<char*>(pages);
    EXPECT_EQ(mprotect(begin_ + kPage, kPage, PROT_NONE), 0);
  }
  ~EndOfMapping() { munmap(begin_, 2 * kPage); }

  absl::string_view Put(absl::string_view bytes) {
    char* const at = begin_ + kPage - bytes.size();
    std::memcpy(at, bytes.data(), bytes.size());
    return absl::string_view(at, bytes.size());
  }

 private:
  static constexpr size_t kPage = 65536;
  char* begin_;
};

// Cuts the input at every point and varies the last bytes. The parser accepts the same as protobuf
// and never reads beyond the end.
TEST_F(ParserTest, BytesBehindTheRecordAreNotRead) {
  EndOfMapping memory;
  const std::string numbers = "\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x68\x01"s;
  // Lengths with more bytes than necessary, before short texts.
  const std::string texts =
      "\x72\x83\x80\x80\x80\x00xyz\x7a\x81\x80\x80\x80\x00z\x72\x00\x72\x02\xc3\xa4"s;
  const std::string repeated = "\x72\x83\x80\x80\x80\x00"s +
                               "abc\x72\x01z\x72\x82\x80\x00zz\x0a\x03\x01\x80\x01"s +
                               "\x72\x81\x80\x80\x80\x00y"s;
  for (const std::string& one : {numbers, texts, repeated, repeated + repeated + texts}) {
    for (const size_t front : {0, 30}) {  // so that the fast loop has room, too
      for (size_t size = 0; size <= one.size(); ++size) {
        std::string wire = "\x7a" + std::string(1, static_cast<char>(front)) +
                           std::string(front, 'f') + one.substr(0, size);
        for (const char last : {'\x00', '\x01', '\x72', '\x80', '\xff'}) {
          wire.back() = size == 0 ? wire.back() : last;
          for (const std::string& bytes : {wire, wire.substr(0, wire.size() - 1)}) {
            const int length = static_cast<int>(bytes.size());
            EXPECT_EQ(ScalarsView::Parse(memory.Put(bytes), &arena_) != nullptr,
                      Scalars().ParseFromArray(bytes.data(), length));
            EXPECT_EQ(RepeatedsView::Parse(memory.Put(bytes), &arena_) != nullptr,
                      Repeateds().ParseFromArray(bytes.data(), length));
            arena_.Reset();
          }
        }
      }
    }
  }
}

TEST_F(ParserTest, NothingIsAnEmptyMessage) {
  const ScalarsView* const view = ScalarsView::Parse(absl::string_view(), &arena_);
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->an_int32(), 0);
  EXPECT_EQ(view->a_string(), "");
  EXPECT_FALSE(view->has_a_point());
  EXPECT_EQ(view->a_point().unit().name(), "");  // empty views all the way down
}

TEST_F(ParserTest, LastScalarWins) {
  EXPECT_EQ(Parse<ScalarsView>("\x08\x01\x08\x02")->an_int32(), 2);
}

TEST_F(ParserTest, FieldsInAnyOrder) {
  const auto* const view = Parse<ScalarsView>("\x72\x01z\x18\x05\x08\x07");
  EXPECT_EQ(view->a_string(), "z");
  EXPECT_EQ(view->a_uint32(), 5);
  EXPECT_EQ(view->an_int32(), 7);
}

TEST_F(ParserTest, OtherWireTypeIsAnUnknownField) {
  const auto* const view = Parse<ScalarsView>("\x0d\x01\x02\x03\x04");
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->an_int32(), 0);
}

TEST_F(ParserTest, UnknownFieldsAreSkippedAndKeptInTheBytes) {
  const auto* const view = Parse<OptionalsView>("\xfa\x3e\x01x\x08\x03\xf3\x3e\xf4\x3e");
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->an_int32(), 3);
  EXPECT_EQ(view->Bytes().size(), 10);
}

TEST_F(ParserTest, Malformed) {
  for (const std::string& wire : {
           "\x00\x01"s,         // field number 0
           "\x08"s,             // no value
           "\x08\x80"s,         // a value cut off
           "\x0e"s,             // wire type 6
           "\x0f"s,             // wire type 7
           "\x0c"s,             // the end of no group
           "\x0b"s,             // a group without end
           "\x72\x02z"s,        // a string cut off
           "\x39\x01"s,         // a fixed32... of another wire type, cut off
           "\x3d\x01\x02\x03"s  // a fixed32 cut off
       }) {
    EXPECT_EQ(Parse<ScalarsView>(wire), nullptr) << testing::PrintToString(wire);
  }
}

TEST_F(ParserTest, Utf8IsCheckedInStringsOfProto3Only) {
  EXPECT_EQ(Parse<ScalarsView>("\x72\x01\xff"), nullptr);
  EXPECT_EQ(Parse<ScalarsView>("\x7a\x01\xff")->some_bytes(), "\xff");
  EXPECT_EQ(Parse<v2::DefaultsView>("\x72\x01\xff")->a_string(), "\xff");
}

TEST_F(ParserTest, PresenceFollowsTheBytes) {
  const auto* const view = Parse<OptionalsView>("\x08\x00\x32\x00"s);
  EXPECT_TRUE(view->has_an_int32());
  EXPECT_TRUE(view->has_a_string());
  EXPECT_FALSE(view->has_a_bool());
  EXPECT_FALSE(view->has_scalars());
}

TEST_F(ParserTest, HasBitsBeyondTheFirstWord) {
  const auto* const view = Parse<v2::ManyHasBitsView>("\x90\x02\x01\x88\x02\x02\xa0\x06\x03");
  ASSERT_NE(view, nullptr);
  EXPECT_TRUE(view->has_f33());
  EXPECT_EQ(view->f33(), 2);
  EXPECT_TRUE(view->has_f34());
  EXPECT_TRUE(view->has_f100());
  EXPECT_FALSE(view->has_f32());
  EXPECT_FALSE(view->has_f1());
}

TEST_F(ParserTest, DefaultsOfProto2) {
  const auto* const view = Parse<v2::DefaultsView>("");
  const v2::Defaults message;
  EXPECT_EQ(view->an_int32(), message.an_int32());
  EXPECT_EQ(view->an_int64(), message.an_int64());
  EXPECT_EQ(view->a_uint64(), message.a_uint64());
  EXPECT_EQ(view->a_float(), message.a_float());
  EXPECT_EQ(view->a_double(), message.a_double());
  EXPECT_EQ(view->a_string(), message.a_string());
  EXPECT_EQ(view->some_bytes(), message.some_bytes());
  EXPECT_EQ(view->a_level(), v2::HIGH);
  EXPECT_EQ(view->first_level(), v2::LOW);
  EXPECT_EQ(view->lowest_level(), v2::LOWEST);
  EXPECT_EQ(view->infinite(), message.infinite());
  EXPECT_EQ(view->minus_infinite(), message.minus_infinite());
  EXPECT_NE(view->not_a_number(), view->not_a_number());
  EXPECT_EQ(view->number(), 5);
  EXPECT_EQ(view->text(), "none");
  EXPECT_EQ(view->level(), v2::LOW);
  EXPECT_FALSE(view->has_a_level());
}

TEST_F(ParserTest, ClosedEnumKeepsOnlyItsValues) {
  const auto* const view = Parse<v2::DefaultsView>("\x80\x01\x07\x88\x01\x03");
  EXPECT_FALSE(view->has_a_level());
  EXPECT_EQ(view->first_level(), v2::MIDDLE);
  const auto* const lists = Parse<v2::RepeatedsView>("\x40\x02\x40\x08\x4a\x03\x09\x08\x03");
  EXPECT_EQ(lists->levels_size(), 1);
  EXPECT_EQ(lists->packed_levels_size(), 2);
  EXPECT_EQ(lists->packed_levels(1), v2::MIDDLE);
}

TEST_F(ParserTest, OpenEnumKeepsAnyValue) {
  EXPECT_EQ(Parse<ScalarsView>("\x80\x01\x2a")->a_color(), 42);
}

TEST_F(ParserTest, LastOneofMemberWins) {
  const auto* view = Parse<OneofsView>("\x10\x05\x1a\x01z");
  EXPECT_EQ(view->first_case(), OneofsView::kText);
  EXPECT_FALSE(view->has_number());
  EXPECT_EQ(view->number(), 0);
  EXPECT_EQ(view->text(), "z");
  EXPECT_EQ(view->second_case(), OneofsView::SECOND_NOT_SET);
}

TEST_F(ParserTest, OneofMessageMergesUnlessAnotherCameBetween) {
  const auto* view = Parse<OneofsView>("\x22\x02\x08\x05\x22\x02\x18\x06");
  EXPECT_EQ(view->scalars().an_int32(), 5);
  EXPECT_EQ(view->scalars().a_uint32(), 6);
  view = Parse<OneofsView>("\x22\x02\x08\x05\x10\x01\x22\x02\x18\x06");
  EXPECT_EQ(view->scalars().an_int32(), 0);
  EXPECT_EQ(view->scalars().a_uint32(), 6);
}

TEST_F(ParserTest, PackedOrNot) {
  for (const char* const wire : {"\x0a\x03\x01\x96\x01\x08\x02", "\x08\x01\x0a\x03\x96\x01\x02"}) {
    const auto* const view = Parse<RepeatedsView>(wire);
    ASSERT_EQ(view->int32s_size(), 3);
    EXPECT_EQ(view->int32s(0), 1);
    EXPECT_EQ(view->int32s(1), 150);
    EXPECT_EQ(view->int32s(2), 2);
  }
}

TEST_F(ParserTest, PackedFloatsStayInTheRecord) {
  const float values[] = {1.5f, 2.5f};
  const auto* const view = Parse<RepeatedsView>(
      Delimited('\x5a', std::string(reinterpret_cast<const char*>(values), sizeof(values))));
  ASSERT_EQ(view->floats_size(), 2);
  EXPECT_EQ(view->floats(1), 2.5f);
  wire_[2 + 4 + 3] = 0;  // of the second
  EXPECT_NE(view->floats(1), 2.5f);
}

TEST_F(ParserTest, PackedFloatsInPiecesAreConcatenated) {
  const auto* const view =
      Parse<RepeatedsView>("\x5a\x04\x00\x00\xc0\x3f\x5d\x00\x00\x20\x40\x5a\x04\x00\x00\xc0\xbf"s);
  ASSERT_EQ(view->floats_size(), 3);
  EXPECT_EQ(view->floats(0), 1.5f);
  EXPECT_EQ(view->floats(1), 2.5f);
  EXPECT_EQ(view->floats(2), -1.5f);
}

TEST_F(ParserTest, PackedFieldOfUnevenLength) {
  EXPECT_EQ(Parse<RepeatedsView>("\x5a\x03\x00\x00\x00"s), nullptr);
  EXPECT_EQ(Parse<RepeatedsView>("\x0a\x02\x01\x80"), nullptr);
  EXPECT_EQ(Parse<RepeatedsView>("\x0a\x01\x80\x01"), nullptr);
  EXPECT_EQ(Parse<RepeatedsView>("\x5a\x00"s)->floats_size(), 0);
  EXPECT_EQ(Parse<RepeatedsView>("\x0a\x00"s)->int32s_size(), 0);
}

TEST_F(ParserTest, RepeatedMessagesGrow) {
  std::string wire;
  for (int i = 0; i < 100; ++i) wire += Delimited('\x22', Delimited('\x0a', std::to_string(i)));
  const auto* const view = Parse<TreeView>(wire);
  ASSERT_EQ(view->children_size(), 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(view->children(i).name(), std::to_string(i));
}

TEST_F(ParserTest, MessageInPiecesIsMergedAndItsBytesAreConcatenated) {
  std::string wire;
  std::string together;
  for (int i = 0; i < 50; ++i) {
    const std::string piece = Delimited('\x22', Delimited('\x0a', std::to_string(i)));
    wire += Delimited('\x12', piece);
    together += piece;
  }
  const auto* const view = Parse<TreeView>(wire);
  EXPECT_EQ(view->left().children_size(), 50);
  EXPECT_EQ(view->left().children(49).name(), "49");
  EXPECT_EQ(view->left().Bytes(), together);
  EXPECT_EQ(view->left().ToMessage().children_size(), 50);
  EXPECT_EQ(view->left().DebugString(), view->left().ToMessage().DebugString());
}

TEST_F(ParserTest, GroupsEndWithTheirOwnTag) {
  const auto* const view = Parse<v2::GroupsView>("\x0b\x08\x05\x2b\x08\x06\x2c\x0c");
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->one().a(), 5);
  EXPECT_EQ(view->one().deep().b(), 6);
  EXPECT_EQ(view->one().Bytes(), "\x08\x05\x2b\x08\x06\x2c");
  EXPECT_EQ(Parse<v2::GroupsView>("\x0b\x08\x05\x2c"), nullptr);
  EXPECT_EQ(Parse<v2::GroupsView>("\x0b\x08\x05"), nullptr);
  EXPECT_EQ(Parse<v2::GroupsView>("\x0c"), nullptr);
  EXPECT_EQ(Parse<v2::GroupsView>("\x0a\x00"s)->has_one(), false);  // unknown as a message
}

TEST_F(ParserTest, EndOfAGroupWithALongTag) {
  const auto* const view = Parse<v2::GroupsView>("\x0b\x08\x05\x8c\x80\x00"s);
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->one().Bytes(), "\x08\x05");
}

TEST_F(ParserTest, RequiredFieldsAreCheckedAtTheEnd) {
  EXPECT_EQ(Parse<v2::RequiredView>("\x10\x01"), nullptr);
  EXPECT_EQ(Parse<v2::RequiredView>("\x10\x01\x1a\x00"s), nullptr);
  EXPECT_NE(Parse<v2::RequiredView>("\x10\x01\x1a\x00\xc0\x02\x03"s), nullptr);
  EXPECT_EQ(Parse<v2::RequiredView>("\x10\x01\x1a\x00\xc0\x02\x07"s), nullptr);  // no such level
}

TEST_F(ParserTest, RequiredFieldsInside) {
  const std::string whole = "\x10\x01\x1a\x00\xc0\x02\x03"s;
  const std::string defaults = "\x22\x00"s;
  EXPECT_NE(Parse<v2::RequiredInsideView>(defaults), nullptr);
  EXPECT_NE(Parse<v2::RequiredInsideView>(defaults + Delimited('\x0a', whole)), nullptr);
  EXPECT_EQ(Parse<v2::RequiredInsideView>(defaults + Delimited('\x0a', "\x10\x01")), nullptr);
  EXPECT_NE(Parse<v2::RequiredInsideView>(defaults + Delimited('\x0a', whole.substr(0, 4)) +
                                          Delimited('\x0a', whole.substr(4))),
            nullptr);
  EXPECT_EQ(Parse<v2::RequiredInsideView>(defaults + Delimited('\x12', "")), nullptr);
  EXPECT_EQ(Parse<v2::RequiredInsideView>(defaults + Delimited('\x1a', "")), nullptr);
  // A replaced member of the oneof does not count.
  EXPECT_NE(Parse<v2::RequiredInsideView>(defaults + Delimited('\x32', "") + "\x38\x01"), nullptr);
  EXPECT_EQ(Parse<v2::RequiredInsideView>(defaults + "\x38\x01" + Delimited('\x32', "")), nullptr);
}

TEST_F(ParserTest, MapHasEachKeyOnceWithItsLastValue) {
  const auto* const view =
      Parse<MapsView>("\x0a\x04\x08\x05\x10\x01\x0a\x04\x08\x02\x10\x02\x0a\x04\x08\x05\x10\x03");
  ASSERT_EQ(view->by_int32_size(), 2);
  EXPECT_EQ((*view->by_int32().find(5)).value(), 3);
  EXPECT_EQ((*view->by_int32().find(2)).value(), 2);
  EXPECT_FALSE(view->by_int32().contains(1));
}

TEST_F(ParserTest, MapEntryWithoutKeyOrValue) {
  const auto* const view = Parse<MapsView>("\x42\x00\x12\x02\x12\x00"s);
  ASSERT_EQ(view->by_fixed64_size(), 1);
  EXPECT_EQ((*view->by_fixed64().find(0)).value().an_int32(), 0);
  EXPECT_EQ((*view->by_int64().find(0)).value(), "");
}

TEST_F(ParserTest, MapEntryWithAnUnknownValueOfAClosedEnumIsDropped) {
  const auto* const view =
      Parse<v2::EnumMapsView>("\x0a\x04\x08\x05\x10\x01\x0a\x04\x08\x06\x10\x09");
  EXPECT_EQ(view->zeros_size(), 1);
  EXPECT_TRUE(view->zeros().contains(5));
}

std::string Nested(int depth) {
  std::string wire;
  for (int i = 0; i < depth; ++i) {
    std::string size;
    for (size_t n = wire.size(); n >= 0x80; n >>= 7) size += static_cast<char>(n | 0x80);
    const size_t last = wire.size() >> (7 * size.size());
    wire = "\x12" + size + static_cast<char>(last) + wire;
  }
  return wire;
}

TEST_F(ParserTest, MessagesNestOneHundredDeepAtMost) {
  EXPECT_NE(Parse<TreeView>(Nested(100)), nullptr);
  EXPECT_EQ(Parse<TreeView>(Nested(101)), nullptr);
}

TEST_F(ParserTest, UnknownGroupsNestOneHundredDeepAtMost) {
  EXPECT_NE(Parse<NothingView>(std::string(100, '\x0b') + std::string(100, '\x0c')), nullptr);
  EXPECT_EQ(Parse<NothingView>(std::string(101, '\x0b') + std::string(101, '\x0c')), nullptr);
}

// Many pieces with many keys take no more than their share of time and memory.
TEST_F(ParserTest, ManyPiecesNeedLittleMemory) {
  std::string wire;
  for (int i = 0; i < 100000; ++i) wire += "\x12\x02\x0a\x00"s;
  ASSERT_NE(Parse<TreeView>(wire), nullptr);
  EXPECT_LT(arena_.capacity(), 8 * wire.size());
}

}  // namespace
}  // namespace ipmpsc_test
