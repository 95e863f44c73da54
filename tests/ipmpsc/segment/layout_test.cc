// Fixes the numbers of the ABI. A change of any of them requires a new kAbiVersion.
#include "ipmpsc/internal/segment/layout.h"

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ipmpsc/internal/ring/control.h"
#include "tests/testing/status_matchers.h"

namespace ipmpsc::internal {
namespace {

using ::ipmpsc::testing::IsOk;
using ::ipmpsc::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint64_t kTop = ~uint64_t{0};

class LayoutTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (sysconf(_SC_PAGESIZE) != 4096) GTEST_SKIP() << "the numbers are those of 4096-byte pages";
  }
};

TEST_F(LayoutTest, AbiVersion3HasTheseNumbers) {
  EXPECT_EQ(kAbiVersion, 3u);
  EXPECT_EQ(std::memcmp(kMagic, "IPMPSC\r\n", 8), 0);

  EXPECT_EQ(sizeof(SegmentHeader), 128u);
  EXPECT_EQ(offsetof(SegmentHeader, magic), 0u);
  EXPECT_EQ(offsetof(SegmentHeader, abi_version), 8u);
  EXPECT_EQ(offsetof(SegmentHeader, byte_order), 12u);
  EXPECT_EQ(offsetof(SegmentHeader, word_size), 16u);
  EXPECT_EQ(offsetof(SegmentHeader, page_size), 20u);
  EXPECT_EQ(offsetof(SegmentHeader, file_size), 24u);
  EXPECT_EQ(offsetof(SegmentHeader, capacity), 32u);
  EXPECT_EQ(offsetof(SegmentHeader, max_senders), 40u);
  EXPECT_EQ(offsetof(SegmentHeader, flags), 44u);
  EXPECT_EQ(offsetof(SegmentHeader, control_offset), 48u);
  EXPECT_EQ(offsetof(SegmentHeader, receiver_slot_offset), 56u);
  EXPECT_EQ(offsetof(SegmentHeader, sender_slots_offset), 64u);
  EXPECT_EQ(offsetof(SegmentHeader, description_offset), 72u);
  EXPECT_EQ(offsetof(SegmentHeader, description_size), 80u);
  EXPECT_EQ(offsetof(SegmentHeader, data_offset), 88u);
  EXPECT_EQ(offsetof(SegmentHeader, channel_id), 96u);
  EXPECT_EQ(offsetof(SegmentHeader, stamp_key), 112u);
  EXPECT_EQ(offsetof(SegmentHeader, created), 120u);

  EXPECT_EQ(kMapHugePages, 2u);
  EXPECT_EQ(kTimestamps, 4u);
  EXPECT_EQ(kPolledWaits, 8u);

  EXPECT_EQ(sizeof(ControlBlock), 512u);
  EXPECT_EQ(offsetof(ControlBlock, flags), 0u);
  EXPECT_EQ(offsetof(ControlBlock, receiver_wait), 4u);
  EXPECT_EQ(offsetof(ControlBlock, claim_wait), 8u);
  EXPECT_EQ(offsetof(ControlBlock, turn), 16u);
  EXPECT_EQ(offsetof(ControlBlock, turn_size), 24u);
  EXPECT_EQ(offsetof(ControlBlock, claim_word), 128u);
  EXPECT_EQ(offsetof(ControlBlock, release_position), 256u);
  EXPECT_EQ(offsetof(ControlBlock, senders_wait), 384u);
  EXPECT_EQ(kFlagFullBarrier, 1u);
  EXPECT_EQ(kClaimClosed, 1u);
  EXPECT_EQ(kClaimReplaced, 2u);
  EXPECT_EQ(kClaimTurn, 4u);
  EXPECT_EQ(kClaimEnding, 8u);
  EXPECT_EQ(kRecordAlignment, 64u);

  EXPECT_EQ(sizeof(ReceiverSlot), 256u);
  EXPECT_EQ(offsetof(ReceiverSlot, received_records), 0u);
  EXPECT_EQ(offsetof(ReceiverSlot, received_bytes), 8u);
  EXPECT_EQ(offsetof(ReceiverSlot, discarded_records), 16u);
  EXPECT_EQ(offsetof(ReceiverSlot, orphaned_records), 24u);
  EXPECT_EQ(offsetof(ReceiverSlot, orphaned_bytes), 32u);
  EXPECT_EQ(offsetof(ReceiverSlot, sleeps), 64u);
  EXPECT_EQ(offsetof(ReceiverSlot, redelivered_bytes), 72u);
  EXPECT_EQ(offsetof(ReceiverSlot, pid), 128u);
  EXPECT_EQ(offsetof(ReceiverSlot, epoch), 132u);
  EXPECT_EQ(offsetof(ReceiverSlot, pid_namespace), 136u);
  EXPECT_EQ(offsetof(ReceiverSlot, attached), 144u);
  EXPECT_EQ(offsetof(ReceiverSlot, name), 192u);

  EXPECT_EQ(sizeof(SlotName), 64u);
  EXPECT_EQ(sizeof(SenderSlot), 256u);
  EXPECT_EQ(offsetof(SenderSlot, intent_position), 0u);
  EXPECT_EQ(offsetof(SenderSlot, intent_size), 8u);
  EXPECT_EQ(offsetof(SenderSlot, sent_records), 16u);
  EXPECT_EQ(offsetof(SenderSlot, sent_bytes), 24u);
  EXPECT_EQ(offsetof(SenderSlot, sequence), 32u);
  EXPECT_EQ(offsetof(SenderSlot, full_waits), 64u);
  EXPECT_EQ(offsetof(SenderSlot, waited_nanoseconds), 72u);
  EXPECT_EQ(offsetof(SenderSlot, lost_races), 80u);
  EXPECT_EQ(offsetof(SenderSlot, turns), 88u);
  EXPECT_EQ(offsetof(SenderSlot, refused), 96u);
  EXPECT_EQ(offsetof(SenderSlot, high_water), 104u);
  EXPECT_EQ(offsetof(SenderSlot, pid), 128u);
  EXPECT_EQ(offsetof(SenderSlot, incarnation), 132u);
  EXPECT_EQ(offsetof(SenderSlot, pid_namespace), 136u);
  EXPECT_EQ(offsetof(SenderSlot, attached), 144u);
  EXPECT_EQ(offsetof(SenderSlot, name), 192u);
}

