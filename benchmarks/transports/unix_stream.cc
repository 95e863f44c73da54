#include "benchmarks/transports/unix_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "benchmarks/transports/framing.h"
#include "benchmarks/transports/unix_socket.h"

namespace ipmpsc::benchmarks {
namespace {

class StreamSender : public SenderEnd {
 public:
  StreamSender(OwnedFd socket, bool spin) : socket_(std::move(socket)), spin_(spin) {}

  absl::Status Send(absl::string_view message) override {
    return WriteFramed(socket_.get(), {&message, 1}, spin_);
  }
  absl::Status SendBatch(absl::Span<const absl::string_view> messages) override {
    return WriteFramed(socket_.get(), messages, spin_);
  }

 private:
  const OwnedFd socket_;
  const bool spin_;
};

// Reads one connection directly, and waits for several with epoll.
class StreamReceiver : public ReceiverEnd {
 public:
  StreamReceiver(OwnedFd listener, OwnedFd epoll, const TransportSpec& spec)
      : listener_(std::move(listener)), epoll_(std::move(epoll)), spec_(spec) {}

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    for (;;) {
      if (spec_.senders == 1 && !connections_.empty()) {
        Connection& only = connections_.begin()->second;
        absl::Status status = only.reader.ReadSome(only.socket.get(), handler);
        if (absl::IsUnavailable(status)) continue;
        if (!status.ok() || only.reader.handled()) return status;
        continue;
      }
      bool handled = false;
      absl::Status status = ReceiveFromAny(handler, &handled);
      if (!status.ok() || handled) return status;
    }
  }

 private:
  struct Connection {
    OwnedFd socket;
    FrameReader reader;
  };

  absl::Status Accept() {
    OwnedFd socket(accept4(listener_.get(), nullptr, nullptr,
                           spec_.waiting == Waiting::kSpin ? SOCK_NONBLOCK : 0));
    if (socket.get() < 0) return absl::ErrnoToStatus(errno, "accept4");
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = socket.get();
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event) != 0)
      return absl::ErrnoToStatus(errno, "epoll_ctl");
    const int fd = socket.get();
    connections_.emplace(fd, Connection{std::move(socket), FrameReader(spec_.max_message)});
    return absl::OkStatus();
  }

  absl::Status ReceiveFromAny(absl::FunctionRef<void(absl::string_view)> handler, bool* handled) {
    epoll_event events[16];
    const int count =
        epoll_wait(epoll_.get(), events, 16, spec_.waiting == Waiting::kSpin ? 0 : -1);
    if (count < 0) {
      return errno == EINTR ? absl::OkStatus() : absl::ErrnoToStatus(errno, "epoll_wait");
    }
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == listener_.get()) {
        if (absl::Status status = Accept(); !status.ok()) return status;
        continue;
      }
      Connection& connection = connections_.at(fd);
      absl::Status status = connection.reader.ReadSome(fd, handler);
      if (absl::IsOutOfRange(status)) {
        connections_.erase(fd);
      } else if (!status.ok() && !absl::IsUnavailable(status)) {
        return status;
      } else {
        *handled = *handled || connection.reader.handled();
      }
    }
    return absl::OkStatus();
  }

  const OwnedFd listener_;
  const OwnedFd epoll_;
  const TransportSpec spec_;
  std::map<int, Connection> connections_;
};

class StreamTransport : public Transport {
 public:
  StreamTransport(OwnedFd listener, TransportSpec spec)
      : listener_(std::move(listener)), spec_(std::move(spec)) {}

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    const bool spin = spec_.waiting == Waiting::kSpin;
    absl::StatusOr<OwnedFd> socket = ConnectUnixSocket(SOCK_STREAM, spec_);
    if (!socket.ok()) return socket.status();
    if (spin) fcntl(socket->get(), F_SETFL, O_NONBLOCK);
    return std::make_unique<StreamSender>(*std::move(socket), spin);
  }

  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    OwnedFd listener(dup(listener_.get()));
    OwnedFd epoll(epoll_create1(0));
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = listener.get();
    if (listener.get() < 0 || epoll.get() < 0 ||
        epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener.get(), &event) != 0)
      return absl::ErrnoToStatus(errno, "epoll");
    return std::make_unique<StreamReceiver>(std::move(listener), std::move(epoll), spec_);
  }

 private:
  const OwnedFd listener_;
  const TransportSpec spec_;
};

absl::StatusOr<std::unique_ptr<Transport>> Create(const TransportSpec& spec) {
  absl::StatusOr<OwnedFd> listener = ListenOnUnixSocket(SOCK_STREAM, spec);
  if (!listener.ok()) return listener.status();
  return std::make_unique<StreamTransport>(*std::move(listener), spec);
}

}  // namespace

TransportKind UnixStream() {
  TransportKind kind;
  kind.name = "unix stream socket";
  kind.describe =
      "AF_UNIX SOCK_STREAM, a connection for each sender; length and bytes by one writev, a batch "
      "too; as much as is there by one read, epoll for several senders";
  kind.batch = true;
  kind.create = Create;
  return kind;
}

}  // namespace ipmpsc::benchmarks
