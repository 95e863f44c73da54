#include "ipmpsc/wire/encoding.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "ipmpsc/wire/decoding.h"

namespace ipmpsc::wire {
namespace {

TEST(EncodingTest, VarintsAreReadBack) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t value : {(uint64_t{1} << bit) - 1, uint64_t{1} << bit}) {
      char bytes[10];
      char* const end = EncodeVarint(value, bytes);
      EXPECT_EQ(static_cast<size_t>(end - bytes), VarintSize(value));
      uint64_t read;
      EXPECT_EQ(wire::ReadVarint(bytes, end, &read), end);
      EXPECT_EQ(read, value);
    }
  }
  EXPECT_EQ(VarintSize(std::numeric_limits<uint64_t>::max()), 10);
}

TEST(EncodingTest, PaddedVarintsAreReadBack) {
  char bytes[kMaxLengthWidth];
  for (const uint64_t value : {0u, 1u, 127u, 128u, 300u, 70000u}) {
    for (size_t width = VarintSize(value); width <= kMaxLengthWidth; ++width) {
      char* const end = EncodePaddedVarint(value, width, bytes);
      EXPECT_EQ(end, bytes + width);
      uint64_t read;
      EXPECT_EQ(wire::ReadVarint(bytes, end, &read), end);
      EXPECT_EQ(read, value);
    }
  }
}

TEST(EncodingTest, LengthHasTheLeastSufficientWidth) {
  EXPECT_EQ(LengthWidth(1), 1);
  EXPECT_EQ(LengthWidth(128), 1);  // and 127 bytes
  EXPECT_EQ(LengthWidth(129), 2);
  EXPECT_EQ(LengthWidth(16385), 2);  // and 16383 bytes
  EXPECT_EQ(LengthWidth(16386), 3);
  EXPECT_EQ(LengthWidth(kMaxSize), kMaxLengthWidth);
}

TEST(EncodingTest, ZigZagIsReadBack) {
  for (const int32_t n :
       {0, 1, -1, 77, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()}) {
    EXPECT_EQ(static_cast<int32_t>(wire::ZigZagDecode32(ZigZagEncode32(n))), n);
    EXPECT_EQ(static_cast<int64_t>(wire::ZigZagDecode64(ZigZagEncode64(n))), n);
  }
  for (const int64_t n :
       {std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    EXPECT_EQ(static_cast<int64_t>(wire::ZigZagDecode64(ZigZagEncode64(n))), n);
  }
  EXPECT_EQ(ZigZagEncode32(-2), 3);
}

TEST(EncodingTest, VarintsWrittenBackwardsAreTheSame) {
  for (int bits = 0; bits <= 64; ++bits) {
    for (const uint64_t low :
         {uint64_t{0}, uint64_t{1}, ~uint64_t{0}, uint64_t{0x123456789abcdef}}) {
      const uint64_t top = bits == 0 ? 0 : uint64_t{1} << (bits - 1);
      const uint64_t value = top | (top == 0 ? 0 : low & (top - 1));
      char expected[kMaxVarintWidth];
      char ahead[kMaxVarintWidth];
      const size_t size = static_cast<size_t>(EncodeVarint(value, expected) - expected);
      ASSERT_EQ(EncodeVarintAhead(value, ahead) - ahead, static_cast<std::ptrdiff_t>(size))
          << value;
      EXPECT_EQ(std::string(ahead, size), std::string(expected, size)) << value;
    }
  }
}

}  // namespace
}  // namespace ipmpsc::wire
