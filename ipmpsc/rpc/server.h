// ServiceServer: handles the calls of a service. Base of the generated classes:
//
//   class Frames : public FrameServiceHandler {
//     absl::Status Get(const GetRequestView& request, GetReplyTo& reply) override {
//       if (!Has(request.number())) return absl::NotFoundError("there is no such frame");
//       return reply.Write(bound, [&](FrameWriter& frame) { ... });   // in place
//     }
//   };
//
//   Frames frames;
//   absl::StatusOr<FrameServiceServer> server = FrameServiceServer::Create(path, &frames);
//   absl::Status end = server->Serve();   // until Interrupt()
//
// docs/services.md says what is promised when a client or a server dies.
#ifndef IPMPSC_RPC_SERVER_H_
#define IPMPSC_RPC_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/rpc/in_place.h"
#include "ipmpsc/rpc/server_core.h"
#include "ipmpsc/rpc/service_type.h"
#include "ipmpsc/typed/declared_path.h"
#include "ipmpsc/wait_set.h"

namespace ipmpsc::rpc {

// The way back to the client of one call. A method that sends one reply sends it once. One that
// streams sends any number. The handler's status then ends the call.
//
// A handler that cannot reply yet calls `Defer` and returns OK. The call then goes on until the
// deferred object has replied, or until it is destroyed. Meanwhile its request, and what it viewed,
// stay in the request channel and take its space.
//
// Move-only. At most one thread at a time may use a server and its calls.
template <typename Message, typename Writer>
class ReplyTo {
 public:
  // For `ServiceServer`.
  explicit ReplyTo(std::unique_ptr<ServerCall> call) : call_(std::move(call)) {}

  // Sends a reply. Waits for space in the client's channel until the deadline of the call, and for
  // `ServerOptions::patience` at most.
  //
  // Errors:
  //  * kCancelled          - nobody waits for it: the client has cancelled, is gone or was given up
  //  * kDeadlineExceeded   - the deadline of the call has passed. A method that sends one reply may
  //                          still send it if there is space
  //  * kFailedPrecondition - the call takes no other reply, or was deferred; or a reply is being
  //                          written in place
  //  * kInvalidArgument    - a required field is missing, or the reply is longer than the client's
  //                          channel takes
  //  * kAborted, kDataLoss - the client's channel was ended or damaged by another process
  template <typename Given, typename = IfSame<Given, Message>>
  absl::Status Send(const Given& reply) {
    if (call_ == nullptr) return Deferred();
    return Send(Serialise(reply, [this](size_t size) { return call_->Claim(size); }));
  }
  // Sends a reply of at most `bound` bytes that `fill(writer)` writes in place. `bound` is as for
  // the loans of the message.
  //
  // Errors: as above; as `writer::Draft::Finish`.
  template <typename Fill>
  absl::Status Write(size_t bound, Fill&& fill) {
    if (call_ == nullptr) return Deferred();
    return Send(FillInPlace<Writer>(bound, call_->method().reply->name, fill,
                                    [this](size_t size) { return call_->Claim(size); }));
  }

  // Moves the call out of the handler.
  ReplyTo Defer() { return ReplyTo(std::move(call_)); }
  // Ends a deferred call. Does nothing if it is finished. OK ends a stream well. It ends a call of
  // another method, which then has no reply, with kInternal.
  void Finish(const absl::Status& status) {
    if (call_ == nullptr) return;
    call_->Finish(status.ok() && !call_->method().streams
                      ? absl::InternalError("the handler gave no reply")
                      : status);
    call_ = nullptr;
  }

  // The client waits until then.
  Deadline deadline() const { return call_ == nullptr ? Deadline::Never() : call_->deadline(); }
  // Whether nobody waits for a reply any more. A handler that works for long should look.
  bool cancelled() { return call_ == nullptr || call_->cancelled(); }

 private:
  static absl::Status Deferred() {
    return absl::FailedPreconditionError("the call was deferred or is finished");
  }

  absl::Status Send(absl::StatusOr<FilledLoan> filled) {
    if (!filled.ok()) return filled.status();
    call_->Send(std::move(filled->loan), filled->size);
    return absl::OkStatus();
  }

