// Messages that show whether they are complete, and a ledger of the received ones.
//
// A stream is the sequence of messages of one sender, numbered from 0. Both numbers determine the
// bytes of a message. A message of 16 bytes or more begins with the two numbers.
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

// Hashes both words into one.
uint64_t Mix(uint64_t a, uint64_t b);

void FillMessage(MessageIdentity identity, absl::Span<char> bytes);
std::string MessageBytes(MessageIdentity identity, size_t size);
// Returns what is wrong with the bytes of that message, or "".
std::string CheckMessage(MessageIdentity identity, absl::string_view bytes);
// REQUIRES: bytes.size() >= kIdentitySize.
MessageIdentity IdentityOf(absl::string_view bytes);

// Returns a size for that message: mostly small, sometimes `least` or `most`, sometimes in between.
size_t PlannedSize(MessageIdentity identity, size_t least, size_t most);

// The received messages, by stream.
class Ledger {
 public:
  // Enters the next message of the stream. Returns what is wrong with it, or "".
  std::string Enter(uint64_t stream, absl::string_view bytes);
  // The same for a message that contains its stream. The message must be the next of that stream.
  std::string Enter(absl::string_view bytes);

  uint64_t received(uint64_t stream) const;
  uint64_t total() const { return total_; }

 private:
  std::map<uint64_t, uint64_t> received_;
  uint64_t total_ = 0;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_MESSAGE_H_
