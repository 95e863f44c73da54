// Peer: another process that executes a test's commands, one operation of the library at a time.
//
//   Board board;
//   Peer sender(board);
//   EXPECT_OK(sender.Ask("open " + path).status());
//   EXPECT_OK(sender.Ask("attach_sender").status());
//   const Reply claimed = sender.Ask("claim 64 0");
//   sender.Kill();   // while it holds the loan
//
// tests/process/peer.cc lists the commands. The environment variable IPMPSC_TEST_PEER names another
// program that understands them.
#ifndef TESTS_TESTING_PROCESS_PEER_H_
#define TESTS_TESTING_PROCESS_PEER_H_

#include <sys/types.h>

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/testing/process/board.h"
#include "tests/testing/process/child_process.h"
#include "tests/testing/process/reply.h"

namespace ipmpsc::testing {

class Peer {
 public:
  // The peer inherits `fds` under the same numbers.
  explicit Peer(const Board& board, std::vector<int> fds = {});
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&& other) noexcept;
  ~Peer();

  // Starts an operation. REQUIRES: one `Answer` follows for each, in the same order.
  void Tell(absl::string_view command);
  // Returns the result of the oldest operation, or kUnknown if it does not return.
  Reply Answer(absl::Duration patience = kPatience);
  Reply Ask(absl::string_view command) {
    Tell(command);
    return Answer();
  }

  pid_t pid() const { return child_.pid(); }
  void Kill() { child_.Kill(); }
  void Stop() { child_.Stop(); }
  void Continue() const { child_.Continue(); }

 private:
  int socket_ = -1;
  ChildProcess child_;
};

}  // namespace ipmpsc::testing

#endif  // TESTS_TESTING_PROCESS_PEER_H_
