#include "benchmarks/transports/unix_seqpacket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/transports/unix_socket.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr size_t kMostAtOnce = 64;

class PacketSender : public SenderEnd {
 public:
  PacketSender(OwnedFd socket, bool spin)
      : socket_(std::move(socket)), flags_(MSG_NOSIGNAL | (spin ? MSG_DONTWAIT : 0)) {}

  absl::Status Send(absl::string_view message) override {
    while (send(socket_.get(), message.data(), message.size(), flags_) < 0) {
      if (errno != EINTR && errno != EAGAIN) return absl::ErrnoToStatus(errno, "send");
    }
    return absl::OkStatus();
  }

  absl::Status SendBatch(absl::Span<const absl::string_view> messages) override {
    iovec parts[kMostAtOnce];
    mmsghdr headers[kMostAtOnce] = {};
    while (!messages.empty()) {
      const size_t count = std::min(messages.size(), kMostAtOnce);
      for (size_t i = 0; i < count; ++i) {
        parts[i] = {const_cast<char*>(messages[i].data()), messages[i].size()};
        headers[i].msg_hdr.msg_iov = &parts[i];
        headers[i].msg_hdr.msg_iovlen = 1;
      }
      const int sent = sendmmsg(socket_.get(), headers, static_cast<unsigned>(count), flags_);
      if (sent < 0 && errno != EINTR && errno != EAGAIN)
        return absl::ErrnoToStatus(errno, "sendmmsg");
      if (sent > 0) messages.remove_prefix(static_cast<size_t>(sent));
    }
    return absl::OkStatus();
  }

 private:
  const OwnedFd socket_;
  const int flags_;
};

class PacketReceiver : public ReceiverEnd {
 public:
  PacketReceiver(OwnedFd listener, const TransportSpec& spec)
      : listener_(std::move(listener)),
        spec_(spec),
        at_once_(std::clamp<size_t>(65536 / spec.max_message, 1, kMostAtOnce)),
        buffer_(at_once_ * spec.max_message) {
    for (size_t i = 0; i < at_once_; ++i) {
      parts_[i] = {buffer_.data() + i * spec.max_message, spec.max_message};
      headers_[i].msg_hdr.msg_iov = &parts_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
    polled_.push_back({listener_.get(), POLLIN, 0});
  }

  absl::Status Receive(absl::FunctionRef<void(absl::string_view)> handler) override {
    const bool spin = spec_.waiting == Waiting::kSpin;
    for (;;) {
      bool handled = false;
      if (spec_.senders == 1 && polled_.size() == 2) {
        absl::Status status = ReceiveFrom(polled_[1], spin ? MSG_DONTWAIT : 0, handler, &handled);
        if (!status.ok() || handled) return status;
        continue;
      }
      if (poll(polled_.data(), polled_.size(), spin ? 0 : -1) < 0 && errno != EINTR)
        return absl::ErrnoToStatus(errno, "poll");
      for (size_t i = 1; i < polled_.size(); ++i) {
        if (polled_[i].revents == 0) continue;
        absl::Status status = ReceiveFrom(polled_[i], MSG_DONTWAIT, handler, &handled);
        if (!status.ok()) return status;
      }
      if (polled_[0].revents != 0) {
        sockets_.emplace_back(accept(listener_.get(), nullptr, nullptr));
        polled_.push_back({sockets_.back().get(), POLLIN, 0});
      }
      if (handled) return absl::OkStatus();
    }
  }

 private:
  absl::Status ReceiveFrom(pollfd& polled, int flags,
                           absl::FunctionRef<void(absl::string_view)> handler, bool* handled) {
    const int got = recvmmsg(polled.fd, headers_, static_cast<unsigned>(at_once_),
                             flags | MSG_WAITFORONE, nullptr);
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) return absl::OkStatus();
      return absl::ErrnoToStatus(errno, "recvmmsg");
    }
    for (int i = 0; i < got; ++i) {
      if (headers_[i].msg_len == 0) {
        polled.fd = -1;  // end of the stream; poll skips it
        return absl::OkStatus();
      }
      handler({static_cast<const char*>(parts_[i].iov_base), headers_[i].msg_len});
      *handled = true;
    }
    return absl::OkStatus();
  }

  const OwnedFd listener_;
  const TransportSpec spec_;
  const size_t at_once_;
  std::vector<char> buffer_;
  iovec parts_[kMostAtOnce];
  mmsghdr headers_[kMostAtOnce] = {};
  std::vector<OwnedFd> sockets_;
  std::vector<pollfd> polled_;
};

class PacketTransport : public Transport {
 public:
  PacketTransport(OwnedFd listener, TransportSpec spec)
      : listener_(std::move(listener)), spec_(std::move(spec)) {}

  absl::StatusOr<std::unique_ptr<SenderEnd>> AttachSender() override {
    absl::StatusOr<OwnedFd> socket = ConnectUnixSocket(SOCK_SEQPACKET, spec_);
    if (!socket.ok()) return socket.status();
    return std::make_unique<PacketSender>(*std::move(socket), spec_.waiting == Waiting::kSpin);
  }

  absl::StatusOr<std::unique_ptr<ReceiverEnd>> AttachReceiver() override {
    return std::make_unique<PacketReceiver>(OwnedFd(dup(listener_.get())), spec_);
  }

 private:
  const OwnedFd listener_;
  const TransportSpec spec_;
};

// Whether the kernel accepts a message of that length.
bool TakesMessageOf(size_t size, size_t queue_bytes) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) != 0) return false;
  const OwnedFd one(fds[0]);
  const OwnedFd other(fds[1]);
  SetSendBuffer(one.get(), queue_bytes);
  const std::vector<char> message(size);
  return send(one.get(), message.data(), size, MSG_DONTWAIT) == static_cast<ssize_t>(size);
}

absl::StatusOr<std::unique_ptr<Transport>> Create(const TransportSpec& spec) {
  if (!TakesMessageOf(spec.max_message, spec.queue_bytes)) {
    return absl::UnimplementedError(
        absl::StrCat("the kernel takes no message of ", spec.max_message, " bytes"));
  }
  absl::StatusOr<OwnedFd> listener = ListenOnUnixSocket(SOCK_SEQPACKET, spec);
  if (!listener.ok()) return listener.status();
  return std::make_unique<PacketTransport>(*std::move(listener), spec);
}

}  // namespace

TransportKind UnixSeqpacket() {
  TransportKind kind;
  kind.name = "unix seqpacket socket";
  kind.describe =
      "AF_UNIX SOCK_SEQPACKET, a connection for each sender; send, sendmmsg for a batch; recvmmsg, "
      "poll for several senders";
  kind.batch = true;
  kind.create = Create;
  return kind;
}

}  // namespace ipmpsc::benchmarks
