#include "benchmarks/measurement/many.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "benchmarks/measurement/channel_name.h"
#include "benchmarks/measurement/latency.h"
#include "benchmarks/measurement/processes.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/receiver.h"
#include "ipmpsc/sender.h"
#include "ipmpsc/wait_set.h"

namespace ipmpsc::benchmarks {
namespace {

constexpr size_t kSize = 64;
constexpr int64_t kLast = -1;
// Relatively prime to the numbers of channels: each message goes to another channel.
constexpr size_t kStride = 61;

absl::Status Failed(absl::string_view call) {
  return absl::InternalError(absl::StrCat(call, ": ", strerror(errno)));
}

// The first messages do not count. The first one of each channel touches the channel's memory,
// which takes page faults at both ends.
size_t WarmUps(size_t channels) { return std::max(size_t{10}, channels); }

// A channel and its ends take a descriptor each.
void RaiseFileLimit() {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

// Calls `send(channel, time)` now and then: for the warm-ups, then for `time`, and at the end with
// `kLast`. At least one message counts, however late this process runs.
absl::Status SendNowAndThen(size_t channels, absl::Duration time,
                            const std::function<absl::Status(size_t, int64_t)>& send) {
  const size_t warm_ups = WarmUps(channels);
  int64_t stop = 0;
  size_t channel = 0;
  for (size_t sent = 0; sent <= warm_ups || Now() < stop; ++sent) {
    if (sent == warm_ups) stop = Now() + absl::ToInt64Nanoseconds(time);
    const int64_t next = Now() + kTimeToFallAsleep;
    while (Now() < next) {
    }
    channel = (channel + kStride) % channels;
    if (absl::Status status = send(channel, Now()); !status.ok()) return status;
  }
  return send(channel, kLast);
}

// The log of a receiver.
class Arrivals {
 public:
  Arrivals(size_t channels, TimeLog* log) : warm_ups_(WarmUps(channels)), log_(log) {}
  // Returns false at the last message.
  bool Add(int64_t sent_at) {
    const int64_t now = Now();
    if (sent_at == kLast) return false;
    if (++count_ > warm_ups_) log_->Add(now - sent_at);
    return true;
  }

 private:
  const size_t warm_ups_;
  TimeLog* const log_;
  size_t count_ = 0;
};

absl::Status ReceiveAll(const std::vector<Channel>& channels, WaitMechanism mechanism,
                        StartLine& start, TimeLog* log) {
  std::vector<Receiver> receivers;
  absl::StatusOr<WaitSet> set = WaitSet::Create({mechanism});
  if (!set.ok()) return set.status();
  receivers.reserve(channels.size());
  for (const Channel& channel : channels) {
    absl::StatusOr<Receiver> receiver = Receiver::Attach(channel);
    if (!receiver.ok()) return receiver.status();
    receivers.push_back(*std::move(receiver));
    const absl::Status added = set->Add(receivers.back(), receivers.size() - 1);
    if (!added.ok()) return added;
  }
  start.Wait();
  Arrivals arrivals(channels.size(), log);
  Ready ready[16];
  for (;;) {
    const absl::StatusOr<size_t> count = set->Wait(absl::InfiniteDuration(), absl::MakeSpan(ready));
    if (!count.ok()) return count.status();
    for (size_t i = 0; i < *count; ++i) {
      const absl::StatusOr<Lease> lease = receivers[ready[i].tag].TryReceive();
      if (absl::IsUnavailable(lease.status())) continue;
      if (!lease.ok()) return lease.status();
      int64_t sent_at;
      std::memcpy(&sent_at, lease->payload().data(), sizeof(sent_at));
      if (!arrivals.Add(sent_at)) return absl::OkStatus();
    }
  }
}

absl::Status SendAll(const std::vector<Channel>& channels, absl::Duration time, StartLine& start) {
  std::vector<Sender> senders;
  for (const Channel& channel : channels) {
    absl::StatusOr<Sender> sender = Sender::Attach(channel);
    if (!sender.ok()) return sender.status();
    senders.push_back(*std::move(sender));
  }
  start.Wait();
  char bytes[kSize] = {};
  return SendNowAndThen(channels.size(), time, [&](size_t channel, int64_t now) {
    std::memcpy(bytes, &now, sizeof(now));
    return senders[channel].Send({bytes, kSize}, absl::Seconds(10));
  });
}

absl::Status ReceiveFromSockets(const std::vector<int>& sockets, StartLine& start, TimeLog* log) {
  // This process ends with the measurement, and the descriptor with it.
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (const int socket : sockets) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.fd = socket;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) {
      return Failed("epoll_ctl");
    }
  }
  start.Wait();
  Arrivals arrivals(sockets.size(), log);
  for (;;) {
    epoll_event events[16];
    const int count = epoll_wait(epoll, events, 16, -1);
    if (count < 0 && errno != EINTR) return Failed("epoll_wait");
    for (int i = 0; i < count; ++i) {
      char bytes[kSize];
      if (recv(events[i].data.fd, bytes, kSize, 0) != static_cast<ssize_t>(kSize)) {
        return Failed("recv");
      }
      int64_t sent_at;
      std::memcpy(&sent_at, bytes, sizeof(sent_at));
      if (!arrivals.Add(sent_at)) return absl::OkStatus();
    }
  }
}

absl::Status SendToSockets(const std::vector<int>& sockets, absl::Duration time, StartLine& start) {
  start.Wait();
  char bytes[kSize] = {};
  return SendNowAndThen(sockets.size(), time, [&](size_t socket, int64_t now) {
    std::memcpy(bytes, &now, sizeof(now));
    return send(sockets[socket], bytes, kSize, 0) == static_cast<ssize_t>(kSize) ? absl::OkStatus()
                                                                                 : Failed("send");
  });
}

absl::StatusOr<Quantiles> Measure(std::function<absl::Status(StartLine&, TimeLog*)> receive,
                                  std::function<absl::Status(StartLine&)> send) {
  const SharedMemory<TimeLog> log;
  const absl::Status status = RunProcesses({
      {Place::kReceiver, [&](StartLine& start) { return receive(start, &*log); }},
      {Place::kSender, send},
  });
  if (!status.ok()) return status;
  if (log->count() == 0) return absl::InternalError("nothing was measured");
  return log->Compute();
}

}  // namespace

