#include "ipmpsc/writer/number_array.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/encoding.h"
#include "ipmpsc/writer/output.h"

namespace ipmpsc::writer {
namespace {

constexpr uint32_t kNumber = 500;

// Returns the expected encoding, built byte by byte.
std::string Encoded(const std::vector<uint64_t>& values) {
  char memory[wire::kMaxVarintWidth];
  const auto varint = [&](uint64_t value) {
    return std::string(memory, static_cast<size_t>(wire::EncodeVarint(value, memory) - memory));
  };
  std::string body;
  for (const uint64_t value : values) body += varint(value);
  return varint(wire::Tag(kNumber, wire::kWireLengthDelimited)) + varint(body.size()) + body;
}

// Writes into spaces of every size. Values that fit are written, the others are counted.
void ExpectWritten(const std::vector<uint64_t>& values) {
  const std::string expected = Encoded(values);
  for (size_t space = expected.size() < 40 ? 0 : expected.size() - 40; space < expected.size() + 30;
       ++space) {
    std::vector<char> memory(space, '-');
    Output output(absl::MakeSpan(memory));
    PutPacked(Number::kUint64, kNumber, values.data(), values.size(), &output);
    ASSERT_EQ(output.size(), expected.size()) << space;
    ASSERT_EQ(output.fits(), space >= expected.size()) << space;
    if (output.fits()) {
      ASSERT_EQ(std::string(memory.data(), expected.size()), expected) << space;
    }
  }
}

TEST(NumberArrayTest, NumbersOfEveryLength) {
  for (int bits = 0; bits <= 64; ++bits) {
    const uint64_t value = bits == 0 ? 0 : ~uint64_t{0} >> (64 - bits);
    for (const size_t count : {1, 2, 12, 13, 14, 30, 127, 128, 129, 1700}) {
      ASSERT_NO_FATAL_FAILURE(ExpectWritten(std::vector<uint64_t>(count, value)))
          << bits << " bits, " << count;
    }
  }
}

TEST(NumberArrayTest, NumbersOfMixedLengths) {
  std::vector<uint64_t> values;
  for (int i = 0; i < 300; ++i) {
    values.push_back(0x9e3779b97f4a7c15 * static_cast<uint64_t>(i + 1) >> (i * 7 % 64));
    if (i % 10 == 0) {
      ASSERT_NO_FATAL_FAILURE(ExpectWritten(values)) << i;
    }
  }
}

TEST(NumberArrayTest, Bools) {
  const bool values[] = {true, false, true, true};
  std::vector<char> memory(20);
  Output output(absl::MakeSpan(memory));
  PutPacked(Number::kBool, 1, values, 4, &output);
  EXPECT_EQ(std::string(memory.data(), output.size()), std::string("\x0a\x04\x01\x00\x01\x01", 6));
}

}  // namespace
}  // namespace ipmpsc::writer