TEST_F(LayoutTest, SmallestChannel) {
  ASSERT_OK_AND_ASSIGN(const SegmentHeader header, LayOut(1, 1, 0, 0));
  EXPECT_EQ(std::memcmp(header.magic, "IPMPSC\r\n", 8), 0);
  EXPECT_EQ(header.abi_version, 3u);
  EXPECT_EQ(header.byte_order, 0x01020304u);
  EXPECT_EQ(header.word_size, 8u);
  EXPECT_EQ(header.page_size, 4096u);
  EXPECT_EQ(header.capacity, 4096u);
  EXPECT_EQ(header.max_senders, 1u);
  EXPECT_EQ(header.control_offset, 4096u);
  EXPECT_EQ(header.receiver_slot_offset, 4608u);
  EXPECT_EQ(header.sender_slots_offset, 4864u);
  EXPECT_EQ(header.description_offset, 5120u);
  EXPECT_EQ(header.description_size, 0u);
  EXPECT_EQ(header.data_offset, 8192u);
  EXPECT_EQ(header.file_size, 12288u);
}

TEST_F(LayoutTest, LargestChannelDoesNotOverflow) {
  ASSERT_OK_AND_ASSIGN(const SegmentHeader header,
                       LayOut(uint64_t{1} << 46, 4096, uint64_t{16} << 20, 0));
  EXPECT_EQ(header.capacity, uint64_t{1} << 46);
  EXPECT_EQ(header.description_offset, 4864u + 4096 * 256);
  EXPECT_EQ(header.data_offset, uint64_t{4096} * 4354);
  EXPECT_EQ(header.file_size, (uint64_t{1} << 46) + uint64_t{4096} * 4354);
}

TEST_F(LayoutTest, CapacityIsRoundedUpToAPowerOfTwoOfAtLeastAPage) {
  const uint64_t asked_and_given[][2] = {
      {1, 4096}, {4095, 4096}, {4096, 4096}, {4097, 8192}, {12 << 20, 16 << 20}};
  for (const auto& [asked, given] : asked_and_given) {
    ASSERT_OK_AND_ASSIGN(const SegmentHeader header, LayOut(asked, 8, 0, 0));
    EXPECT_EQ(header.capacity, given);
  }
}

