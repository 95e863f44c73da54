// ClientCore: a client of a service without its types. The generated client and its streams share
// one.
#ifndef IPMPSC_RPC_CLIENT_CORE_H_
#define IPMPSC_RPC_CLIENT_CORE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/rpc/envelope.h"
#include "ipmpsc/rpc/service_type.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/typed/arena_pool.h"
#include "ipmpsc/view/arena.h"

namespace ipmpsc::rpc {

struct ClientOptions {
  // The name that errors and tools show for this client, as in `SenderOptions`.
  std::string name;
  // Bytes for replies on their way to this client. 0: as the .proto says, or else 1 MiB.
  uint64_t reply_capacity = 0;
  // The bound on the memory for the views of each reply.
  view::MemoryLimit memory_limit;
};

struct ClientStats {
  uint64_t calls = 0;
  uint64_t late_replies = 0;       // to calls that have ended; dropped
  uint64_t malformed_replies = 0;  // without a valid envelope; dropped
};

// Thread-compatible, together with its streams and leases.
class ClientCore {
 public:
  static absl::StatusOr<std::shared_ptr<ClientCore>> Connect(const ServiceType& type,
                                                             absl::string_view path,
                                                             Deadline deadline,
                                                             const ClientOptions& options);
  ClientCore(const ClientCore&) = delete;
  ClientCore& operator=(const ClientCore&) = delete;
  ~ClientCore();

  // Claims a request of up to `bound` bytes behind its envelope.
  absl::StatusOr<Loan> Claim(size_t bound, Deadline deadline);
  // Sends the request of `size` bytes. Returns the number of the call, which is open until `End`.
  uint64_t Start(Loan loan, size_t size, const MethodType& method, Deadline deadline);

  // A reply, or the end of the call if `kind` is kStatus.
  struct Answer {
    ReplyKind kind;
    Lease lease;
    absl::Status status;  // of kStatus
  };
  // Waits for the next answer to the call, and keeps those to other open calls.
  absl::StatusOr<Answer> Await(uint64_t call, Deadline deadline);

  // Forgets the call. Later replies to it are dropped. With `tell` the server is told.
  void End(uint64_t call, bool tell);

  void Interrupt() { replies_.Interrupt(); }

  typed::ArenaPool& arenas() { return *arenas_.get(); }
  const ClientStats& stats() const { return stats_; }
  const Channel& channel() const { return requests_.channel(); }

 private:
  ClientCore(const ServiceType& type, Sender requests, Channel channel, Receiver replies,
             uint64_t id);

  absl::Status ServerGone() const;

  struct OpenCall {
    uint64_t position = 0;  // of its request
    // The answers to it that came while another one was awaited.
    std::deque<Lease> kept;
  };

  const ServiceType& type_;
  typed::ArenaPool::Owner arenas_;
  Sender requests_;
  Channel reply_channel_;
  Receiver replies_;
  const uint64_t id_;
  const pid_t process_;
  uint64_t last_call_ = 0;
  std::map<uint64_t, OpenCall> open_;
  ClientStats stats_;
};

}  // namespace ipmpsc::rpc

#endif  // IPMPSC_RPC_CLIENT_CORE_H_