  std::unique_ptr<ServerCall> call_;  // null when deferred or finished
};

// Thread-compatible. One server at a time for each path.
template <typename Derived, typename Handler>
class ServiceServer {
 public:
  // Becomes the server of the service at `path`, which is created if there is none. The calls go to
  // `handler`, which must outlive the server.
  //
  // A service that a server with other methods or a smaller channel has left is replaced. Its
  // clients get kAborted.
  //
  // Errors:
  //  * kAlreadyExists      - another server still runs at `options.deadline`
  //  * kFailedPrecondition - the channel there carries something else, or drops messages
  //  * others              - as `Channel::Create` and `Receiver::Attach`
  static absl::StatusOr<Derived> Create(absl::string_view path, Handler* handler,
                                        const ServerOptions& options = {}) {
    absl::StatusOr<std::shared_ptr<ServerCore>> core =
        ServerCore::Create(Handler::kService, path, options);
    if (!core.ok()) return core.status();
    return Derived(*std::move(core), handler);
  }
  // The same at the path that option (ipmpsc.service) declares.
  static absl::StatusOr<Derived> Create(Handler* handler, const ServerOptions& options = {}) {
    static_assert(!Handler::kService.channel.empty(),
                  "the service declares no name with option (ipmpsc.service): pass a path");
    return Create(typed::DeclaredPath(Handler::kService.channel), handler, options);
  }

  // Waits for a call until `deadline`, and handles it in this thread. Calls that nobody waits for
  // any more are dropped and not handled. Calls that it refuses are those of methods that it has
  // not, those that are malformed, and those that a predecessor may have handled. A refusal for
  // which the client's channel has no space until `deadline` is dropped, and the client returns
  // kUnavailable.
  //
  // Errors:
  //  * kDeadlineExceeded - no call came
  //  * kCancelled        - `Interrupt` was called
  //  * others            - as `Receiver::Receive`
  absl::Status ServeOnce(Deadline deadline) {
    absl::StatusOr<std::unique_ptr<ServerCall>> call = core_->Next(deadline);
    if (!call.ok()) return call.status();
    const MethodType& method = (*call)->method();
    Derived::Dispatch(*handler_, static_cast<size_t>(&method - Handler::kService.methods),
                      *std::move(call));
    return absl::OkStatus();
  }
  // Handles calls until `Interrupt` was called and no call waits any more. Then returns OK. A
  // program that is to stop under any load calls `ServeOnce` and looks at a flag of its own.
  //
  // Errors: as `ServeOnce`.
  absl::Status Serve() {
    for (;;) {
      const absl::Status status = ServeOnce(Deadline::Never());
      if (absl::IsCancelled(status)) return absl::OkStatus();
      if (!status.ok()) return status;
    }
  }

  // Ends a running `ServeOnce` that sleeps, or else the next one that is about to sleep. May be
  // called in any thread and in signal handlers, while the server lives and is not being moved.
  void Interrupt() { core_->requests().Interrupt(); }

  // For `WaitSet::Add` and `WaitSet::Remove`, which take servers. A set reports the server when a
  // call comes. Handle calls by `ServeOnce` without a timeout until it returns kDeadlineExceeded,
  // then wait. Do so too after a deferred call was used or has ended: it takes requests out of the
  // channel, of which the set then does not know. Call `ServeOnce` each second, if the server is to
  // notice dead clients while no calls come.
  absl::Status AddTo(WaitSet& set, uint64_t tag) { return set.Add(core_->requests(), tag); }
  absl::Status RemoveFrom(WaitSet& set) { return set.Remove(core_->requests()); }

  // Counts since the server was created.
  const ServerStats& stats() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return core_->stats(); }
  // Clients whose reply channels are open here.
  size_t clients() const { return core_->clients(); }
  // The channel of requests.
  const Channel& channel() const ABSL_ATTRIBUTE_LIFETIME_BOUND { return core_->channel(); }

  // End of public interfaces.

 protected:
  using Base = ServiceServer;

  // Parses the request and calls the method of the handler.
  template <typename View, typename Reply>
  static void Handle(Handler& handler, std::unique_ptr<ServerCall> call,
                     absl::Status (Handler::*method)(const View&, Reply&)) {
    const View* const request = View::Parse(call->message(), call->arena());
    if (request == nullptr) return call->FinishUnparsed();
    ServerCall* const open = call.get();
    const bool streams = open->method().streams;
    Reply reply(std::move(call));
    const absl::Status status = (handler.*method)(*request, reply);
    if (!status.ok() || streams) reply.Finish(status);
  }

 public:
  ServiceServer(std::shared_ptr<ServerCore> core, Handler* handler)
      : core_(std::move(core)), handler_(handler) {
    internal::Require(handler != nullptr, "ServiceServer::Create: the handler is null");
  }

 private:
  std::shared_ptr<ServerCore> core_;
  Handler* handler_;
};

}  // namespace ipmpsc::rpc

#endif  // IPMPSC_RPC_SERVER_H_
