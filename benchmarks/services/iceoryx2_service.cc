// iceoryx2's request-response between processes. Requests and replies are filled in place. Both
// ends are polled. To sleep, an end waits for an event that its users add.
#include "benchmarks/services/iceoryx2_service.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/transports/iceoryx2_common.h"
#include "benchmarks/transports/rust_library.h"

namespace ipmpsc::benchmarks {
namespace {

using iceoryx2::kDone;
using iceoryx2::kEnded;

// Bytes of replies in a client's buffer, and the number of them.
constexpr size_t kBufferBytes = size_t{1} << 20;
constexpr size_t kLeastBuffer = 4;
constexpr size_t kMostBuffer = 4096;

// As in benchmarks/peers/rust/src/iceoryx2_service.rs.
struct Settings {
  const char* name;
  size_t max_request;
  size_t max_reply;
  size_t replies;
  bool notify;
};

struct Calls {
  const char* (*version)();
  void* (*attach_client)(const Settings*);
  void (*detach_client)(void*);
  bool (*has_server)(const void*);
  int (*call)(void*, const char*, size_t);
  int (*try_reply)(void*, RustHandler, void*);
  int (*wait_for_reply)(void*);
  void (*end_call)(void*);
  void* (*attach_server)(const Settings*);
  void (*detach_server)(void*);
  int (*try_request)(void*, RustHandler, void*);
  int (*wait_for_request)(void*);
  void* (*loan_reply)(void*, size_t);
  int (*send_reply)(void*);
  void (*end_request)(void*);
};

bool Find(const RustLibrary& library, Calls& calls) {
  return library.Find("peer_iceoryx2_version", &calls.version) &&
         library.Find("peer_iceoryx2_attach_client", &calls.attach_client) &&
         library.Find("peer_iceoryx2_detach_client", &calls.detach_client) &&
         library.Find("peer_iceoryx2_has_server", &calls.has_server) &&
         library.Find("peer_iceoryx2_call", &calls.call) &&
         library.Find("peer_iceoryx2_try_reply", &calls.try_reply) &&
         library.Find("peer_iceoryx2_wait_for_reply", &calls.wait_for_reply) &&
         library.Find("peer_iceoryx2_end_call", &calls.end_call) &&
         library.Find("peer_iceoryx2_attach_server", &calls.attach_server) &&
         library.Find("peer_iceoryx2_detach_server", &calls.detach_server) &&
         library.Find("peer_iceoryx2_try_request", &calls.try_request) &&
         library.Find("peer_iceoryx2_wait_for_request", &calls.wait_for_request) &&
         library.Find("peer_iceoryx2_loan_reply", &calls.loan_reply) &&
         library.Find("peer_iceoryx2_send_reply", &calls.send_reply) &&
         library.Find("peer_iceoryx2_end_request", &calls.end_request);
}

class Iceoryx2ServerEnd : public ServiceServerEnd {
 public:
  Iceoryx2ServerEnd(const Calls& calls, void* server, Waiting waiting)
      : calls_(calls), server_(server), waiting_(waiting) {}
  ~Iceoryx2ServerEnd() override { calls_.detach_server(server_); }

  absl::Status Serve(Answers& answers) override {
    bool is_right = true;
    const auto take = [&](absl::string_view request) {
      is_right = answers.Take(request.data(), request.size());
    };
    absl::FunctionRef<void(absl::string_view)> handler = take;
    while (!answers.is_last()) {
      const int taken = iceoryx2::Await(
          waiting_, [&] { return calls_.try_request(server_, CallFunctionRef, &handler); },
          [&] { return calls_.wait_for_request(server_); });
      if (taken != kDone) return absl::InternalError("the server of iceoryx2 failed");
      if (!is_right) return absl::DataLossError("a request is torn");
      for (uint64_t i = 0; i < answers.replies(); ++i) {
        void* const bytes = calls_.loan_reply(server_, answers.reply_bytes());
        if (bytes == nullptr) return absl::InternalError("loan_slice_uninit of iceoryx2");
        answers.Write(static_cast<char*>(bytes), i);
        if (calls_.send_reply(server_) != kDone) return absl::InternalError("send of iceoryx2");
      }
      calls_.end_request(server_);
    }
    return absl::OkStatus();
  }

