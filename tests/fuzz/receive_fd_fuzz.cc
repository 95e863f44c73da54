// Calls ReceiveFd with a hostile peer at the other end of the socket: kinds of sockets, messages,
// control messages, and descriptors of all kinds of files.
//
// An input: the kind of the socket and the options of the receiving side (1 byte), then up to four
// messages, each
//   1 byte   what is sent beside the bytes: 0 nothing, 1 descriptors, 2 descriptors in two control
//            messages, 3 credentials and a descriptor, 4 a control message that the kernel refuses;
//            upper bits: the number of bytes
//   1 byte   the number of descriptors, then for each its kind (1 byte; `MakeFd`)
//   4 bytes of the message
// and the peer's last act: it stays, closes, or shuts down (1 byte).
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/fd_passing.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/waiting.h"

namespace ipmpsc::fuzz {
namespace {

using internal::Require;
using internal::UniqueFd;

constexpr int kMostMessages = 4;
constexpr size_t kMostDescriptors = 6;
// Above all descriptors that are open when an input begins.
constexpr int kFdsLookedAt = 64;

// The only call of `ReceiveFd` in this target.
absl::StatusOr<Channel> Receive(int socket) { return ReceiveFd(socket, absl::Microseconds(50)); }

const Channel& RealChannel() {
  static const Channel* const channel = [] {
    ChannelOptions options;
    options.capacity = 4096;
    options.max_senders = 4;
    absl::StatusOr<Channel> created = Channel::CreateAnonymous(options);
    Require(created.ok(), "an anonymous channel can be created");
    return new Channel(*std::move(created));
  }();
  return *channel;
}

// A file in memory that looks like a channel. The input changes 8-byte words of the header and the
// size. A byte selects the seals.
UniqueFd MakeFile(Input* input) {
  UniqueFd fd(memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  Require(fd.valid(), "a file in memory can be created");
  absl::StatusOr<internal::SegmentHeader> header = internal::LayOut(4096, 4, 0, 0);
  Require(header.ok(), "a header can be laid out");
  std::memcpy(header->magic, internal::kMagic, sizeof(header->magic));
  uint64_t words[sizeof(internal::SegmentHeader) / 8];
  std::memcpy(words, &*header, sizeof(words));
  const uint8_t how = input->Take<uint8_t>();
  for (int i = 0; i < how % 4; ++i) {
    const uint32_t word = input->Pick(sizeof(words) / 8);
    words[word] = how >= 0x80 ? input->Take<uint64_t>() : words[word] ^ (1ull << input->Pick(64));
  }
  uint64_t size = header->file_size;
  if (how / 4 % 4 == 1) size = input->Take<uint16_t>();
  if (how / 4 % 4 == 2) size += input->Take<uint16_t>();
  Require(ftruncate(fd.get(), static_cast<off_t>(size)) == 0, "it can be made as long");
  Require(pwrite(fd.get(), words, sizeof(words), 0) == sizeof(words), "it can be written");
  const uint8_t seals = input->Take<uint8_t>();
  (void)fcntl(fd.get(), F_ADD_SEALS,
              seals % 32 &
                  (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE));
  return fd;
}

UniqueFd MakeFd(Input* input) {
  switch (input->Pick(12)) {
    case 0:
    case 1:
      return UniqueFd(fcntl(RealChannel().fd(), F_DUPFD_CLOEXEC, 3));
    case 2:
    case 3:
    case 4:
      return MakeFile(input);
    case 5:
      return UniqueFd(open("/dev/null", O_RDWR | O_CLOEXEC));
    case 6:
      return UniqueFd(open("/dev/zero", O_RDWR | O_CLOEXEC));
    case 7:
      return UniqueFd(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    case 8:
      return UniqueFd(open("/dev/shm", O_PATH | O_CLOEXEC));
    case 9:
      return UniqueFd(epoll_create1(EPOLL_CLOEXEC));
    case 10:
      return UniqueFd(eventfd(0, EFD_CLOEXEC));
    default:
      return UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
}

// Appends a control message to `control`.
void Append(std::string* control, int level, int type, const void* data, size_t size,
            size_t told_size) {
  std::string message(CMSG_SPACE(size), '\0');
  cmsghdr header = {};
  header.cmsg_level = level;
  header.cmsg_type = type;
  header.cmsg_len = CMSG_LEN(told_size);
  std::memcpy(message.data(), &header, sizeof(header));
  if (size != 0) std::memcpy(message.data() + CMSG_LEN(0), data, size);
  *control += message;
}

// Returns whether the kernel accepted it.
bool SendMessage(int socket, Input* input) {
  const uint8_t what = input->Take<uint8_t>();
  const size_t count = input->Take<uint8_t>() % (kMostDescriptors + 1);
  std::vector<UniqueFd> files;
  std::vector<int> fds;
  for (size_t i = 0; i < count; ++i) {
    UniqueFd file = MakeFd(input);
    if (!file.valid()) continue;
    fds.push_back(file.get());
    files.push_back(std::move(file));
  }
  const size_t size = fds.size() * sizeof(int);
  std::string control;
  const ucred own = {getpid(), getuid(), getgid()};
  switch (what % 5) {
    case 1:
      Append(&control, SOL_SOCKET, SCM_RIGHTS, fds.data(), size, size);
      break;
    case 2:
      Append(&control, SOL_SOCKET, SCM_RIGHTS, fds.data(), size, size);
      Append(&control, SOL_SOCKET, SCM_RIGHTS, fds.data(), size, size);
      break;
    case 3:
      Append(&control, SOL_SOCKET, SCM_CREDENTIALS, &own, sizeof(own), sizeof(own));
      Append(&control, SOL_SOCKET, SCM_RIGHTS, fds.data(), size, size);
      break;
    case 4:
      Append(&control, what / 5 % 2 == 0 ? SOL_SOCKET : 7, what, fds.data(), size, size + what);
      break;
    default:
      break;
  }
  char bytes[4];
  const uint32_t drawn = input->Take<uint32_t>();
  std::memcpy(bytes, &drawn, sizeof(bytes));
  iovec data = {bytes, static_cast<size_t>(what / 5 % 5)};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.empty() ? nullptr : control.data();
  message.msg_controllen = control.size();
  return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

int OpenFds() {
  int count = 0;
  for (int fd = 0; fd < kFdsLookedAt; ++fd) count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

// A received channel can be used like any other.
void Use(Channel channel) {
  Require(channel.max_payload() < channel.capacity(), "a message is shorter than the ring");
  absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
  absl::StatusOr<Sender> sender = Sender::Attach(channel);
  if (sender.ok()) (void)sender->TrySend("x");
  if (receiver.ok()) (void)receiver->TryReceive();
}

void Run(Input input) {
  (void)RealChannel();
  const int before = OpenFds();
  {
    const uint8_t kind = input.Take<uint8_t>();
    constexpr int kTypes[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    int ends[2];
    Require(socketpair(AF_UNIX, kTypes[kind % 3] | SOCK_CLOEXEC, 0, ends) == 0,
            "a pair of sockets can be made");
    const UniqueFd own(ends[0]);
    UniqueFd peer(ends[1]);
    const int on = 1;
    if (kind / 3 % 2 != 0) setsockopt(own.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    if (kind / 6 % 2 != 0) setsockopt(own.get(), SOL_SOCKET, SO_PASSSEC, &on, sizeof(on));
    if (kind / 12 % 2 != 0) setsockopt(own.get(), SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on));
    int sent = 0;
    for (int i = 0; i < kMostMessages && !input.empty(); ++i) {
      sent += SendMessage(peer.get(), &input) ? 1 : 0;
    }
    switch (input.Pick(4)) {
      case 1:
        shutdown(peer.get(), SHUT_WR);
        break;
      case 2:
        peer = UniqueFd();
        break;
      default:
        break;
    }
    for (int i = 0; i <= sent; ++i) {
      const BoundedWait bound(absl::Microseconds(50));
      absl::StatusOr<Channel> channel = Receive(own.get());
      if (channel.ok()) {
        Use(*std::move(channel));
        continue;
      }
      Require(!channel.status().message().empty(), "an error says what is wrong");
      const absl::StatusCode code = channel.status().code();
      Require(code != absl::StatusCode::kUnknown && code != absl::StatusCode::kInternal &&
                  code != absl::StatusCode::kOk && code != absl::StatusCode::kUnimplemented,
              "ReceiveFd returns only what its header lists");
      if (code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kDeadlineExceeded)
        break;
    }
    // A channel that a correct peer sends afterwards still arrives, if the socket keeps message
    // boundaries.
    if (peer.valid() && kTypes[kind % 3] != SOCK_STREAM && input.empty()) {
      for (int i = 0; i <= kMostMessages; ++i) {
        if (absl::IsDeadlineExceeded(Receive(own.get()).status())) break;
      }
      const absl::Status status = SendFd(peer.get(), RealChannel(), absl::ZeroDuration());
      if (status.ok()) {
        absl::StatusOr<Channel> channel = Receive(own.get());
        Require(channel.ok() && channel->id() == RealChannel().id(),
                "a channel that was rightly sent is received");
      }
    }
  }
  Require(OpenFds() == before, "no descriptor is left open");
}

}  // namespace
}  // namespace ipmpsc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ipmpsc::fuzz::Run(ipmpsc::fuzz::Input(data, size));
  return 0;
}
