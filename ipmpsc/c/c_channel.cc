#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/c/call.h"
#include "ipmpsc/c/handles.h"
#include "ipmpsc/c/ipmpsc.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/fd_passing.h"
#include "ipmpsc/options.h"

namespace ipmpsc::c {
namespace {

// Calls `create(options)` with the options of a new channel.
template <typename Create>
ipmpsc_status CreateWith(const ipmpsc_channel_options* given, ipmpsc_channel** out,
                         const char* function, Create create) {
  if (out == nullptr) return FailNull(function, "out");
  *out = nullptr;
  ipmpsc_channel_options read;
  const ipmpsc_status status = ReadOptions(given, &read);
  if (status != IPMPSC_OK) return status;
  if (read.description == nullptr && read.description_size != 0) {
    return FailNull(function, "options->description");
  }
  const ipmpsc_status reserved = CheckReserved(read.reserved, read.reserved_too);
  if (reserved != IPMPSC_OK) return reserved;
  if (read.exist_policy < IPMPSC_EXIST_FAIL || read.exist_policy > IPMPSC_EXIST_OPEN_OR_REPLACE) {
    return Fail(IPMPSC_INVALID_ARGUMENT, "there is no such exist_policy: use IPMPSC_EXIST_...");
  }
  if (read.on_full < IPMPSC_ON_FULL_WAIT || read.on_full > IPMPSC_ON_FULL_DROP_NEWEST) {
    return Fail(IPMPSC_INVALID_ARGUMENT, "there is no such on_full: use IPMPSC_ON_FULL_...");
  }
  ChannelOptions options;
  if (read.capacity != 0) options.capacity = read.capacity;
  if (read.max_senders != 0) options.max_senders = read.max_senders;
  if (read.mode != 0) options.mode = static_cast<mode_t>(read.mode);
  options.exist_policy = static_cast<ExistPolicy>(read.exist_policy);
  options.prefault = read.prefault;
  options.huge_pages = read.huge_pages;
  options.timestamps = read.timestamps;
  options.on_full = static_cast<OnFull>(read.on_full);
  options.accept_smaller = read.accept_smaller;
  options.description.assign(static_cast<const char*>(read.description), read.description_size);
  return MakeHandle(out, [&] { return create(options); });
}

// Calls `open(options)` with the options of an open.
template <typename OpenIt>
ipmpsc_status OpenWith(const ipmpsc_open_options* given, ipmpsc_channel** out, const char* function,
                       OpenIt open) {
  if (out == nullptr) return FailNull(function, "out");
  *out = nullptr;
  ipmpsc_open_options read;
  const ipmpsc_status status = ReadOptions(given, &read);
  if (status != IPMPSC_OK) return status;
  const ipmpsc_status reserved = CheckReserved(read.reserved);
  if (reserved != IPMPSC_OK) return reserved;
  OpenOptions options;
  options.deadline = Timeout(read.timeout);
  options.prefault = read.prefault;
  return MakeHandle(out, [&] { return open(options); });
}

static_assert(static_cast<int>(ExistPolicy::kFail) == IPMPSC_EXIST_FAIL);
static_assert(static_cast<int>(ExistPolicy::kOpen) == IPMPSC_EXIST_OPEN);
static_assert(static_cast<int>(ExistPolicy::kReplace) == IPMPSC_EXIST_REPLACE);
static_assert(static_cast<int>(ExistPolicy::kOpenOrReplace) == IPMPSC_EXIST_OPEN_OR_REPLACE);
static_assert(static_cast<int>(OnFull::kWait) == IPMPSC_ON_FULL_WAIT);
static_assert(static_cast<int>(OnFull::kDropNewest) == IPMPSC_ON_FULL_DROP_NEWEST);
static_assert(static_cast<int>(ChannelState::kOpen) == IPMPSC_CHANNEL_OPEN);
static_assert(static_cast<int>(ChannelState::kClosed) == IPMPSC_CHANNEL_CLOSED);
static_assert(static_cast<int>(ChannelState::kReplaced) == IPMPSC_CHANNEL_REPLACED);
static_assert(static_cast<int>(ChannelState::kUnlinked) == IPMPSC_CHANNEL_UNLINKED);

}  // namespace
}  // namespace ipmpsc::c

using ipmpsc::Channel;
using ipmpsc::ChannelOptions;
using ipmpsc::OpenOptions;
using ipmpsc::c::CreateWith;
using ipmpsc::c::FailNull;
using ipmpsc::c::Guarded;
using ipmpsc::c::MakeHandle;
using ipmpsc::c::OpenWith;
using ipmpsc::c::Result;
using ipmpsc::c::Timeout;
using ipmpsc::c::ValueOr;

ipmpsc_status ipmpsc_channel_create(const char* path, const ipmpsc_channel_options* options,
                                    ipmpsc_channel** out) {
  return Guarded([&] {
    return CreateWith(options, out, "ipmpsc_channel_create",
                      [path](const ChannelOptions& read) -> absl::StatusOr<Channel> {
                        if (path == nullptr) return absl::InvalidArgumentError("the path is NULL");
                        return Channel::Create(path, read);
                      });
  });
}

ipmpsc_status ipmpsc_channel_create_temp(const ipmpsc_channel_options* options,
                                         ipmpsc_channel** out) {
  return Guarded(
      [&] { return CreateWith(options, out, "ipmpsc_channel_create_temp", Channel::CreateTemp); });
}

