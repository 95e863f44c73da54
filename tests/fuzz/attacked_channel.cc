#include "tests/fuzz/attacked_channel.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/base/casts.h"
#include "absl/status/statusor.h"
#include "ipmpsc/channel_access.h"
#include "ipmpsc/internal/os/clock.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/ring/position.h"
#include "ipmpsc/internal/ring/record.h"
#include "ipmpsc/internal/ring/turn.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/segment.h"
#include "ipmpsc/options.h"

namespace ipmpsc::fuzz {

using internal::Position;
using internal::RecordDescription;
using internal::RecordKind;
using internal::Require;
using internal::Ring;

namespace {

constexpr size_t kGuardSize = 1 << 16;

// Longer than any record in the ring, so that no wrong length reaches beyond the guard.
static_assert(kGuardSize > 2 * AttackedChannel::kCapacity);

char* BaseOf(const Channel& channel) {
  const internal::SegmentHeader& header = internal::ChannelAccess::SegmentOf(channel)->header();
  return reinterpret_cast<char*>(internal::ChannelAccess::SegmentOf(channel)->ring().control) -
         header.control_offset;
}

size_t MappedSize(const Channel& channel) {
  const internal::SegmentHeader& header = internal::ChannelAccess::SegmentOf(channel)->header();
  return header.data_offset + 2 * header.capacity;
}

bool GuardAt(char* address) {
  return mmap(address, kGuardSize, PROT_NONE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
              0) != MAP_FAILED;
}

// Opens the channel where both sides have space for guards. A new mapping is usually placed right
// below old ones, so one guard is made before the mapping and one after it.
Channel OpenGuarded(int fd) {
  std::vector<Channel> others;  // keep their places
  for (int i = 0; i < 100; ++i) {
    void* const above =
        mmap(nullptr, kGuardSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    absl::StatusOr<Channel> channel = Channel::OpenFd(fd);
    Require(channel.ok(), "the channel of a fuzz target can be opened");
    char* const base = BaseOf(*channel);
    char* const end = base + MappedSize(*channel);
    if ((above == end || GuardAt(end)) && GuardAt(base - kGuardSize)) return *std::move(channel);
    others.push_back(*std::move(channel));
  }
  Require(false, "there are addresses for a mapping between guards");
  std::abort();
}

Channel CreateAttacked(bool timestamps) {
  ChannelOptions options;
  options.timestamps = timestamps;
  options.capacity = AttackedChannel::kCapacity;
  options.max_senders = AttackedChannel::kSlots;
  const absl::StatusOr<Channel> created = Channel::CreateAnonymous(options);
  Require(created.ok(), "the channel of a fuzz target can be created");
  const uint64_t key = AttackedChannel::kStampKey;
  Require(pwrite(created->fd(), &key, sizeof(key), offsetof(internal::SegmentHeader, stamp_key)) ==
              sizeof(key),
          "its stamp key can be written");
  return OpenGuarded(created->fd());
}

// Returns the number of bytes from the control block to the end of the data.
size_t SharedSize(const Ring& ring) {
  return static_cast<size_t>(ring.data - reinterpret_cast<char*>(ring.control)) + ring.capacity;
}

template <typename T>
void StoreAt(char* address, T value) {
  // Relaxed: a hostile peer keeps no order.
  __atomic_store_n(reinterpret_cast<T*>(address), value, __ATOMIC_RELAXED);
}

void TamperWord(const Ring& ring, Input* input) {
  const uint32_t width = input->Pick(3);
  const size_t size = width == 0 ? 1 : width == 1 ? 4 : 8;
  const size_t offset = input->Take<uint16_t>() % SharedSize(ring) / size * size;
  char* const address = reinterpret_cast<char*>(ring.control) + offset;
  if (width == 0) StoreAt(address, input->Take<uint8_t>());
  if (width == 1) StoreAt(address, input->Take<uint32_t>());
  if (width == 2) StoreAt(address, input->Take<uint64_t>());
}

void TamperRun(const Ring& ring, Input* input) {
  const size_t size = SharedSize(ring);
  const size_t offset = input->Take<uint16_t>() % size;
  const absl::string_view bytes = input->TakeBytes(input->Take<uint8_t>());
  for (size_t i = 0; i < bytes.size(); ++i) {
    StoreAt(reinterpret_cast<char*>(ring.control) + (offset + i) % size, bytes[i]);
  }
}

Position Load(const std::atomic<Position>& word) { return word.load(std::memory_order_relaxed); }

// Returns a position in the ring, some records away from one, or any.
Position TakePosition(const Ring& ring, Input* input) {
  const uint8_t from = input->Take<uint8_t>();
  if (from % 4 == 3) return input->Take<uint64_t>();
  const Position anchor = from % 4 == 0   ? Load(ring.control->release_position)
                          : from % 4 == 1 ? internal::ClaimPosition(Load(ring.control->claim_word))
                                          : Load(ring.sender_slots[from / 4 % 4].intent_position);
  return anchor +
         internal::kRecordAlignment * static_cast<uint64_t>(int64_t{input->Take<int16_t>()});
}

void TamperPosition(const Ring& ring, Input* input) {
  const uint32_t which = input->Pick(2 + 2 * AttackedChannel::kSlots);
  const Position position = TakePosition(ring, input);
  const auto store = [&](std::atomic<uint64_t>* word) {
    word->store(position, std::memory_order_relaxed);
  };
  if (which == 0) return store(&ring.control->claim_word);
  if (which == 1) return store(&ring.control->release_position);
  internal::SenderSlot& slot = ring.sender_slots[(which - 2) / 2];
  store(which % 2 == 0 ? &slot.intent_position : &slot.intent_size);
}

void Stamp(const Ring& ring, Position position, uint64_t description) {
  // Records of senders are aligned, and so are all words that are read as stamps.
  internal::RecordHeader* const header =
      ring.HeaderAt(position & ~(internal::kRecordAlignment - 1));
  header->description.store(description, std::memory_order_relaxed);
  header->stamp.store(ring.StampOf(position), std::memory_order_release);
}

void TamperRecord(const Ring& ring, Input* input) {
  const Position position = TakePosition(ring, input);
  Stamp(ring, position, input->Take<uint64_t>());
}

void TamperPlausibleRecord(const Ring& ring, Input* input) {
  const Position position = TakePosition(ring, input);
  const uint8_t kind_and_sender = input->Take<uint8_t>();
  const uint16_t length = input->Take<uint16_t>();
  Stamp(ring, position,
        absl::bit_cast<uint64_t>(RecordDescription{
            static_cast<uint32_t>(length % (AttackedChannel::kCapacity + 32)),
            static_cast<uint16_t>(kind_and_sender / 2 % (AttackedChannel::kSlots + 1)),
            kind_and_sender % 2 == 0 ? RecordKind::kMessage : RecordKind::kDiscarded, 0}));
}

void TamperStart(const Ring& ring, Input* input) {
  constexpr Position kEdges[] = {
      0,
      AttackedChannel::kCapacity - internal::kRecordAlignment,
      (uint64_t{1} << 32) - AttackedChannel::kCapacity,
      (uint64_t{1} << 32) - internal::kRecordAlignment,
      (uint64_t{1} << 63) - internal::kRecordAlignment,
      ~uint64_t{0} - 4095,
      ~uint64_t{0} - (internal::kRecordAlignment - 1),
      8,  // no record begins there
  };
  const Position position = kEdges[input->Pick(8)];
  ring.control->claim_word.store(position, std::memory_order_relaxed);
  ring.control->release_position.store(position, std::memory_order_relaxed);
}

void TamperSignals(const Ring& ring, Input* input) {
  const uint32_t which = input->Pick(4);
  internal::ControlBlock& control = *ring.control;
  if (which == 3)
    return control.claim_wait.store(input->Take<uint8_t>(), std::memory_order_relaxed);
  std::atomic<uint32_t>& word = which == 0   ? control.flags
                                : which == 1 ? control.receiver_wait
                                             : control.senders_wait;
  // Sets a single flag, so that the ring does not always end.
  const uint8_t byte = input->Take<uint8_t>();
  word.store(which == 0 ? uint32_t{1} << byte % 32 : byte, std::memory_order_relaxed);
}

void TamperOrphan(const Ring& ring, Input* input) {
  internal::SenderSlot& slot = ring.sender_slots[input->Pick(AttackedChannel::kSlots)];
  const uint64_t size = internal::kRecordAlignment * input->Take<uint8_t>();
  const Position claim = internal::ClaimPosition(Load(ring.control->claim_word));
  slot.intent_size.store(size, std::memory_order_relaxed);
  slot.intent_position.store(claim, std::memory_order_release);
  ring.control->claim_word.store(claim + size, std::memory_order_release);
}

void TamperClaimBits(const Ring& ring, Input* input) {
  const uint8_t byte = input->Take<uint8_t>();
  const Position claim = internal::ClaimPosition(Load(ring.control->claim_word));
  ring.control->claim_word.store(claim | (byte & internal::kClaimBits), std::memory_order_relaxed);
}

void TamperTurn(const Ring& ring, Input* input) {
  const uint8_t byte = input->Take<uint8_t>();
  const uint16_t size = input->Take<uint16_t>();
  // The turn of some slot ends in some milliseconds, or never.
  const int64_t end =
      byte >= 0x80 ? -1 : internal::MonotonicNow() + int64_t{1'000'000} * (byte / 8);
  ring.control->turn.store(internal::TurnWord(byte % 8, end), std::memory_order_relaxed);
  ring.control->turn_size.store(byte == 0xff ? ~uint64_t{0} : size, std::memory_order_relaxed);
  ring.control->claim_word.fetch_or(internal::kClaimTurn, std::memory_order_relaxed);
}

void TamperEnd(const Ring& ring, Input* input) {
  const uint8_t byte = input->Take<uint8_t>();
  ring.control->claim_word.fetch_or(
      byte % 2 == 0 ? internal::kClaimClosed : internal::kClaimReplaced, std::memory_order_relaxed);
}

void TamperBatch(const Ring& ring, Input* input) {
  const Position claim = internal::ClaimPosition(Load(ring.control->claim_word));
  const uint8_t byte = input->Take<uint8_t>();
  Position at = claim;
  for (int i = 0; i < 1 + byte % 8; ++i) {
    const uint8_t length = input->Take<uint8_t>();
    const RecordKind kind = i == 0 && byte < 0x80 ? RecordKind::kMessage : RecordKind::kInBatch;
    Stamp(ring, at,
          absl::bit_cast<uint64_t>(RecordDescription{
              length, static_cast<uint16_t>(byte / 8 % AttackedChannel::kSlots), kind, 0}));
    at += ring.RecordSizeOf(length);
  }
  ring.control->claim_word.store(at, std::memory_order_release);
}

}  // namespace

AttackedChannel::AttackedChannel(bool timestamps)
    : channel_(CreateAttacked(timestamps)), pristine_(base(), MappedSize(channel_) - kCapacity) {}

char* AttackedChannel::base() const { return BaseOf(channel_); }

void AttackedChannel::Reset() {
  std::memcpy(base() + internal::kHeaderSize, pristine_.data() + internal::kHeaderSize,
              pristine_.size() - internal::kHeaderSize);
}

void AttackedChannel::Tamper(const Ring& ring, Input* input) {
  constexpr void (*kActs[])(const Ring&, Input*) = {
      TamperWord,  TamperRun,     TamperPosition, TamperRecord,    TamperPlausibleRecord,
      TamperStart, TamperSignals, TamperOrphan,   TamperClaimBits, TamperTurn,
      TamperEnd,   TamperBatch};
  kActs[input->Pick(std::size(kActs))](ring, input);
}

void AttackedChannel::RequireInside(const char* payload, size_t size) const {
  const char* const data = internal::ChannelAccess::SegmentOf(channel_)->ring().data;
  Require(payload >= data + sizeof(internal::RecordHeader) &&
              payload < data + kCapacity + sizeof(internal::RecordHeader) &&
              size <= kCapacity - sizeof(internal::RecordHeader),
          "a payload lies in the ring");
}

void AttackedChannel::RequireHeaderUntouched() const {
  Require(std::memcmp(base(), pristine_.data(), internal::kHeaderSize) == 0,
          "nobody writes into the header page");
}

AttackedChannel& TheAttackedChannel(bool timestamps) {
  static AttackedChannel* const plain = new AttackedChannel(false);
  static AttackedChannel* const timed = new AttackedChannel(true);
  return timestamps ? *timed : *plain;
}

}  // namespace ipmpsc::fuzz
