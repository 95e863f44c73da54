#include "tests/testing/process/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace ipmpsc::testing {

Peer::Peer(const Board& board, std::vector<int> fds) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    ADD_FAILURE() << "socketpair: errno " << errno;
    return;
  }
  socket_ = sockets[0];
  fds.push_back(sockets[1]);
  fds.push_back(board.fd());
  const char* const another = std::getenv("IPMPSC_TEST_PEER");
  child_ = ChildProcess::Execute(another == nullptr ? "tests/process/peer" : another,
                                 {absl::StrCat(sockets[1]), absl::StrCat(board.fd())}, fds);
  close(sockets[1]);
}

Peer::Peer(Peer&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), child_(std::move(other.child_)) {}

Peer& Peer::operator=(Peer&& other) noexcept {
  std::swap(socket_, other.socket_);
  child_ = std::move(other.child_);
  return *this;
}

Peer::~Peer() {
  if (socket_ >= 0) close(socket_);
}

void Peer::Tell(absl::string_view command) { WritePacket(socket_, command); }

Reply Peer::Answer(absl::Duration patience) {
  const std::string packet = ReadPacket(socket_, patience);
  if (!packet.empty()) return DecodeReply(packet);
  Reply none;
  none.code = absl::StatusCode::kUnknown;
  none.text = "the peer does not answer";
  return none;
}

}  // namespace ipmpsc::testing