ipmpsc_status ipmpsc_channel_create_anonymous(const ipmpsc_channel_options* options,
                                              ipmpsc_channel** out) {
  return Guarded([&] {
    return CreateWith(options, out, "ipmpsc_channel_create_anonymous", Channel::CreateAnonymous);
  });
}

ipmpsc_status ipmpsc_channel_open(const char* path, const ipmpsc_open_options* options,
                                  ipmpsc_channel** out) {
  return Guarded([&] {
    return OpenWith(options, out, "ipmpsc_channel_open",
                    [path](const OpenOptions& read) -> absl::StatusOr<Channel> {
                      if (path == nullptr) return absl::InvalidArgumentError("the path is NULL");
                      return Channel::Open(path, read);
                    });
  });
}

ipmpsc_status ipmpsc_channel_open_fd(int fd, const ipmpsc_open_options* options,
                                     ipmpsc_channel** out) {
  return Guarded([&] {
    return OpenWith(options, out, "ipmpsc_channel_open_fd",
                    [fd](const OpenOptions& read) { return Channel::OpenFd(fd, read); });
  });
}

ipmpsc_status ipmpsc_channel_open_read_only(const char* path, const ipmpsc_open_options* options,
                                            ipmpsc_channel** out) {
  return Guarded([&] {
    return OpenWith(options, out, "ipmpsc_channel_open_read_only",
                    [path](const OpenOptions& read) -> absl::StatusOr<Channel> {
                      if (path == nullptr) return absl::InvalidArgumentError("the path is NULL");
                      return Channel::OpenReadOnly(path, read);
                    });
  });
}

void ipmpsc_channel_free(ipmpsc_channel** channel) { ipmpsc::c::FreeHandle(channel); }

ipmpsc_status ipmpsc_channel_close(ipmpsc_channel* channel) {
  if (channel == nullptr) return FailNull(__func__, "channel");
  return Guarded([&] {
    channel->channel.Close();
    return int32_t{IPMPSC_OK};
  });
}

ipmpsc_status ipmpsc_channel_send_fd(int socket, const ipmpsc_channel* channel, int64_t timeout) {
  if (channel == nullptr) return FailNull(__func__, "channel");
  return Guarded(
      [&] { return Result(ipmpsc::SendFd(socket, channel->channel, Timeout(timeout))); });
}

ipmpsc_status ipmpsc_channel_receive_fd(int socket, int64_t timeout, bool allow_unsealed,
                                        ipmpsc_channel** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  return Guarded([&] {
    ipmpsc::ReceiveFdOptions options;
    options.allow_unsealed = allow_unsealed;
    return MakeHandle(out, [&] { return ipmpsc::ReceiveFd(socket, Timeout(timeout), options); });
  });
}

int32_t ipmpsc_channel_state(const ipmpsc_channel* channel) {
  if (channel == nullptr) return -1;
  return ValueOr(int32_t{-1}, [&] { return static_cast<int32_t>(channel->channel.state()); });
}

bool ipmpsc_channel_has_receiver(const ipmpsc_channel* channel) {
  return channel != nullptr && ValueOr(true, [&] { return channel->channel.HasReceiver(); });
}

bool ipmpsc_channel_has_sender(const ipmpsc_channel* channel) {
  return channel != nullptr && ValueOr(true, [&] { return channel->channel.HasSender(); });
}

const char* ipmpsc_channel_path(const ipmpsc_channel* channel) {
  return channel == nullptr ? "" : channel->channel.path().c_str();
}

const char* ipmpsc_channel_id(const ipmpsc_channel* channel) {
  if (channel == nullptr) return "";
  return ValueOr("", [&] {
    // [text] acquire; pairs with [text] acq_rel: the text before its address.
    const std::string* id = channel->id.load(std::memory_order_acquire);
    if (id == nullptr) {
      auto made = std::make_unique<const std::string>(channel->channel.id());
      // [text] acq_rel; pairs with [text] acquire: the text before its address, and that of another
      // thread that was faster.
      if (channel->id.compare_exchange_strong(id, made.get(), std::memory_order_acq_rel)) {
        id = made.release();
      }
    }
    return id->c_str();
  });
}

int ipmpsc_channel_fd(const ipmpsc_channel* channel) {
  return channel == nullptr ? -1 : ValueOr(-1, [&] { return channel->channel.fd(); });
}

uint64_t ipmpsc_channel_capacity(const ipmpsc_channel* channel) {
  return channel == nullptr ? 0 : channel->channel.capacity();
}

size_t ipmpsc_channel_max_payload(const ipmpsc_channel* channel) {
  return channel == nullptr ? 0 : channel->channel.max_payload();
}

uint32_t ipmpsc_channel_max_senders(const ipmpsc_channel* channel) {
  return channel == nullptr ? 0 : channel->channel.max_senders();
}

int32_t ipmpsc_channel_on_full(const ipmpsc_channel* channel) {
  return channel == nullptr ? 0 : static_cast<int32_t>(channel->channel.on_full());
}

uint64_t ipmpsc_channel_released_position(const ipmpsc_channel* channel) {
  return channel == nullptr ? 0 : channel->channel.released_position();
}

const void* ipmpsc_channel_description(const ipmpsc_channel* channel, size_t* size) {
  const absl::string_view description =
      channel == nullptr ? absl::string_view() : channel->channel.description();
  if (size != nullptr) *size = description.size();
  // Never NULL, which `memcpy` and its like do not take.
  return description.empty() ? "" : description.data();
}
