// ServerCore: a server of a service without its types, and the calls that it has in hand. The
// generated server and the calls that its handlers have deferred share one.
#ifndef IPMPSC_RPC_SERVER_CORE_H_
#define IPMPSC_RPC_SERVER_CORE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/rpc/envelope.h"
#include "ipmpsc/rpc/service_type.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/typed/arena_pool.h"
#include "ipmpsc/view/arena.h"

namespace ipmpsc::rpc {

struct ServerOptions {
  // The name that errors and tools show for this server, as in `ReceiverOptions`.
  std::string name;
  // Bytes for requests on their way. 0: as the .proto says, or else 1 MiB.
  uint64_t capacity = 0;
  // Maximum number of clients connected at the same time. 0: as the .proto says, or else 64.
  uint32_t max_clients = 0;
  // How long to wait for another server of the same path to end or to die.
  Deadline deadline = absl::ZeroDuration();
  // How long a reply waits for space in the channel of a client that does not release its replies.
  // Then the server gives the client up: its calls fail with kAborted, and it must connect again.
  absl::Duration patience = absl::Seconds(1);
  // The bound on the memory for the views of each request.
  view::MemoryLimit memory_limit;
};

struct ServerStats {
  uint64_t calls = 0;          // of methods that it has; a handler got those that were valid
  uint64_t late = 0;           // whose deadline had passed; dropped
  uint64_t malformed = 0;      // without a valid envelope or message
  uint64_t unimplemented = 0;  // of methods that this server has not
  uint64_t interrupted = 0;    // sent to a predecessor, which may have handled them; refused
  uint64_t unreachable = 0;    // of clients that are gone, or whose reply channel cannot be opened
  uint64_t given_up = 0;       // clients that left their replies unread
};

class ServerCore;

// The reply channel of a client.
struct Route {
  Route(Channel reply_channel, Sender sender)
      : channel(std::move(reply_channel)), replies(std::move(sender)) {}

  Channel channel;
  Sender replies;
  uint64_t last_use = 0;
  bool gone = false;  // the client was given up, or is dead
};

// A call in hand. Its request is released after its last reply was committed, so a server that dies
// in between leaves the request to its successor, which tells the client.
class ServerCall {
 public:
  ServerCall(std::shared_ptr<ServerCore> core, std::shared_ptr<Route> route, Lease lease,
             typed::PooledArena arena, const RequestEnvelope& envelope, const MethodType& method,
             Deadline refuse_by);
  ServerCall(const ServerCall&) = delete;
  ServerCall& operator=(const ServerCall&) = delete;
  // Answers a call that is not finished with kInternal.
  ~ServerCall();

  absl::string_view message() const { return lease_.payload().substr(kEnvelopeSize); }
  view::Arena* arena() const { return arena_.get(); }
  const MethodType& method() const { return method_; }
  Deadline deadline() const { return deadline_; }
  bool finished() const { return finished_; }

  // Whether nobody waits for a reply any more: the client has cancelled, is gone or was given up,
  // or the deadline has passed. Looks at the requests that wait, too.
  bool cancelled();

  // Claims a reply of up to `bound` bytes behind its envelope.
  absl::StatusOr<Loan> Claim(size_t bound);
  // Sends the reply of `size` bytes.
  void Send(Loan loan, size_t size);
  // Ends the call. Does nothing if it is finished.
  void Finish(const absl::Status& status);
  // Ends the call whose message is malformed or needs too much memory. Waits for space until
  // `refuse_by`.
  void FinishUnparsed();

 private:
  friend class ServerCore;

  void Refuse(const absl::Status& status);

  const std::shared_ptr<ServerCore> core_;
  const std::shared_ptr<Route> route_;
  Lease lease_;
  typed::PooledArena arena_;
  const uint64_t client_;
  const uint64_t id_;
  const Deadline deadline_;
  const Deadline refuse_by_;
  const MethodType& method_;
  bool cancelled_ = false;
  bool finished_ = false;
};

// Thread-compatible, together with its calls.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  static absl::StatusOr<std::shared_ptr<ServerCore>> Create(const ServiceType& type,
                                                            absl::string_view path,
                                                            const ServerOptions& options);
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;
  ~ServerCore();

  // Waits for the next call to handle. A call that it refuses meanwhile waits for space for the
  // reply until `deadline`, too.
  absl::StatusOr<std::unique_ptr<ServerCall>> Next(Deadline deadline);

  Receiver& requests() { return requests_; }
  const Channel& channel() const { return requests_.channel(); }
  const ServerStats& stats() const { return stats_; }
  size_t clients() const { return routes_.size(); }

 private:
  friend class ServerCall;

  ServerCore(const ServiceType& type, std::string path, Receiver requests, uint64_t first,
             const ServerOptions& options);

  // Returns a call if the record is one to handle. Refuses others until `refuse_by`.
  std::unique_ptr<ServerCall> Accept(Lease lease, Deadline refuse_by);
  void Cancel(const RequestEnvelope& envelope);
  // Null if the client cannot be reached.
  std::shared_ptr<Route> RouteTo(uint64_t client);
  std::shared_ptr<Route> OpenRoute(uint64_t client) const;
  // Takes the requests that wait, to find cancellations among them. Bounded.
  void Peek();
  // Forgets clients that are gone. Bounded, and does nothing before it is due.
  void Look();
  // Claims in the channel of the client, until `deadline` or until it is given up.
  absl::StatusOr<Loan> ClaimReply(Route* route, size_t size, Deadline deadline, ServerCall* call);
  void SendStatus(Route* route, uint64_t call, const absl::Status& status, Deadline deadline,
                  ServerCall* owner);
  void GiveUp(Route* route);

  const ServiceType& type_;
  const std::string path_;
  const pid_t process_;
  const absl::Duration patience_;
  typed::ArenaPool::Owner arenas_;
  Receiver requests_;
  const uint64_t first_;  // requests before this position may have been in a predecessor's hand
  std::deque<Lease> waiting_;
  std::map<uint64_t, std::shared_ptr<Route>> routes_;
  std::vector<ServerCall*> open_;
  uint64_t uses_ = 0;
  uint64_t last_looked_at_ = 0;  // a client
  Deadline next_look_;
  ServerStats stats_;
};

}  // namespace ipmpsc::rpc

#endif  // IPMPSC_RPC_SERVER_CORE_H_
