// The commands and replies between a test and its peer (peer.h). Each is one packet.
#ifndef TESTS_TESTING_PROCESS_REPLY_H_
#define TESTS_TESTING_PROCESS_REPLY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace ipmpsc::testing {

// The result of an operation.
struct Reply {
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string text;  // of the status, or the answer of the command
  std::vector<uint64_t> numbers;

  absl::Status status() const { return absl::Status(code, text); }
};

std::string EncodeReply(const Reply& reply);
Reply DecodeReply(absl::string_view packet);
// Returns the next packet, or "" if the other side is gone or nothing came within `patience`.
std::string ReadPacket(int socket, absl::Duration patience);
void WritePacket(int socket, absl::string_view packet);

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_REPLY_H_
