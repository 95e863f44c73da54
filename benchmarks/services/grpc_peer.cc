// gRPC over a Unix socket, with its generated code and its asynchronous API. Its guide to
// performance advises against the synchronous API for servers, and prefers completion queues to
// callbacks for high rates. One thread has one completion queue, as its notes on performance
// recommend.
#include "benchmarks/services/grpc_peer.h"

#ifdef IPMPSC_HAS_GRPC
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>

// Compiled here, since the headers of gRPC take most of the time.
#include "benchmarks/services/grpc_service.grpc.pb.cc"
#endif

namespace ipmpsc::benchmarks {

#ifdef IPMPSC_HAS_GRPC
namespace {

constexpr auto kPatience = std::chrono::seconds(10);

// Returns whether the next operation of the queue was successful.
template <typename Queue>
bool Next(Queue& queue, bool spin, void** tag) {
  bool ok = false;
  if (!spin) return queue.Next(tag, &ok) && ok;
  for (;;) {
    switch (queue.AsyncNext(tag, &ok, gpr_time_0(GPR_CLOCK_REALTIME))) {
      case grpc::CompletionQueue::GOT_EVENT:
        return ok;
      case grpc::CompletionQueue::SHUTDOWN:
        return false;
      case grpc::CompletionQueue::TIMEOUT:
        break;
    }
  }
}

// A call that the server waits for or handles.
struct IncomingCall {
  grpc::ServerContext context;
  CallRequest request;
  grpc::ServerAsyncResponseWriter<CallReply> reply{&context};
  grpc::ServerAsyncWriter<CallReply> replies{&context};
};

class GrpcServer {
 public:
  explicit GrpcServer(const GrpcSpec& spec) : spec_(spec) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(spec.address, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    if (server_ != nullptr) Request();
  }
  ~GrpcServer() {
    // Lets the last reply leave first.
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now() + kPatience);
    queue_->Shutdown();
    void* tag;
    bool ok;
    while (queue_->Next(&tag, &ok)) {
    }
  }
  bool is_running() const { return server_ != nullptr; }

  bool Serve(Answers& answers, std::string* error) {
    CallReply reply;
    std::string& bytes = *reply.mutable_payload();
    bytes.resize(answers.reply_bytes());
    while (!answers.is_last()) {
      if (!WaitFor(waiting_.get())) return Fail("a request", error);
      const std::unique_ptr<IncomingCall> call = std::move(waiting_);
      Request();  // before this one is handled, so that the next one need not wait
      if (!answers.Take(call->request.payload().data(), call->request.payload().size()))
        return Fail("the content of a request", error);
      if (!spec_.streams) {
        answers.Write(&bytes[0], 0);
        call->reply.Finish(reply, grpc::Status::OK, call.get());
      } else {
        for (uint64_t i = 0; i < answers.replies(); ++i) {
          answers.Write(&bytes[0], i);
          grpc::WriteOptions options;
          // The first write has the metadata with it, which does not leave with the hint.
          if (i > 0) options.set_buffer_hint();
          call->replies.Write(reply, options, call.get());
          if (!WaitFor(call.get())) return Fail("Write", error);
        }
        call->replies.Finish(grpc::Status::OK, call.get());
      }
      if (!WaitFor(call.get())) return Fail("Finish", error);
    }
    return true;
  }

 private:
  static bool Fail(const char* what, std::string* error) {
    *error = std::string("the server of gRPC: ") + what + " failed";
    return false;
  }