 private:
  const Calls calls_;
  void* const server_;
  const Waiting waiting_;
};

class Iceoryx2ClientEnd : public ServiceClientEnd {
 public:
  Iceoryx2ClientEnd(const Calls& calls, void* client, const ServiceSpec& spec)
      : calls_(calls), client_(client), waiting_(spec.waiting), streams_(spec.streams) {}
  ~Iceoryx2ClientEnd() override { calls_.detach_client(client_); }

  absl::Status Call(absl::string_view request,
                    absl::FunctionRef<void(absl::string_view)> handler) override {
    if (calls_.call(client_, request.data(), request.size()) != kDone)
      return absl::InternalError("send of iceoryx2");
    int result;
    do {
      result = iceoryx2::Await(
          waiting_, [&] { return calls_.try_reply(client_, CallFunctionRef, &handler); },
          [&] { return calls_.wait_for_reply(client_); });
    } while (result == kDone && streams_);
    calls_.end_call(client_);
    return result == (streams_ ? kEnded : kDone)
               ? absl::OkStatus()
               : absl::InternalError("iceoryx2 has not delivered the reply");
  }

 private:
  const Calls calls_;
  void* const client_;
  const Waiting waiting_;
  const bool streams_;
};

class Iceoryx2ServiceOf : public Service {
 public:
  Iceoryx2ServiceOf(const Calls& calls, const ServiceSpec& spec)
      : calls_(calls),
        spec_(spec),
        settings_{spec_.name.c_str(), spec.request_bytes, spec.reply_bytes,
                  std::clamp(kBufferBytes / spec.reply_bytes, kLeastBuffer, kMostBuffer),
                  spec.waiting == Waiting::kSleep} {}
  ~Iceoryx2ServiceOf() override { iceoryx2::RemoveFiles(spec_.name); }

  absl::StatusOr<std::unique_ptr<ServiceServerEnd>> AttachServer() override {
    void* const server = calls_.attach_server(&settings_);
    if (server == nullptr) return absl::InternalError("no server of iceoryx2");
    return std::make_unique<Iceoryx2ServerEnd>(calls_, server, spec_.waiting);
  }
  absl::StatusOr<std::unique_ptr<ServiceClientEnd>> AttachClient() override {
    void* const client = calls_.attach_client(&settings_);
    if (client == nullptr) return absl::InternalError("no client of iceoryx2");
    auto end = std::make_unique<Iceoryx2ClientEnd>(calls_, client, spec_);
    if (!iceoryx2::AwaitOtherEnd([&] { return calls_.has_server(client); }))
      return absl::DeadlineExceededError("no server of iceoryx2 comes");
    return end;
  }

 private:
  const Calls calls_;
  const ServiceSpec spec_;
  const Settings settings_;
};

absl::StatusOr<std::unique_ptr<Service>> Create(const Calls& calls, const ServiceSpec& spec) {
  // Nothing wakes a client when a stream ends.
  if (spec.streams && spec.waiting == Waiting::kSleep)
    return absl::UnimplementedError("its streams are polled here");
  return std::make_unique<Iceoryx2ServiceOf>(calls, spec);
}

}  // namespace

ServiceKind Iceoryx2Service(const std::string& library) {
  ServiceKind kind;
  kind.name = "iceoryx2";
  kind.describe = "iceoryx2";
  const std::optional<Calls> calls = LoadRustCalls(library, Find, kind);
  if (!calls.has_value()) return kind;
  kind.describe = absl::StrCat(
      "iceoryx2 ", calls->version(),
      ", request-response of slices without overflow: loan_slice_uninit, send, which waits while "
      "the buffer of replies is full (RetryUntilDelivered); receive, polled; where it sleeps, "
      "notify after each request and reply, and blocking_wait");
  kind.create = [calls = *calls](const ServiceSpec& spec) { return Create(calls, spec); };
  return kind;
}

}  // namespace ipmpsc::benchmarks
