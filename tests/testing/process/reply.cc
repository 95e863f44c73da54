#include "tests/testing/process/reply.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace ipmpsc::testing {

// Encodes as "code|number number|text".
std::string EncodeReply(const Reply& reply) {
  return absl::StrCat(static_cast<int>(reply.code), "|", absl::StrJoin(reply.numbers, " "), "|",
                      reply.text);
}

Reply DecodeReply(absl::string_view packet) {
  const std::vector<absl::string_view> parts = absl::StrSplit(packet, absl::MaxSplits('|', 2));
  Reply reply;
  int code;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &code)) {
    reply.code = absl::StatusCode::kUnknown;
    reply.text = absl::StrCat("no reply, but: ", packet);
    return reply;
  }
  reply.code = static_cast<absl::StatusCode>(code);
  for (const absl::string_view word : absl::StrSplit(parts[1], ' ', absl::SkipEmpty())) {
    uint64_t number = 0;
    if (absl::SimpleAtoi(word, &number)) reply.numbers.push_back(number);
  }
  reply.text = std::string(parts[2]);
  return reply;
}

std::string ReadPacket(int socket, absl::Duration patience) {
  pollfd readable = {socket, POLLIN, 0};
  int ready;
  do {
    ready = poll(&readable, 1, static_cast<int>(absl::ToInt64Milliseconds(patience)));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return "";
  char packet[4096];
  const ssize_t size = recv(socket, packet, sizeof(packet), 0);
  return std::string(packet, static_cast<size_t>(std::max<ssize_t>(size, 0)));
}

void WritePacket(int socket, absl::string_view packet) {
  send(socket, packet.data(), packet.size(), MSG_NOSIGNAL);
}

}  // namespace ipmpsc::testing
