// Transport: one way to get messages from several processes to one, as the comparison uses it.
//
//   parent:    transport = kind.create(spec)
//   a sender:  (forked)  end = transport->AttachSender(); end->Send(message); ...
//   receiver:  (forked)  end = transport->AttachReceiver(); end->Receive(handler); ...
//
// Each transport is used as its own documentation says is fastest for `TransportSpec::waiting`. All
// of them carry the same bytes, and are checked and timed by the same code (measurement/).
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

// How an end waits for a message, or for space.
enum class Waiting {
  kSpin,     // looks again and again, never sleeps: for the lowest latency, with a processor each
  kSleep,    // sleeps in the kernel as soon as it can
  kFastest,  // what gives the highest throughput, also with more processes than processors
};

struct TransportSpec {
  std::string name;    // unique on this machine: letters, digits, '-'; at most 40 of them
  size_t max_message;  // bytes
  // Bytes that may be under way; a transport that counts messages takes as many as fit, at least 8.
  size_t queue_bytes;
  int senders;
  Waiting waiting;
};

class SenderEnd {
 public:
  virtual ~SenderEnd() = default;
  // Sends a copy of the bytes; waits for space.
  virtual absl::Status Send(absl::string_view message) = 0;
  // Sends all of them in as few steps as the transport has for it.
  virtual absl::Status SendBatch(absl::Span<const absl::string_view> messages) {
    for (absl::string_view message : messages) {
      absl::Status sent = Send(message);
      if (!sent.ok()) return sent;
    }
    return absl::OkStatus();
  }
  // Lends `size` bytes of the memory that the receiver will see, then sends them. Errors:
  // kUnimplemented - the transport only copies.
  virtual absl::StatusOr<char*> Loan(size_t /*size*/) { return absl::UnimplementedError("copies"); }
  virtual absl::Status Publish() { return absl::UnimplementedError("copies"); }
};

class ReceiverEnd {
 public:
  virtual ~ReceiverEnd() = default;
  // Waits for a message and calls `handler` for it, where it lies if the transport can do that; and
  // for more that are there already, if the transport has a call for that.
  virtual absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) = 0;
};

class Transport {
 public:
  // Removes what was created.
  virtual ~Transport() = default;
  // Each in a process of its own, forked from the one that created the transport; or (latency) both
  // ends of two transports in two processes.
  virtual absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() = 0;
  virtual absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() = 0;
};

// The systems in the comparison.
struct TransportKind {
  std::string name;  // "boost-message-queue"
  std::string
      describe;  // the version, and which of its calls are used: "1.74, send/receive of message_queue"
  // Why it cannot be measured here, and what to do about it: "Debian's libboost-dev is not
  // installed". Empty: it can.
  std::string unavailable;
  bool in_place = false;  // has `Loan`
  bool batch = false;     // has a `SendBatch` of its own
  // Errors: kUnimplemented - not with such a spec; the text says why ("at most 8192 bytes").
  std::function<absl::StatusOr<std::unique_ptr<Transport>>(const TransportSpec&)> create;
};

}  // namespace ipmpsc::benchmarks

#endif  // IPMPSC_BENCHMARKS_TRANSPORT_H_
