// Messages that tell whether they are whole, and books about who has received which.
//
// A stream is what one sender sends; its messages are numbered from 0. The bytes of a message
// follow from both numbers. One of 16 bytes or more begins with them.
#ifndef TESTS_TESTING_PROCESS_MESSAGE_H_
#define TESTS_TESTING_PROCESS_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace ipmpsc::testing {

inline constexpr size_t kIdentitySize = 16;

struct MessageIdentity {
  uint64_t stream;
  uint64_t number;
};

// Scrambles both into one word.
uint64_t Mix(uint64_t a, uint64_t b);

void FillMessage(MessageIdentity identity, absl::Span<char> bytes);
std::string MessageBytes(MessageIdentity identity, size_t size);
// Returns the fault of the bytes of that message, or "".
std::string CheckMessage(MessageIdentity identity, absl::string_view bytes);
// REQUIRES: bytes.size() >= kIdentitySize.
MessageIdentity IdentityOf(absl::string_view bytes);

// A size for that message: mostly small, sometimes `least` or `most`, and everything in between.
size_t PlannedSize(MessageIdentity identity, size_t least, size_t most);

// The received messages, by stream.
class Ledger {
 public:
  // Enters the next message of the stream. Returns what is wrong with it, or "".
  std::string Enter(uint64_t stream, absl::string_view bytes);
  // The same for a message that tells its stream; it must be the next there.
  std::string Enter(absl::string_view bytes);

  uint64_t received(uint64_t stream) const;
  uint64_t total() const { return total_; }

 private:
  std::map<uint64_t, uint64_t> received_;
  uint64_t total_ = 0;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_MESSAGE_H_