TEST_F(LayoutTest, DataBeginsOnTheFirstPageBehindTheDescription) {
  const uint64_t size_and_offset[][2] = {
      {0, 8192}, {8192 - 5120, 8192}, {8193 - 5120, 12288}, {65536, 73728}};
  for (const auto& [size, offset] : size_and_offset) {
    ASSERT_OK_AND_ASSIGN(const SegmentHeader header, LayOut(4096, 1, size, 0));
    EXPECT_EQ(header.data_offset, offset) << size;
  }
}

TEST_F(LayoutTest, HugePagesAlignDataAndCapacityTo2MiB) {
  ASSERT_OK_AND_ASSIGN(const SegmentHeader header, LayOut(4096, 1, 0, kMapHugePages));
  EXPECT_EQ(header.page_size, 2u << 20);
  EXPECT_EQ(header.capacity, 2u << 20);
  EXPECT_EQ(header.data_offset, 2u << 20);
  EXPECT_EQ(header.file_size, 4u << 20);
}

TEST_F(LayoutTest, OutOfRangeErrorNamesTheLimitAndTheValue) {
  constexpr auto kInvalidArgument = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(LayOut(0, 1, 0, 0),
              StatusIs(kInvalidArgument,
                       AllOf(HasSubstr("capacity"), HasSubstr("2^46"), HasSubstr("not 0"))));
  EXPECT_THAT(LayOut((uint64_t{1} << 46) + 1, 1, 0, 0),
              StatusIs(kInvalidArgument, HasSubstr("not 70368744177665")));
  EXPECT_THAT(LayOut(kTop, 1, 0, 0), StatusIs(kInvalidArgument, HasSubstr("18446744073709551615")));
  EXPECT_THAT(LayOut(1, 0, 0, 0),
              StatusIs(kInvalidArgument,
                       AllOf(HasSubstr("max_senders"), HasSubstr("4096"), HasSubstr("not 0"))));
  EXPECT_THAT(LayOut(1, 4097, 0, 0), StatusIs(kInvalidArgument, HasSubstr("not 4097")));
  EXPECT_THAT(LayOut(1, ~uint32_t{0}, 0, 0), StatusIs(kInvalidArgument, HasSubstr("4294967295")));
  EXPECT_THAT(LayOut(1, 1, (16 << 20) + 1, 0),
              StatusIs(kInvalidArgument, AllOf(HasSubstr("description"), HasSubstr("16 MiB"),
                                               HasSubstr("16777217"))));
  EXPECT_THAT(LayOut(1, 1, kTop, 0), StatusIs(kInvalidArgument));
}

class CheckHeaderTest : public LayoutTest {
 protected:
  void SetUp() override {
    LayoutTest::SetUp();
    header_ = *LayOut(8192, 3, 100, 0);
    header_.channel_id[0] = 1;
    header_.channel_id[1] = 2;
    header_.stamp_key = 3;
    header_.created = 4;
  }

  absl::Status Check() const { return CheckHeader(header_, header_.file_size); }

  SegmentHeader header_ = {};
};

TEST_F(CheckHeaderTest, AcceptsTheHeaderOfLayOutWithAnyIdKeyAndTime) {
  EXPECT_OK(Check());
  header_.channel_id[0] = header_.channel_id[1] = header_.stamp_key = kTop;
  header_.created = -1;
  EXPECT_OK(Check());
}

TEST_F(CheckHeaderTest, NoMagicIsNoChannel) {
  header_.magic[7] = '\0';
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("magic")));
  header_ = {};
  EXPECT_THAT(CheckHeader(header_, 0), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CheckHeaderTest, OtherByteOrder) {
  header_.byte_order = 0x04030201;
  // All other words are swapped too, so the byte order must be checked first.
  header_.abi_version = 0x01000000;
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("byte order")));
}

TEST_F(CheckHeaderTest, OtherAbiVersionsNameBoth) {
  for (const uint32_t version : {0u, 1u, 2u, 4u, 4000u}) {
    header_.abi_version = version;
    EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                  AllOf(HasSubstr("version " + std::to_string(version)),
                                        HasSubstr("this program has 3"))));
  }
}

