// Transport: one way to pass messages from several processes to one, as the comparison uses it.
//
//   parent:    transport = kind.create(spec)
//   a sender:  (forked)  end = transport->AttachSender(); end->Send(message); ...
//   receiver:  (forked)  end = transport->AttachReceiver(); end->Receive(handler); ...
//
// Each transport is used as its own documentation recommends as fastest for
// `TransportSpec::waiting`. All carry the same bytes. The same code checks and times them
// (measurement/).
#ifndef IPMPSC_BENCHMARKS_TRANSPORT_H_
#define IPMPSC_BENCHMARKS_TRANSPORT_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace ipmpsc::benchmarks {

// How a sender waits for space, and a receiver for a message.
enum class Waiting {
  kSpin,     // polls and never sleeps: for the lowest latency, with a processor for each process
  kSleep,    // sleeps in the kernel as soon as it can
  kFastest,  // for the highest throughput, even with more processes than processors
};

struct TransportSpec {
  std::string name;    // unique on this machine: letters, digits, '-'; at most 40 of them
  size_t max_message;  // bytes
  // Capacity in bytes. A transport that counts messages takes as many as fit, at least 8.
  size_t queue_bytes;
  int senders;
  Waiting waiting;
};

class SenderEnd {
 public:
  virtual ~SenderEnd() = default;
  // Sends a copy of the bytes and waits for space.
  virtual absl::Status Send(absl::string_view message) = 0;
  // Sends all of them in as few steps as the transport allows.
  virtual absl::Status SendBatch(absl::Span<const absl::string_view> messages) {
    for (absl::string_view message : messages) {
      absl::Status sent = Send(message);
      if (!sent.ok()) return sent;
    }
    return absl::OkStatus();
  }
  // Lends `size` bytes of memory that the receiver will see, then sends them. Errors:
  // kUnimplemented - the transport only copies.
  virtual absl::StatusOr<char*> Loan(size_t /*size*/) { return absl::UnimplementedError("copies"); }
  virtual absl::Status Publish() { return absl::UnimplementedError("copies"); }
};

class ReceiverEnd {
 public:
  virtual ~ReceiverEnd() = default;
  // Waits for a message and calls `handler` for it, in place if the transport can do that. Also
  // handles further available messages if the transport has a call for that.
  virtual absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) = 0;
};

class Transport {
 public:
  // Removes the transport's resources.
  virtual ~Transport() = default;
  // Each runs in its own process, forked from the creator of the transport. For latency, each of
  // two processes has a sender and a receiver of two transports.
  virtual absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() = 0;
  virtual absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() = 0;
};

// An entry of the comparison.
struct TransportKind {
  std::string name;  // "boost-message-queue"
  // The version and the calls in use: "1.74, send/receive of message_queue".
  std::string describe;
  // The reason why it cannot be measured here, and the remedy: "Debian's libboost-dev is not
  // installed". Empty if it can be measured.
  std::string unavailable;
  bool in_place = false;  // has `Loan`
  bool batch = false;     // has a `SendBatch` of its own
  // Errors: kUnimplemented - this spec is not supported; the text says why ("at most 8192 bytes").
  std::function<absl::StatusOr<std::unique_ptr<Transport>>(const TransportSpec&)> create;
  // Becomes the receiver of all `transports`, which were created with `Waiting::kSleep`, and calls
  // `attached`. Then sleeps for all of them at once, and calls `handler` for each message with the
  // index of its transport, until it returns false. Null if the system has nothing for that.
  using MessageOfOne = absl::FunctionRef<bool(size_t transport, absl::string_view message)>;
  std::function<absl::Status(absl::Span<const std::unique_ptr<Transport>> transports,
                             absl::FunctionRef<void()> attached, MessageOfOne handler)>
      receive_from_many;
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORT_H_
