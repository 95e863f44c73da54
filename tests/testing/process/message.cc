#include "tests/testing/process/message.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace ipmpsc::testing {
namespace {

std::string Name(MessageIdentity identity) {
  return absl::StrCat("message ", identity.number, " of stream ", identity.stream);
}

}  // namespace

// The finaliser of SplitMix64.
uint64_t Mix(uint64_t a, uint64_t b) {
  uint64_t word = a * 0x9e3779b97f4a7c15 + b;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
  return word ^ (word >> 31);
}

void FillMessage(MessageIdentity identity, absl::Span<char> bytes) {
  const bool has_identity = bytes.size() >= kIdentitySize;
  if (has_identity) std::memcpy(bytes.data(), &identity, kIdentitySize);
  uint64_t word = Mix(identity.stream, identity.number);
  for (size_t at = has_identity ? kIdentitySize : 0; at < bytes.size(); at += sizeof(word)) {
    word = word * 6364136223846793005 + 1442695040888963407;
    const uint64_t high_bits_first = word ^ (word >> 32);
    std::memcpy(bytes.data() + at, &high_bits_first, std::min(sizeof(word), bytes.size() - at));
  }
}

std::string MessageBytes(MessageIdentity identity, size_t size) {
  std::string bytes(size, '\0');
  FillMessage(identity, absl::MakeSpan(&bytes[0], size));
  return bytes;
}

std::string CheckMessage(MessageIdentity identity, absl::string_view bytes) {
  const std::string expected = MessageBytes(identity, bytes.size());
  const auto difference = std::mismatch(expected.begin(), expected.end(), bytes.begin());
  if (difference.first == expected.end()) return "";
  return absl::StrCat(Name(identity), ", ", bytes.size(), " bytes, is torn at byte ",
                      difference.first - expected.begin());
}

MessageIdentity IdentityOf(absl::string_view bytes) {
  MessageIdentity identity;
  static_assert(sizeof(identity) == kIdentitySize);
  std::memcpy(&identity, bytes.data(), kIdentitySize);
  return identity;
}

size_t PlannedSize(MessageIdentity identity, size_t least, size_t most) {
  const uint64_t random = Mix(identity.number, identity.stream);
  const size_t range = most - least + 1;
  const size_t any = (random >> 16) % range;
  switch (random % 64) {
    case 0:
      return most;
    case 1:
    case 2:
      return least;
    case 3:
    case 4:
    case 5:
      return least + any;
    default:
      return least + any % std::min<size_t>(range, 16 + range / 16);
  }
}

std::string Ledger::Enter(uint64_t stream, absl::string_view bytes) {
  ++total_;
  return CheckMessage({stream, received_[stream]++}, bytes);
}

std::string Ledger::Enter(absl::string_view bytes) {
  if (bytes.size() < kIdentitySize) return absl::StrCat("a message of ", bytes.size(), " bytes");
  const MessageIdentity identity = IdentityOf(bytes);
  const uint64_t expected = received(identity.stream);
  if (identity.number != expected) {
    return absl::StrCat(Name(identity), " comes where ", expected, " must");
  }
  return Enter(identity.stream, bytes);
}

uint64_t Ledger::received(uint64_t stream) const {
  const auto found = received_.find(stream);
  return found == received_.end() ? 0 : found->second;
}

}  // namespace ipmpsc::testing
