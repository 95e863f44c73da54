#include "benchmarks/transports/zeromq.h"

#ifdef IPMPSC_HAS_ZEROMQ
#include <errno.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#endif

namespace ipmpsc::benchmarks {

#ifdef IPMPSC_HAS_ZEROMQ
namespace {

absl::Status Error(const char* call) {
  return absl::InternalError(absl::StrCat(call, ": ", zmq_strerror(errno)));
}

// A context starts threads, so each process has its own.
class Socket {
 public:
  Socket(int type, const TransportSpec& spec)
      : context_(zmq_ctx_new()), socket_(zmq_socket(context_, type)) {
    const int mark = static_cast<int>(std::max<size_t>(spec.queue_bytes / spec.max_message, 8));
    zmq_setsockopt(socket_, ZMQ_SNDHWM, &mark, sizeof(mark));
    // No high-water mark: a receiver that stopped reading a connection would lose its contents when
    // the sender leaves.
    const int no_mark = 0;
    zmq_setsockopt(socket_, ZMQ_RCVHWM, &no_mark, sizeof(no_mark));
    // A sender's last messages are sent before its process ends.
    const int forever = -1;
    zmq_setsockopt(socket_, ZMQ_LINGER, &forever, sizeof(forever));
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  void* get() const { return socket_; }

 private:
  void* const context_;
  void* const socket_;
};

class ZeroMqSender : public SenderEnd {
 public:
  ZeroMqSender(std::unique_ptr<Socket> socket, bool spin)
      : socket_(std::move(socket)), flags_(spin ? ZMQ_DONTWAIT : 0) {}

  absl::Status Send(absl::string_view message) override {
    while (zmq_send(socket_->get(), message.data(), message.size(), flags_) < 0) {
      if (errno != EAGAIN && errno != EINTR) return Error("zmq_send");
    }
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<Socket> socket_;
  const int flags_;
};

class ZeroMqReceiver : public ReceiverEnd {
 public:
  ZeroMqReceiver(std::unique_ptr<Socket> socket, bool spin)
      : socket_(std::move(socket)), flags_(spin ? ZMQ_DONTWAIT : 0) {
    zmq_msg_init(&message_);
  }
  ~ZeroMqReceiver() override { zmq_msg_close(&message_); }

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    while (zmq_msg_recv(&message_, socket_->get(), flags_) < 0) {
      if (errno != EAGAIN && errno != EINTR) return Error("zmq_msg_recv");
    }
    handler({static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)});
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<Socket> socket_;
  const int flags_;
  zmq_msg_t message_;
};

class ZeroMqTransport : public Transport {
 public:
  explicit ZeroMqTransport(TransportSpec spec)
      : spec_(std::move(spec)), path_(absl::StrCat("/tmp/", spec_.name)) {}
  ~ZeroMqTransport() override { unlink(path_.c_str()); }

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    auto socket = std::make_unique<Socket>(ZMQ_PUSH, spec_);
    if (zmq_connect(socket->get(), Address().c_str()) != 0) return Error("zmq_connect");
    return std::make_unique<ZeroMqSender>(std::move(socket), spec_.waiting == Waiting::kSpin);
  }
  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    auto socket = std::make_unique<Socket>(ZMQ_PULL, spec_);
    if (zmq_bind(socket->get(), Address().c_str()) != 0) return Error("zmq_bind");
    return std::make_unique<ZeroMqReceiver>(std::move(socket), spec_.waiting == Waiting::kSpin);
  }

 private:
  std::string Address() const { return absl::StrCat("ipc://", path_); }

  const TransportSpec spec_;
  const std::string path_;
};

absl::StatusOr<std::unique_ptr<Transport>> Create(const TransportSpec& spec) {
  return std::make_unique<ZeroMqTransport>(spec);
}

}  // namespace
#endif

TransportKind ZeroMq() {
  TransportKind kind;
  kind.name = "zeromq";
#ifdef IPMPSC_HAS_ZEROMQ
  int major = 0;
  int minor = 0;
  int patch = 0;
  zmq_version(&major, &minor, &patch);
  kind.describe =
      absl::StrCat("ZeroMQ ", major, ".", minor, ".", patch,
                   ", PUSH and PULL over ipc://: zmq_send, zmq_msg_recv, which batch by "
                   "themselves");
  kind.create = Create;
#else
  kind.unavailable = "Debian's libzmq3-dev is not installed: IPMPSC_PACKAGES=peers ./bazelw";
#endif
  return kind;
}

}  // namespace ipmpsc::benchmarks
