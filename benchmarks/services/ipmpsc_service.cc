#include "benchmarks/services/ipmpsc_service.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "benchmarks/services/ipmpsc_service.ipmpsc.h"
#include "ipmpsc/deadline.h"
#include "ipmpsc/version.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr size_t kFieldHeader = 16;  // at least what the tag and the length of a payload take
constexpr uint64_t kLeastCapacity = uint64_t{1} << 20;

class Handler : public AnsweringHandler {
 public:
  absl::Status Get(const CallRequestView& request, GetReplyTo& reply) override {
    if (absl::Status taken = Take(request); !taken.ok()) return taken;
    return Write(reply, 0);
  }
  absl::Status Watch(const CallRequestView& request, WatchReplyTo& replies) override {
    if (absl::Status taken = Take(request); !taken.ok()) return taken;
    for (uint64_t i = 0; i < answers->replies(); ++i) {
      if (absl::Status sent = Write(replies, i); !sent.ok()) return sent;
    }
    return absl::OkStatus();
  }

  Answers* answers = nullptr;

 private:
  absl::Status Take(const CallRequestView& request) {
    return answers->Take(request.payload().data(), request.payload().size())
               ? absl::OkStatus()
               : absl::DataLossError("the request is torn");
  }
  template <typename ReplyTo>
  absl::Status Write(ReplyTo& reply, uint64_t index) {
    const size_t size = answers->reply_bytes();
    return reply.Write(size + kFieldHeader, [&](CallReplyWriter& writer) {
      const absl::Span<char> bytes = writer.mutable_payload(size);
      if (bytes.size() == size) answers->Write(bytes.data(), index);
    });
  }
};

class IpmpscServerEnd : public ServiceServerEnd {
 public:
  IpmpscServerEnd(std::unique_ptr<Handler> handler, AnsweringServer server, bool spin)
      : handler_(std::move(handler)), server_(std::move(server)), spin_(spin) {}

  absl::Status Serve(Answers& answers) override {
    handler_->answers = &answers;
    const Deadline deadline = spin_ ? Deadline(absl::ZeroDuration()) : Deadline::Never();
    while (!answers.is_last()) {
      const absl::Status status = server_.ServeOnce(deadline);
      if (!status.ok() && !(spin_ && absl::IsDeadlineExceeded(status))) return status;
    }
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<Handler> handler_;
  AnsweringServer server_;
  const bool spin_;
};

class IpmpscClientEnd : public ServiceClientEnd {
 public:
  IpmpscClientEnd(AnsweringClient client, bool streams)
      : client_(std::move(client)), streams_(streams) {}

  absl::Status Call(absl::string_view request,
                    absl::FunctionRef<void(absl::string_view)> handler) override {
    const size_t bound = request.size() + kFieldHeader;
    const auto fill = [request](CallRequestWriter& writer) { writer.set_payload(request); };
    if (!streams_) {
      const absl::StatusOr<CallReplyLease> reply = client_.Get(bound, fill, Deadline::Never());
      if (!reply.ok()) return reply.status();
      handler((*reply)->payload());
      return absl::OkStatus();
    }
    auto replies = client_.Watch(bound, fill, Deadline::Never());
    if (!replies.ok()) return replies.status();
    for (;;) {
      const absl::StatusOr<CallReplyLease> reply = replies->Next();
      if (replies->ended_well()) return absl::OkStatus();
      if (!reply.ok()) return reply.status();
      handler((*reply)->payload());
    }
  }

 private:
  AnsweringClient client_;
  const bool streams_;
};

class IpmpscServiceOf : public Service {
 public:
  explicit IpmpscServiceOf(const ServiceSpec& spec)
      : spec_(spec), path_(absl::StrCat("/dev/shm/", spec.name)) {}
  ~IpmpscServiceOf() override { unlink(path_.c_str()); }

  absl::StatusOr<std::unique_ptr<ServiceServerEnd>> AttachServer() override {
    auto handler = std::make_unique<Handler>();
    absl::StatusOr<AnsweringServer> server = AnsweringServer::Create(path_, handler.get());
    if (!server.ok()) return server.status();
    return std::make_unique<IpmpscServerEnd>(std::move(handler), *std::move(server),
                                             spec_.waiting == Waiting::kSpin);
  }
  absl::StatusOr<std::unique_ptr<ServiceClientEnd>> AttachClient() override {
    rpc::ClientOptions options;
    options.reply_capacity = std::max<uint64_t>(kLeastCapacity, 4 * spec_.reply_bytes);
    absl::StatusOr<AnsweringClient> client = AnsweringClient::Connect(path_, kPatience, options);
    if (!client.ok()) return client.status();
    return std::make_unique<IpmpscClientEnd>(*std::move(client), spec_.streams);
  }

 private:
  const ServiceSpec spec_;
  const std::string path_;
};

absl::StatusOr<std::unique_ptr<Service>> Create(const ServiceSpec& spec) {
  return std::make_unique<IpmpscServiceOf>(spec);
}

}  // namespace

ServiceKind IpmpscService() {
  ServiceKind kind;
  kind.name = "ipmpsc";
  kind.describe =
      absl::StrCat("this library, ", kVersion,
                   ", the generated client and server: requests and replies written in place; the "
                   "server calls ServeOnce, without a timeout where it spins; a client that waits "
                   "spins shortly, then sleeps");
  kind.create = Create;
  return kind;
}

}  // namespace ipmpsc::benchmarks
