#include "ipmpsc/writer/output.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/encoding.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::writer {
namespace {

using ::absl::StatusCode;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class OutputTest : public ::testing::Test {
 protected:
  // An output of `size` bytes, at an address that is a multiple of 4096.
  Output OfSize(size_t size) {
    memory_.assign(size + 4096, '\x55');
    const size_t gap = (0 - reinterpret_cast<uintptr_t>(memory_.data())) & 4095;
    space_ = absl::MakeSpan(memory_).subspan(gap, size);
    return Output(space_);
  }
  std::string Written(const Output& output) {
    EXPECT_OK(output.status("m"));
    return absl::BytesToHexString({space_.data(), output.size()});
  }

  std::vector<char> memory_;
  absl::Span<char> space_;
};

TEST_F(OutputTest, Numbers) {
  Output output = OfSize(100);
  output.PutVarint(1, 300);
  output.PutVarint(16, 0);
  output.PutVarint(536870911, std::numeric_limits<uint64_t>::max());
  output.PutFixed32(2, 0x01020304);
  output.PutFixed64(3, 0x0102030405060708);
  EXPECT_EQ(Written(output),
            "08ac02"
            "800100"
            "f8ffffff0fffffffffffffffffff01"
            "1504030201"
            "190807060504030201");
}

TEST_F(OutputTest, VarintIsWrittenWithinItsSpaceOnly) {
  for (const uint32_t number : {1u, 16u, 2048u, 536870911u}) {
    for (uint64_t value = 1; value != 0; value <<= 7) {
      const size_t needed =
          wire::VarintSize(wire::Tag(number, wire::kWireVarint)) + wire::VarintSize(value);
      for (size_t space = 0; space <= 20; ++space) {
        Output output = OfSize(space);
        output.PutVarint(number, value);
        EXPECT_EQ(output.fits(), space >= needed) << space << " of " << needed;
        EXPECT_EQ(output.size(), needed) << "counted where it does not fit";
        EXPECT_EQ(memory_[space_.data() - memory_.data() + space], '\x55') << "written beyond";
      }
    }
  }
}

TEST_F(OutputTest, LengthsHaveTheirShortestForm) {
  Output output = OfSize(1 << 20);
  Output::Nested nested = output.StartMessage(1);
  output.PutVarint(2, 5);
  EXPECT_TRUE(output.EndShort(nested));
  EXPECT_EQ(Written(output), "0a021005");
  // A longer body moves by the byte that its length lacks, the one around it once more.
  const Output::Nested outer = output.StartMessage(1);
  nested = output.StartMessage(16);
  std::memset(output.AppendBytes(2, 200), 'x', 200);
  EXPECT_FALSE(output.EndShort(nested));
  EXPECT_FALSE(output.End(nested)) << "a short one";
  EXPECT_FALSE(output.EndShort(outer));
  EXPECT_FALSE(output.End(outer));
  EXPECT_EQ(Written(output),
            "0a021005"
            "0acf01"
            "8201cb01"
            "12c801" +
                absl::BytesToHexString(std::string(200, 'x')));
}

TEST_F(OutputTest, LongBodyThatMovedIsTold) {
  for (const size_t size : {Output::kLong - 4, Output::kLong - 3}) {
    Output output = OfSize(1 << 20);
    const Output::Nested nested = output.StartMessage(1);
    output.AppendBytes(2, size);
    EXPECT_EQ(output.End(nested), size + 3 == Output::kLong) << size;
  }
}

TEST_F(OutputTest, LengthThatDoesNotFit) {
  // One byte of length and 128 bytes of body fit, two and 128 do not.
  Output output = OfSize(1 + 1 + 128);
  const Output::Nested nested = output.StartMessage(1);
  output.AppendBytes(2, 126);
  EXPECT_TRUE(output.fits());
  EXPECT_FALSE(output.EndShort(nested));
  output.End(nested);
  EXPECT_FALSE(output.fits());
  EXPECT_EQ(output.size(), 131);
}

TEST_F(OutputTest, SettledLengthsAreNotMoved) {
  Output output = OfSize(1 << 20);
  Output::Nested outer = output.StartMessage(1);
  output.PutVarint(1, 7);
  Output::Nested group = output.StartGroup(3);
  Output::Nested inner = output.StartMessage(16);
  output.PutVarint(1, 8);
  ASSERT_EQ(output.Widening(outer), 2);
  ASSERT_EQ(output.Widening(group), 0);
  ASSERT_EQ(output.Widening(inner), 2);
  ASSERT_TRUE(output.BeginWidening(4));
  output.Widen(&inner);
  output.Widen(&group);
  output.Widen(&outer);
  EXPECT_EQ(output.Widening(outer) + output.Widening(inner), 0) << "settled already";
  EXPECT_FALSE(output.BeginWidening(0));
  char* const bytes = output.AppendBytes(2, 3);
  output.Pin(3);
  EXPECT_FALSE(output.EndShort(inner));
  output.End(inner);
  output.End(group);
  output.End(outer);
  output.End(output.StartMessage(1));
  std::memcpy(bytes, "abc", 3);
  EXPECT_EQ(Written(output),
            "0a908000"  // outer: 16 bytes
            "0807"
            "1b"
            "8201878000"  // inner: 7 bytes
            "0808"
            "1203616263"
            "1c"
            "0a00");
}

TEST_F(OutputTest, LengthsThatCannotBeSettled) {
  Output output = OfSize(400);
  Output::Nested nested = output.StartMessage(1);
  output.AppendBytes(2, 395);
  ASSERT_EQ(output.free_size(), 0);
  ASSERT_EQ(output.Widening(nested), 1);
  EXPECT_FALSE(output.BeginWidening(1));
  EXPECT_FALSE(output.fits());
  EXPECT_EQ(output.size(), 401);
}

TEST_F(OutputTest, ShortBytesWhereThereIsSpace) {
  for (size_t size = 0; size <= Output::kMaxShort; ++size) {
    Output output = OfSize(1000);
    const std::string text(size, 'x');
    ASSERT_TRUE(output.PutShortBytes(16, text)) << size;
    output.PutVarint(1, 1);
    const char length = static_cast<char>(size);
    EXPECT_EQ(Written(output), "8201" + absl::BytesToHexString({&length, 1}) +
                                   absl::BytesToHexString(text) + "0801");
  }
  Output output = OfSize(1000);
  EXPECT_FALSE(output.PutShortBytes(1, std::string(Output::kMaxShort + 1, 'x')));
  EXPECT_EQ(output.size(), 0);
  Output small = OfSize(100);
  EXPECT_FALSE(small.PutShortBytes(1, "x"));
  EXPECT_EQ(small.size(), 0);
}

TEST_F(OutputTest, GroupsHaveNoLength) {
  Output output = OfSize(100);
  const Output::Nested outer = output.StartGroup(1);
  const Output::Nested inner = output.StartGroup(17);
  output.End(inner);
  output.End(outer);
  EXPECT_EQ(Written(output), "0b8b018c010c");
}

TEST_F(OutputTest, NothingIsWrittenAfterAnOverflow) {
  Output output = OfSize(4);
  output.PutVarint(1, 1);
  output.PutFixed32(2, 2);
  EXPECT_FALSE(output.fits());
  output.PutVarint(3, 3);  // would fit
  EXPECT_EQ(output.size(), 9);
  EXPECT_EQ(absl::BytesToHexString({space_.data(), 4}), "08015555");
  EXPECT_THAT(output.status("p.M"), StatusIs(StatusCode::kResourceExhausted,
                                             AllOf(HasSubstr("p.M"), HasSubstr("at least 9 bytes"),
                                                   HasSubstr("the 4 that were claimed"))));
}

TEST_F(OutputTest, ImpossibleSizesOverflow) {
  constexpr size_t kLargest = std::numeric_limits<size_t>::max();
  for (const size_t size : {kLargest, kLargest - 1, kLargest - 11, kLargest / 2}) {
    for (const size_t alignment : {size_t{1}, size_t{4096}}) {
      Output output = OfSize(100);
      const Output::Nested nested = output.StartMessage(1);
      EXPECT_EQ(output.AppendAlignedBytes(2, size, alignment), nullptr);
      EXPECT_EQ(output.AppendBytes(2, size), nullptr);
      EXPECT_EQ(output.AppendBytes(2, 0), nullptr);
      output.End(nested);
      EXPECT_FALSE(output.fits());
      EXPECT_THAT(output.status("m"), StatusIs(StatusCode::kResourceExhausted));
    }
  }
}

// Covers every distance to the next multiple, for tags of every length.
TEST_F(OutputTest, AlignmentHoldsFromEveryOffset) {
  for (const size_t alignment : {2, 4, 8, 16, 64, 256, 4096}) {
    for (const uint32_t number : {1u, 16u, 2048u, 262144u, 536870911u}) {
      for (size_t before = 0; before <= alignment + 20; before += alignment == 4096 ? 7 : 1) {
        const size_t plain =
            before + wire::VarintSize(wire::Tag(number, wire::kWireLengthDelimited)) + 1 + 5;
        Output output = OfSize(plain + alignment + 5);
        if (before == 1) continue;  // nothing is as short
        if (before >= 2) {
          size_t size = before - 2;
          if (size >= 128) --size;
          output.AppendBytes(1, size);
        }
        char* const bytes = output.AppendAlignedBytes(number, 5, alignment);
        ASSERT_NE(bytes, nullptr) << number << " " << before << " " << alignment;
        ASSERT_EQ(reinterpret_cast<uintptr_t>(bytes) % alignment, 0);
        ASSERT_EQ(bytes + 5, space_.data() + output.size());
      }
    }
  }
}

TEST_F(OutputTest, FillerIsAnEarlierValueOfZeros) {
  Output output = OfSize(100);
  char* bytes = output.AppendAlignedBytes(1, 1, 16);
  *bytes = '!';
  EXPECT_EQ(Written(output),
            "0a0c0000000000000000000000000a01"
            "21");
}

TEST_F(OutputTest, AlignedRunFromEverywhere) {
  for (const size_t alignment : {4, 8, 16, 64, 256, 4096}) {
    for (const uint32_t number : {1u, 16u, 2048u, 262144u, 536870911u}) {
      for (const size_t size : {4, 200, 20000}) {
        const size_t tag_width = wire::VarintSize(wire::Tag(number, wire::kWireLengthDelimited));
        for (size_t before = 2; before <= alignment + 20; before += alignment == 4096 ? 7 : 1) {
          const size_t plain = before + tag_width + wire::VarintSize(size) + size;
          Output output = OfSize(plain + alignment + 5);
          const size_t filled = before < 130 ? before - 2 : before - 3;
          output.AppendBytes(1, filled);
          const size_t begin = output.size();
          char* const numbers = output.AppendAlignedRun(number, size, alignment);
          ASSERT_NE(numbers, nullptr) << number << " " << before << " " << alignment;
          ASSERT_EQ(reinterpret_cast<uintptr_t>(numbers) % alignment, 0);
          ASSERT_EQ(numbers + size, space_.data() + output.size());
          // Runs without numbers, and the one with all of them.
          const char* p = space_.data() + begin;
          size_t run = 0;
          while (run == 0) {
            uint32_t tag;
            p = wire::ReadTag(p, numbers + size, &tag);
            ASSERT_NE(p, nullptr);
            ASSERT_EQ(tag, wire::Tag(number, wire::kWireLengthDelimited));
            p = wire::ReadSize(p, numbers + size, &run);
            ASSERT_NE(p, nullptr);
          }
          ASSERT_EQ(p, numbers);
          ASSERT_EQ(run, size);
        }
      }
    }
  }
}

TEST_F(OutputTest, AlignedRunThatNoMemoryHas) {
  constexpr size_t kLargest = std::numeric_limits<size_t>::max();
  for (const size_t size : {kLargest, kLargest - 4095, kLargest / 2, size_t{101}}) {
    Output output = OfSize(100);
    EXPECT_EQ(output.AppendAlignedRun(2, size, 4096), nullptr);
    EXPECT_FALSE(output.fits());
  }
}

TEST_F(OutputTest, TextIsCheckedAtTheEnd) {
  Output output = OfSize(100);
  char* const text = output.AppendBytes(1, 2);
  output.PinText(2, "p.M.text");
  std::memcpy(text, "\xc3\xa4", 2);
  EXPECT_OK(output.status("p.M"));
  text[1] = 'x';
  EXPECT_THAT(output.status("p.M"),
              StatusIs(StatusCode::kInvalidArgument, "p.M.text is not UTF-8"));
}

TEST_F(OutputTest, FirstRefusalIsReported) {
  Output output = OfSize(1);
  output.Refuse(absl::InvalidArgumentError("first"));
  output.Refuse(absl::InvalidArgumentError("second"));
  EXPECT_THAT(output.status("m"), StatusIs(StatusCode::kInvalidArgument, "first"));
  // A writer without space may have given up because of that.
  output.PutVarint(1, 1);
  EXPECT_THAT(output.status("m"), StatusIs(StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace ipmpsc::writer
