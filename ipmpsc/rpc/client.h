// ServiceClient: calls the methods of a service. Base of the generated classes:
//
//   absl::StatusOr<FrameServiceClient> client =
//       FrameServiceClient::Connect(path, absl::Seconds(5));
//   absl::StatusOr<FrameLease> frame = client->Get(request, absl::Seconds(1));
//   Show((*frame)->pixels());   // in place, in the client's reply channel
//
//   // A request that is written in place, of at most 64 bytes:
//   client->Get(64, [](GetRequestWriter& request) { request.set_number(7); }, absl::Seconds(1));
//
//   // A method that streams its replies:
//   absl::StatusOr<ipmpsc::rpc::ReplyStream<FrameLease>> frames = client->Watch(request, deadline);
//   for (;;) {
//     absl::StatusOr<FrameLease> frame = frames->Next();
//     if (!frame.ok()) break;   // kOutOfRange at the end
//   }
//
// docs/services.md says what is promised when a client or a server dies.
#ifndef IPMPSC_RPC_CLIENT_H_
#define IPMPSC_RPC_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/rpc/client_core.h"
#include "ipmpsc/rpc/envelope.h"
#include "ipmpsc/rpc/in_place.h"
#include "ipmpsc/rpc/service_type.h"
#include "ipmpsc/typed/arena_pool.h"
#include "ipmpsc/typed/declared_path.h"

namespace ipmpsc::rpc {

// Returns the view of a reply, which lies behind the envelope of `lease`.
//
// Errors: kInvalidArgument - it is malformed, or needs more memory than the limit.
// kResourceExhausted - the system has no memory for its views.
template <typename MessageLease, typename View>
absl::StatusOr<MessageLease> ParseReply(const MethodType& method, ClientCore& core, Lease lease) {
  typed::PooledArena arena = core.arenas().Take();
  const absl::string_view message = lease.payload().substr(kEnvelopeSize);
  const View* const view = View::Parse(message, arena.get());
  if (view != nullptr) return MessageLease(std::move(lease), std::move(arena), view);
  const std::string which =
      absl::StrCat("the reply of ", method.name, ", ", message.size(), " bytes long, ");
  if (arena.get()->failure() == view::Arena::Failure::kNoMemory) {
    return absl::ResourceExhaustedError(
        absl::StrCat(which, "cannot be parsed: the system has no memory for its views"));
  }
  if (arena.get()->failure() == view::Arena::Failure::kLimit) {
    return absl::InvalidArgumentError(
        absl::StrCat(which,
                     "exceeds ClientOptions::memory_limit; raise it if you trust the "
                     "server"));
  }
  return absl::InvalidArgumentError(absl::StrCat(which, "is not a valid ", method.reply->name));
}

// The replies of one call, in the order in which the server sent them. Move-only. May outlive its
// client. At most one thread at a time may use a client, its streams and its leases.
template <typename MessageLease, typename View>
class ReplyStream {
 public:
  // For `ServiceClient`.
  ReplyStream(std::shared_ptr<ClientCore> core, uint64_t call, const MethodType& method,
              Deadline deadline)
      : core_(std::move(core)), call_(call), method_(&method), deadline_(deadline) {}
  ReplyStream(ReplyStream&&) noexcept = default;
  ReplyStream& operator=(ReplyStream&& other) noexcept {
    if (this == &other) return *this;
    Cancel();
    core_ = std::move(other.core_);
    call_ = other.call_;
    method_ = other.method_;
    deadline_ = other.deadline_;
    end_ = std::move(other.end_);
    ended_well_ = other.ended_well_;
    return *this;
  }
  // Cancels the call, unless it has ended.
  ~ReplyStream() { Cancel(); }