TEST_F(CheckHeaderTest, OtherVersionWithOtherSizesIsNotDamage) {
  header_.abi_version = 1;
  header_.file_size = kTop;
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(CheckHeaderTest, OtherPageSizesNameBoth) {
  for (const uint32_t size : {0u, 1u, 2048u, 4097u}) {
    header_.page_size = size;
    EXPECT_THAT(Check(),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr("pages of " + std::to_string(size)), HasSubstr("4096"))));
  }
}

TEST_F(CheckHeaderTest, LargerPageSizeWithUnfitSizesIsDamage) {
  header_.page_size = 8192;
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(CheckHeaderTest, TruncatedFileNamesBothSizes) {
  EXPECT_THAT(CheckHeader(header_, header_.file_size - 1),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("truncated"), HasSubstr("16383"), HasSubstr("16384"))));
  EXPECT_THAT(CheckHeader(header_, 0), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(CheckHeaderTest, GrownFileIsDamage) {
  EXPECT_THAT(CheckHeader(header_, header_.file_size + 1), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(CheckHeaderTest, EveryChangedBitOfASizeOrOffsetIsRefused) {
  const SegmentHeader good = header_;
  int refused = 0;
  for (size_t byte = 0; byte < offsetof(SegmentHeader, channel_id); ++byte) {
    // Flags are tested below, and a description may be longer without any other change.
    if (byte >= offsetof(SegmentHeader, flags) && byte < offsetof(SegmentHeader, control_offset)) {
      continue;
    }
    if (byte >= offsetof(SegmentHeader, description_size) &&
        byte < offsetof(SegmentHeader, data_offset)) {
      continue;
    }
    for (int bit = 0; bit < 8; ++bit) {
      header_ = good;
      reinterpret_cast<unsigned char*>(&header_)[byte] ^= static_cast<unsigned char>(1 << bit);
      // The file has its original size.
      EXPECT_FALSE(CheckHeader(header_, good.file_size).ok()) << "byte " << byte << " bit " << bit;
      ++refused;
    }
  }
  EXPECT_EQ(refused, (96 - 4 - 8) * 8);
}

TEST_F(CheckHeaderTest, DescriptionThatOverlapsTheDataIsRefused) {
  header_.description_size = header_.data_offset - header_.description_offset;
  EXPECT_OK(Check());
  header_.description_size += 1;
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(CheckHeaderTest, UnknownFlagsAreRefused) {
  for (int bit = 0; bit < 32; ++bit) {
    // In version 2, bit 0 told openers to map every page.
    if (((uint32_t{1} << bit) & kKnownFlags) != 0) continue;
    header_.flags = uint32_t{1} << bit;
    EXPECT_FALSE(Check().ok()) << "bit " << bit;
  }
}

TEST_F(CheckHeaderTest, TimestampsMoveNothing) {
  header_.flags |= kTimestamps;
  EXPECT_OK(Check());
}

TEST_F(CheckHeaderTest, HugePagesFlagWithoutHugePageSizesIsRefused) {
  header_.flags |= kMapHugePages;
  EXPECT_THAT(Check(), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(CheckHeaderTest, AbsurdSizesAreRefusedEvenIfTheFileHasThem) {
  const SegmentHeader good = header_;
  const auto refuses = [&](auto change) {
    header_ = good;
    change();
    EXPECT_THAT(CheckHeader(header_, header_.file_size), StatusIs(absl::StatusCode::kDataLoss));
  };
  refuses([&] { header_.capacity = 0; });
  refuses([&] { header_.capacity = kTop; });
  refuses([&] {
    header_.capacity = 12288;
    header_.file_size += 4096;
  });  // no power of two
  refuses([&] { header_.max_senders = 0; });
  refuses([&] { header_.max_senders = ~uint32_t{0}; });
  refuses([&] { header_.description_size = kTop; });
  refuses([&] { header_.description_offset = 0; });
  refuses([&] {
    header_.data_offset = 0;
    header_.file_size = header_.capacity;
  });
  refuses([&] { header_.control_offset = 0; });
  refuses([&] { header_.word_size = 4; });
  refuses([&] { header_.file_size = kTop; });
}

}  // namespace
}  // namespace ipmpsc::internal
