#include "ipmpsc/wire/decoding.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace ipmpsc::wire {
namespace {

using std::string_literals::operator""s;

// Returns the bytes that `Read` leaves unread, or "malformed".
template <typename Read>
std::string Rest(const std::string& wire, Read read) {
  const char* const end = wire.data() + wire.size();
  const char* const p = read(wire.data(), end);
  return p == nullptr ? "malformed" : std::string(p, end);
}

uint64_t varint;
std::string AfterVarint(const std::string& wire) {
  return Rest(wire, [](const char* p, const char* end) { return ReadVarint(p, end, &varint); });
}
uint32_t tag;
std::string AfterTag(const std::string& wire) {
  return Rest(wire, [](const char* p, const char* end) { return ReadTag(p, end, &tag); });
}
size_t size;
std::string AfterSize(const std::string& wire) {
  return Rest(wire, [](const char* p, const char* end) { return ReadSize(p, end, &size); });
}
std::string AfterSkip(uint32_t skipped, const std::string& wire, int depth = 100) {
  return Rest(wire,
              [&](const char* p, const char* end) { return SkipValue(p, end, skipped, depth); });
}

TEST(WireTest, Varint) {
  EXPECT_EQ(AfterVarint("\x05x"), "x");
  EXPECT_EQ(varint, 5);
  EXPECT_EQ(AfterVarint("\xff\x01x"), "x");
  EXPECT_EQ(varint, 255);
  EXPECT_EQ(AfterVarint("\x80\x80\x01"), "");
  EXPECT_EQ(varint, 1 << 14);
  EXPECT_EQ(AfterVarint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "");
  EXPECT_EQ(varint, std::numeric_limits<uint64_t>::max());
}

// Tests varints of every length, followed by few or many bytes, so that they are read byte by byte
// or at once.
TEST(WireTest, VarintsOfEveryLengthBeforeAnyByte) {
  for (int bytes = 1; bytes <= 10; ++bytes) {
    for (const uint64_t value :
         {uint64_t{1} << (7 * bytes - 7), 0x5555555555555555u >> std::max(0, 64 - 7 * bytes),
          std::numeric_limits<uint64_t>::max() >> std::max(0, 64 - 7 * bytes)}) {
      std::string wire;
      for (int i = 0; i < bytes; ++i) {
        wire += static_cast<char>((value >> (7 * i) & 0x7f) | (i + 1 < bytes ? 0x80 : 0));
      }
      for (const std::string& behind :
           {std::string(), std::string("x"), std::string(6, '\xff'), std::string(9, '\x80')}) {
        EXPECT_EQ(AfterVarint(wire + behind), behind) << bytes << " bytes";
        EXPECT_EQ(varint, value) << bytes << " bytes";
      }
      for (int cut = 0; cut < bytes; ++cut) {
        EXPECT_EQ(AfterVarint(wire.substr(0, static_cast<size_t>(cut))), "malformed");
      }
    }
  }
}

TEST(WireTest, OverlongVarint) {
  EXPECT_EQ(AfterVarint("\x81\x00x"s), "x");
  EXPECT_EQ(varint, 1);
  EXPECT_EQ(AfterVarint("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x7f"), "");  // bits beyond 64
  EXPECT_EQ(varint, uint64_t{1} << 63 | 1);
  EXPECT_EQ(AfterVarint("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"s), "malformed");
}

TEST(WireTest, VarintCutOff) {
  EXPECT_EQ(AfterVarint(""), "malformed");
  EXPECT_EQ(AfterVarint("\x80"), "malformed");
  EXPECT_EQ(AfterVarint("\x80\x80\x80\x80"), "malformed");
}

TEST(WireTest, Tag) {
  EXPECT_EQ(AfterTag("\x0ax"), "x");
  EXPECT_EQ(tag, 10);
  EXPECT_EQ(AfterTag("\x82\x01x"), "x");
  EXPECT_EQ(tag, 130);
  EXPECT_EQ(AfterTag("\xff\xff\xff\xff\x0f"), "");
  EXPECT_EQ(tag, 0xffffffff);
  EXPECT_EQ(AfterTag("\x8a\x80\x80\x80\x70"), "");  // bits beyond 32
  EXPECT_EQ(tag, 10);
  EXPECT_EQ(AfterTag("\x8a\x80\x80\x80\x80\x00"s), "malformed");
  EXPECT_EQ(AfterTag(""), "malformed");
  EXPECT_EQ(AfterTag("\x80"), "malformed");
}

TEST(WireTest, Size) {
  EXPECT_EQ(AfterSize("\x02xy"), "xy");
  EXPECT_EQ(size, 2);
  EXPECT_EQ(AfterSize("\x03xy"), "malformed");
  EXPECT_EQ(AfterSize("\x82\x80\x80\x80\x00xy"s), "xy");
  EXPECT_EQ(AfterSize("\x82\x80\x80\x80\x80\x00xy"s), "malformed");
  EXPECT_EQ(AfterSize("\xff\xff\xff\xff\x07"), "malformed");
  EXPECT_EQ(AfterSize("\xff\xff\xff\xff\x0f"), "malformed");
  EXPECT_EQ(AfterSize(""), "malformed");
  EXPECT_EQ(AfterSize("\x80\x01" + std::string(128, 'z')), std::string(128, 'z'));
}

TEST(WireTest, Fixed) {
  const std::string wire = "\x01\x02\x03\x04";
  uint32_t four = 0;
  EXPECT_NE(ReadFixed(wire.data(), wire.data() + 4, &four), nullptr);
  EXPECT_EQ(four, 0x04030201);
  EXPECT_EQ(ReadFixed(wire.data(), wire.data() + 3, &four), nullptr);
}

TEST(WireTest, Skip) {
  EXPECT_EQ(AfterSkip(8 | kWireVarint, "\x80\x01x"), "x");
  EXPECT_EQ(AfterSkip(8 | kWireFixed64, "12345678x"), "x");
  EXPECT_EQ(AfterSkip(8 | kWireFixed64, "1234567"), "malformed");
  EXPECT_EQ(AfterSkip(8 | kWireFixed32, "1234x"), "x");
  EXPECT_EQ(AfterSkip(8 | kWireFixed32, "123"), "malformed");
  EXPECT_EQ(AfterSkip(8 | kWireLengthDelimited, "\x02__x"), "x");
  EXPECT_EQ(AfterSkip(8 | kWireLengthDelimited, "\x02_"), "malformed");
  EXPECT_EQ(AfterSkip(8 | kWireEndGroup, ""), "malformed");
  EXPECT_EQ(AfterSkip(8 | 6, "xxxxxxxxx"), "malformed");
  EXPECT_EQ(AfterSkip(8 | 7, "xxxxxxxxx"), "malformed");
}

TEST(WireTest, SkipOfFieldNumberZero) { EXPECT_EQ(AfterSkip(kWireVarint, "\x01"), "malformed"); }

TEST(WireTest, SkipGroup) {
  EXPECT_EQ(AfterSkip(8 | kWireStartGroup, "\x10\x05\x0cx"), "x");         // {2: 5}
  EXPECT_EQ(AfterSkip(8 | kWireStartGroup, "\x13\x14\x0cx"), "x");         // {2: {}}
  EXPECT_EQ(AfterSkip(8 | kWireStartGroup, "\x13\x0c\x14"), "malformed");  // crossed
  EXPECT_EQ(AfterSkip(8 | kWireStartGroup, "\x14"), "malformed");          // another's end
  EXPECT_EQ(AfterSkip(8 | kWireStartGroup, ""), "malformed");              // no end
  EXPECT_EQ(AfterSkip(8 | kWireStartGroup, "\x00\x0c"s), "malformed");     // tag 0
}

TEST(WireTest, SkipGroupsHasADepthLimit) {
  EXPECT_EQ(AfterSkip(8 | kWireStartGroup, "\x0b\x0c\x0c", 2), "");
  EXPECT_EQ(AfterSkip(8 | kWireStartGroup, "\x0b\x0c\x0c", 1), "malformed");
}

TEST(WireTest, ZigZag) {
  EXPECT_EQ(static_cast<int32_t>(ZigZagDecode32(1)), -1);
  EXPECT_EQ(ZigZagDecode32(0xfffffffe), 0x7fffffff);
  EXPECT_EQ(static_cast<int64_t>(ZigZagDecode64(3)), -2);
}

}  // namespace
}  // namespace ipmpsc::wire