  // Waits for the next reply, at most until the deadline of the call.
  //
  // Errors: the status with which the handler has ended; the errors of a call that sends one reply
  // (see `ServiceClient`), and:
  //  * kOutOfRange      - the handler has sent all replies and ended well. `ended_well()` is true
  //  * kCancelled       - `Cancel` or `Interrupt` was called. After `Interrupt` the stream goes on
  absl::StatusOr<MessageLease> Next() {
    if (core_ == nullptr) return end_;
    absl::StatusOr<ClientCore::Answer> answer = core_->Await(call_, deadline_);
    if (absl::IsCancelled(answer.status())) return answer.status();
    if (!answer.ok()) return End(answer.status(), /*tell=*/true);
    switch (answer->kind) {
      case ReplyKind::kPart:
        return ParseReply<MessageLease, View>(*method_, *core_, std::move(answer->lease));
      case ReplyKind::kStatus:
        if (!answer->status.ok()) return End(answer->status, /*tell=*/false);
        ended_well_ = true;
        return End(absl::OutOfRangeError("all replies have been received"), /*tell=*/false);
      case ReplyKind::kWhole:
        break;
    }
    return End(absl::InternalError(
                   absl::StrCat("the server answered ", method_->name,
                                " with one reply instead of a stream; build both from one .proto")),
               /*tell=*/true);
  }
  // Whether the server has ended the stream well, and all replies have been received.
  bool ended_well() const { return ended_well_; }

  // Ends the call: the server is told at its next reply, and the replies on their way are dropped.
  void Cancel() {
    if (core_ != nullptr) (void)End(absl::CancelledError("the call was cancelled"), true);
  }

 private:
  absl::Status End(absl::Status status, bool tell) {
    core_->End(call_, tell);
    core_ = nullptr;
    end_ = std::move(status);
    return end_;
  }

  std::shared_ptr<ClientCore> core_;  // null when the call has ended
  uint64_t call_;
  const MethodType* method_;
  Deadline deadline_;
  absl::Status end_ = absl::CancelledError("the stream was moved from");
  bool ended_well_ = false;
};

// Thread-compatible: use one per thread. A service has slots for a number of clients: max_clients
// of its option, 64 by default. A client may have several streams open. Replies to one that come
// while another one is awaited are kept, in the client's reply channel. A reply takes space there
// until its lease is released, and so does everything behind it.
//
// Every call returns, beside the status with which its handler has ended:
//  * kDeadlineExceeded   - no space for the request, or no reply until `deadline`. The handler may
//                          still run
//  * kUnavailable        - no server runs, or it ended before it replied. Noticed within 100
//                          milliseconds. Or it has dropped the call, since it cannot open the
//                          client's reply channel. If the text says so, the call may have been
//                          handled
//  * kUnimplemented      - the server has no such method
//  * kInvalidArgument    - the request lacks a required field, cannot be written in place or is
//                          longer than its channel takes; or the server found it malformed; or the
//                          reply is malformed
//  * kResourceExhausted  - no memory for the views of the message
//  * kAborted            - the server has other methods now, or has given this client up because
//                          replies that were not read or not released took all of its channel:
//                          connect again
//  * kFailedPrecondition - this client was inherited through fork: connect in the child
//  * kDataLoss           - a channel is damaged
//  * kCancelled          - `Interrupt` was called
//  * kInternal           - the handler gave no reply
template <typename Derived, typename Handler>
class ServiceClient {
 public:
  // Opens the service at `path` and creates a reply channel beside it. Waits until `deadline` for
  // the service to be created, and for a free slot. So the client may start before the server. A
  // channel that was closed is waited for too, until a server puts its own in its place.
  //
  // Errors:
  //  * kDeadlineExceeded   - no service was created there, or no server has replaced the one that
  //                          was closed
  //  * kFailedPrecondition - the channel there carries something else, or its methods have other
  //                          messages; the text names them
  //  * kResourceExhausted  - all slots for clients are taken; no space, descriptors or memory
  //  * others              - as `Channel::Open`, `Channel::Create` and `Sender::Attach`
  static absl::StatusOr<Derived> Connect(absl::string_view path, Deadline deadline,
                                         const ClientOptions& options = {}) {
    absl::StatusOr<std::shared_ptr<ClientCore>> core =
        ClientCore::Connect(Handler::kService, path, deadline, options);
    if (!core.ok()) return core.status();
    return Derived(*std::move(core));
  }
  // Opens the service at the path that option (ipmpsc.service) declares.
  static absl::StatusOr<Derived> Connect(Deadline deadline, const ClientOptions& options = {}) {
    static_assert(!Handler::kService.channel.empty(),
                  "the service declares no name with option (ipmpsc.service): pass a path");
    return Connect(typed::DeclaredPath(Handler::kService.channel), deadline, options);
  }

