#include "examples/bridge/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::examples {
namespace {

constexpr char kMask[] = "255.255.255.0";
constexpr int kAnswerTimeout = 5000;  // milliseconds

// Closes a descriptor at the end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status LastError(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

sockaddr_in ToAddress(const std::string& text, int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, text.c_str(), &address.sin_addr);
  return address;
}

// A request of rtnetlink(7), which consists of structs and of attributes that may have attributes.
class Request {
 public:
  template <typename T>
  void Append(const T& value) {
    AppendBytes(&value, sizeof(value));
  }
  void AppendText(uint16_t type, const std::string& text) {
    const size_t start = Open(type);
    AppendBytes(text.c_str(), text.size() + 1);
    Close(start);
  }
  template <typename T>
  void AppendValue(uint16_t type, const T& value) {
    const size_t start = Open(type);
    Append(value);
    Close(start);
  }
  // Begins an attribute. Returns where, for `Close`.
  size_t Open(uint16_t type) {
    const size_t start = bytes_.size();
    const rtattr attribute = {0, type};
    Append(attribute);
    return start;
  }
  void Close(size_t start) {
    const auto size = static_cast<unsigned short>(bytes_.size() - start);
    std::memcpy(&bytes_[start + offsetof(rtattr, rta_len)], &size, sizeof(size));
  }
  // Returns the bytes, with their number in the header that begins them.
  const std::vector<char>& Finish() {
    const auto size = static_cast<uint32_t>(bytes_.size());
    std::memcpy(&bytes_[offsetof(nlmsghdr, nlmsg_len)], &size, sizeof(size));
    return bytes_;
  }

 private:
  void AppendBytes(const void* data, size_t size) {
    const char* const begin = static_cast<const char*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
    // Everything begins at a multiple of four bytes, and the kernel takes lengths with the filling.
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }

  std::vector<char> bytes_;
};

// Sends a request and waits for the kernel's answer, which is the number of an error or 0.
absl::Status Ask(const std::vector<char>& request, absl::string_view what) {
  const Descriptor link(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (link.get() < 0) return LastError("a socket of rtnetlink");
  const timeval timeout = {kAnswerTimeout / 1000, 0};
  setsockopt(link.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  if (send(link.get(), request.data(), request.size(), 0) < 0) return LastError(what);
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char rest[4096];
  } answer;
  const ssize_t size = recv(link.get(), &answer, sizeof(answer), 0);
  if (size < 0) return LastError(what);
  if (static_cast<size_t>(size) < sizeof(answer.header) + sizeof(answer.error) ||
      answer.header.nlmsg_type != NLMSG_ERROR) {
    return absl::InternalError(absl::StrCat(what, ": the kernel's answer is none"));
  }
  if (answer.error.error != 0) return absl::ErrnoToStatus(-answer.error.error, what);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Network> Network::Current() {
  const int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return LastError("/proc/thread-self/ns/net");
  return Network(fd);
}

Network::Network(Network&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Network& Network::operator=(Network&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Network::~Network() {
  if (fd_ >= 0) close(fd_);
}

absl::Status Network::Enter() const {
  return setns(fd_, CLONE_NEWNET) == 0 ? absl::OkStatus() : LastError("setns");
}

absl::Status CreatePair(const std::string& name, const std::string& peer,
                        const Network& peer_network) {
  Request request;
  nlmsghdr header = {};
  header.nlmsg_type = RTM_NEWLINK;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  request.Append(header);
  request.Append(ifinfomsg{});
  request.AppendText(IFLA_IFNAME, name);
  const size_t info = request.Open(IFLA_LINKINFO);
  request.AppendText(IFLA_INFO_KIND, "veth");
  const size_t data = request.Open(IFLA_INFO_DATA);
  const size_t other = request.Open(VETH_INFO_PEER);
  request.Append(ifinfomsg{});
  request.AppendText(IFLA_IFNAME, peer);
  request.AppendValue(IFLA_NET_NS_FD, static_cast<uint32_t>(peer_network.fd()));
  request.Close(other);
  request.Close(data);
  request.Close(info);
  return Ask(request.Finish(), "creating a veth pair");
}

absl::Status SetUp(const std::string& interface, const std::string& address) {
  const Descriptor any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (any.get() < 0) return LastError("a socket");
  ifreq request = {};
  interface.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
  const auto set = [&](unsigned long which, const std::string& text) {
    const sockaddr_in value = ToAddress(text, 0);
    std::memcpy(&request.ifr_addr, &value, sizeof(value));
    return ioctl(any.get(), which, &request) == 0;
  };
  if (!address.empty() && !(set(SIOCSIFADDR, address) && set(SIOCSIFNETMASK, kMask))) {
    return LastError(absl::StrCat("the address of ", interface));
  }
  request.ifr_flags = IFF_UP;
  if (ioctl(any.get(), SIOCSIFFLAGS, &request) != 0) {
    return LastError(absl::StrCat("setting ", interface, " up"));
  }
  return absl::OkStatus();
}

bool Accepts(const std::string& server) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(server, ':');
  int port = 0;
  if (!absl::SimpleAtoi(parts.second, &port)) return false;
  const Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_in address = ToAddress(parts.first, port);
  if (connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return true;
  }
  if (errno != EINPROGRESS) return false;
  pollfd waits = {client.get(), POLLOUT, 0};
  if (poll(&waits, 1, kAnswerTimeout) != 1) return false;
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace ipmpsc::examples