  // Waits for the next call.
  void Request() {
    waiting_ = std::make_unique<IncomingCall>();
    IncomingCall& call = *waiting_;
    if (spec_.streams) {
      service_.RequestWatch(&call.context, &call.request, &call.replies, queue_.get(), queue_.get(),
                            &call);
    } else {
      service_.RequestGet(&call.context, &call.request, &call.reply, queue_.get(), queue_.get(),
                          &call);
    }
  }
  // The client has one call at a time, so nothing else ends meanwhile than this, or the wait for
  // the next call, which may come before the operation that sent the reply has ended.
  bool WaitFor(IncomingCall* call) {
    if (call == waiting_.get() && has_next_) {
      has_next_ = false;
      return true;
    }
    for (;;) {
      void* tag = nullptr;
      if (!Next(*queue_, spec_.spin, &tag)) return false;
      if (tag == call) return true;
      has_next_ = true;
    }
  }

  const GrpcSpec spec_;
  GrpcAnswering::AsyncService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<IncomingCall> waiting_;
  bool has_next_ = false;  // the call that waits has come
};

class GrpcClient {
 public:
  explicit GrpcClient(const GrpcSpec& spec) : spec_(spec) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    channel_ =
        grpc::CreateCustomChannel(spec.address, grpc::InsecureChannelCredentials(), arguments);
    stub_ = GrpcAnswering::NewStub(channel_);
  }
  ~GrpcClient() {
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  bool Call(const char* request, size_t size, GrpcHandler handler, void* data, std::string* error) {
    grpc::ClientContext context;
    // The first call connects: a server accepts connections while it polls its queue.
    context.set_wait_for_ready(true);
    grpc::Status status;
    request_.set_payload(request, size);
    void* tag;
    if (!spec_.streams) {
      const auto call = stub_->AsyncGet(&context, request_, &queue_);
      call->Finish(&reply_, &status, this);
      if (!Next(queue_, spec_.spin, &tag)) return Fail("Finish failed", error);
      if (!status.ok()) return Fail(status.error_message(), error);
      handler(reply_.payload().data(), reply_.payload().size(), data);
      return true;
    }
    const auto call = stub_->AsyncWatch(&context, request_, &queue_, this);
    if (!Next(queue_, spec_.spin, &tag)) return Fail("the call failed", error);
    for (call->Read(&reply_, this); Next(queue_, spec_.spin, &tag); call->Read(&reply_, this))
      handler(reply_.payload().data(), reply_.payload().size(), data);
    call->Finish(&status, this);
    if (!Next(queue_, spec_.spin, &tag)) return Fail("Finish failed", error);
    return status.ok() || Fail(status.error_message(), error);
  }

 private:
  static bool Fail(const std::string& what, std::string* error) {
    *error = "the client of gRPC: " + what;
    return false;
  }

  const GrpcSpec spec_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<GrpcAnswering::Stub> stub_;
  grpc::CompletionQueue queue_;
  // Reused, so that they keep their memory.
  CallRequest request_;
  CallReply reply_;
};

void* Listen(const GrpcSpec& spec, std::string* error) {
  auto server = std::make_unique<GrpcServer>(spec);
  if (server->is_running()) return server.release();
  *error = std::string("gRPC cannot listen at ") + spec.address;
  return nullptr;
}

void* CreateClient(const GrpcSpec& spec) { return new GrpcClient(spec); }

constexpr GrpcFunctions kFunctions = {
    [] { return grpc::Version(); },
    Listen,
    [](void* server, Answers& answers, std::string* error) {
      return static_cast<GrpcServer*>(server)->Serve(answers, error);
    },
    [](void* server) { delete static_cast<GrpcServer*>(server); },
    CreateClient,
    [](void* client, const char* request, size_t size, GrpcHandler handler, void* data,
       std::string* error) {
      return static_cast<GrpcClient*>(client)->Call(request, size, handler, data, error);
    },
    [](void* client) { delete static_cast<GrpcClient*>(client); },
};

}  // namespace
#endif

}  // namespace ipmpsc::benchmarks

extern "C" const ipmpsc::benchmarks::GrpcFunctions* ipmpsc_grpc_functions() {
#ifdef IPMPSC_HAS_GRPC
  return &ipmpsc::benchmarks::kFunctions;
#else
  return nullptr;
#endif
}