  // Ends a call that waits for a reply with kCancelled, or the next one that is about to wait. A
  // call that waits for space for its request goes on until it waits for its reply. May be called
  // in any thread and in signal handlers, while the client lives and is not being moved.
  void Interrupt() { core_->Interrupt(); }

  // Counts since the client was connected.
  const ClientStats& stats() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return core_->stats(); }
  // The channel of requests.
  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return core_->channel(); }

  // End of public interfaces.

 protected:
  using Base = ServiceClient;

  template <typename MessageLease, typename View, typename Message>
  absl::StatusOr<MessageLease> Call(size_t method, const Message& request, Deadline deadline) {
    const absl::StatusOr<uint64_t> call = Send(method, request, deadline);
    if (!call.ok()) return call.status();
    return AwaitWhole<MessageLease, View>(method, *call, deadline);
  }
  template <typename MessageLease, typename View, typename Writer, typename Fill>
  absl::StatusOr<MessageLease> CallInPlace(size_t method, size_t bound, Fill& fill,
                                           Deadline deadline) {
    const absl::StatusOr<uint64_t> call = Write<Writer>(method, bound, fill, deadline);
    if (!call.ok()) return call.status();
    return AwaitWhole<MessageLease, View>(method, *call, deadline);
  }
  template <typename MessageLease, typename View, typename Message>
  absl::StatusOr<ReplyStream<MessageLease, View>> Stream(size_t method, const Message& request,
                                                         Deadline deadline) {
    const absl::StatusOr<uint64_t> call = Send(method, request, deadline);
    if (!call.ok()) return call.status();
    return ReplyStream<MessageLease, View>(core_, *call, Method(method), deadline);
  }
  template <typename MessageLease, typename View, typename Writer, typename Fill>
  absl::StatusOr<ReplyStream<MessageLease, View>> StreamInPlace(size_t method, size_t bound,
                                                                Fill& fill, Deadline deadline) {
    const absl::StatusOr<uint64_t> call = Write<Writer>(method, bound, fill, deadline);
    if (!call.ok()) return call.status();
    return ReplyStream<MessageLease, View>(core_, *call, Method(method), deadline);
  }

 public:
  explicit ServiceClient(std::shared_ptr<ClientCore> core) : core_(std::move(core)) {}

 private:
  static const MethodType& Method(size_t method) { return Handler::kService.methods[method]; }

  template <typename Message>
  absl::StatusOr<uint64_t> Send(size_t method, const Message& request, Deadline deadline) {
    absl::StatusOr<FilledLoan> filled =
        Serialise(request, [&](size_t size) { return core_->Claim(size, deadline); });
    if (!filled.ok()) return filled.status();
    return core_->Start(std::move(filled->loan), filled->size, Method(method), deadline);
  }
  template <typename Writer, typename Fill>
  absl::StatusOr<uint64_t> Write(size_t method, size_t bound, Fill& fill, Deadline deadline) {
    absl::StatusOr<FilledLoan> filled =
        FillInPlace<Writer>(bound, Method(method).request->name, fill,
                            [&](size_t size) { return core_->Claim(size, deadline); });
    if (!filled.ok()) return filled.status();
    return core_->Start(std::move(filled->loan), filled->size, Method(method), deadline);
  }

  template <typename MessageLease, typename View>
  absl::StatusOr<MessageLease> AwaitWhole(size_t method, uint64_t call, Deadline deadline) {
    absl::StatusOr<ClientCore::Answer> answer = core_->Await(call, deadline);
    core_->End(call, /*tell=*/false);
    if (!answer.ok()) return answer.status();
    if (answer->kind == ReplyKind::kWhole) {
      return ParseReply<MessageLease, View>(Method(method), *core_, std::move(answer->lease));
    }
    if (answer->kind == ReplyKind::kStatus && !answer->status.ok()) return answer->status;
    return absl::InternalError(
        absl::StrCat("the server answered ", Method(method).name,
                     " with a stream instead of one reply; build both from one .proto"));
  }

  std::shared_ptr<ClientCore> core_;
};

}  // namespace ipmpsc::rpc

#endif  // IPMPSC_RPC_CLIENT_H_