absl::StatusOr<Quantiles> MeasureWaitSet(size_t channels, WaitMechanism mechanism,
                                         absl::Duration time) {
  if (absl::Status there = WaitSet::Create({mechanism}).status(); !there.ok()) return there;
  RaiseFileLimit();
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 1;
  std::vector<Channel> all;
  for (size_t i = 0; i < channels; ++i) {
    absl::StatusOr<Channel> channel = Channel::CreateAnonymous(options);
    if (!channel.ok()) return channel.status();
    all.push_back(*std::move(channel));
  }
  return Measure(
      [&](StartLine& start, TimeLog* log) { return ReceiveAll(all, mechanism, start, log); },
      [&](StartLine& start) { return SendAll(all, time, start); });
}

absl::StatusOr<Quantiles> MeasureMany(const TransportKind& kind, size_t channels,
                                      absl::Duration time) {
  RaiseFileLimit();
  std::vector<std::unique_ptr<Transport>> all;
  for (size_t i = 0; i < channels; ++i) {
    auto transport = kind.create({ChannelName(), kSize, 4096, 1, Waiting::kSleep});
    if (!transport.ok()) return transport.status();
    all.push_back(*std::move(transport));
  }
  return Measure(
      [&](StartLine& start, TimeLog* log) {
        Arrivals arrivals(channels, log);
        return kind.receive_from_many(
            all, [&] { start.Wait(); },
            [&](size_t, absl::string_view message) {
              int64_t sent_at;
              std::memcpy(&sent_at, message.data(), sizeof(sent_at));
              return arrivals.Add(sent_at);
            });
      },
      [&](StartLine& start) -> absl::Status {
        std::vector<std::unique_ptr<SenderEnd>> senders;
        for (const std::unique_ptr<Transport>& transport : all) {
          auto sender = transport->AttachSender();
          if (!sender.ok()) return sender.status();
          senders.push_back(*std::move(sender));
        }
        start.Wait();
        char bytes[kSize] = {};
        return SendNowAndThen(channels, time, [&](size_t channel, int64_t now) {
          std::memcpy(bytes, &now, sizeof(now));
          return senders[channel]->Send({bytes, kSize});
        });
      });
}

absl::StatusOr<Quantiles> MeasureEpoll(size_t sockets, absl::Duration time) {
  RaiseFileLimit();
  struct Sockets {
    ~Sockets() {
      for (const int socket : receiving) close(socket);
      for (const int socket : sending) close(socket);
    }
    std::vector<int> receiving, sending;
  } all;
  for (size_t i = 0; i < sockets; ++i) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
      return Failed("socketpair");
    }
    all.receiving.push_back(ends[0]);
    all.sending.push_back(ends[1]);
  }
  return Measure(
      [&](StartLine& start, TimeLog* log) { return ReceiveFromSockets(all.receiving, start, log); },
      [&](StartLine& start) { return SendToSockets(all.sending, time, start); });
}

}  // namespace ipmpsc::benchmarks
