// NatsServer: a nats-server with JetStream on loopback, for examples and tests.
#ifndef IPMPSC_EXAMPLES_BRIDGE_NATS_SERVER_H_
#define IPMPSC_EXAMPLES_BRIDGE_NATS_SERVER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ipmpsc::examples {

// The destructor ends the server. The kernel ends it if the thread that started it dies.
class NatsServer {
 public:
  // Starts a server that stores in `folder` and listens on a free port of 127.0.0.1. Waits until it
  // answers. `arguments` are given to it as they are.
  //
  // Errors: kNotFound - nats-server is not installed; kUnavailable - it does not answer; the text
  // has the end of what it printed.
  static absl::StatusOr<NatsServer> Start(const std::string& folder,
                                          const std::vector<std::string>& arguments = {});

  NatsServer(NatsServer&& other) noexcept;
  NatsServer& operator=(NatsServer&& other) noexcept;
  ~NatsServer();

  // Sends it a signal and waits for its end.
  void Stop(int signal);
  // Stops its threads, and returns when they have stopped. So it answers nothing that is sent to it
  // afterwards until `Resume`.
  void Pause() const;
  void Resume() const;
  // Starts it anew, on the same port and folder. REQUIRES: it is stopped.
  absl::Status StartAgain();

  // "127.0.0.1:PORT"
  std::string address() const;
  pid_t pid() const { return pid_; }

 private:
  NatsServer() = default;

  std::string folder_;
  std::vector<std::string> arguments_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_BRIDGE_NATS_SERVER_H_
