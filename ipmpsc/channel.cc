#include "ipmpsc/channel.h"

#include <errno.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/unique_fd.h"
#include "ipmpsc/internal/ring/claim_word.h"
#include "ipmpsc/internal/ring/control.h"
#include "ipmpsc/internal/segment/create.h"
#include "ipmpsc/internal/segment/layout.h"
#include "ipmpsc/internal/segment/open.h"
#include "ipmpsc/internal/segment/segment.h"

namespace ipmpsc {

absl::StatusOr<Channel> Channel::Over(absl::StatusOr<std::shared_ptr<internal::Segment>> segment) {
  if (!segment.ok()) return segment.status();
  return Channel(*std::move(segment));
}

absl::StatusOr<Channel> Channel::Create(absl::string_view path, const ChannelOptions& options) {
  return Over(internal::CreateSegment(path, options));
}

absl::StatusOr<Channel> Channel::CreateTemp(const ChannelOptions& options) {
  return Over(internal::CreateTempSegment(options));
}

absl::StatusOr<Channel> Channel::CreateAnonymous(const ChannelOptions& options) {
  return Over(internal::CreateAnonymousSegment(options));
}

absl::StatusOr<Channel> Channel::Open(absl::string_view path, const OpenOptions& options) {
  return Over(internal::OpenSegment(path, options));
}

absl::StatusOr<Channel> Channel::OpenReadOnly(absl::string_view path, const OpenOptions& options) {
  return Over(internal::OpenSegment(path, options, internal::Access::kReadOnly));
}

absl::StatusOr<Channel> Channel::OpenFd(int fd, const OpenOptions& options) {
  internal::UniqueFd own = internal::DuplicateFd(fd);
  if (!own.valid()) {
    const std::string text = absl::StrCat("cannot use file descriptor ", fd);
    return errno == EBADF ? absl::InvalidArgumentError(text) : absl::ErrnoToStatus(errno, text);
  }
  return Over(internal::Segment::FromFd(std::move(own), "", options));
}

void Channel::Close() { segment_->End(internal::kClaimClosed); }

ChannelState Channel::state() const {
  // Relaxed: it orders no other reads.
  const internal::ClaimWord word =
      segment_->ring().control->claim_word.load(std::memory_order_relaxed);
  if ((word & internal::kClaimReplaced) != 0) return ChannelState::kReplaced;
  if ((word & internal::kClaimClosed) != 0) return ChannelState::kClosed;
  return segment_->IsGoneFromPath() ? ChannelState::kUnlinked : ChannelState::kOpen;
}

bool Channel::HasReceiver() const { return segment_->HasReceiver().value_or(true); }

bool Channel::HasSender() const { return segment_->HasSender().value_or(true); }

uint64_t Channel::released_position() const {
  // [space] acquire; pairs with [release] release: the receiver's reads of the payloads before what
  // the caller does next.
  return segment_->ring().control->release_position.load(std::memory_order_acquire);
}

const std::string& Channel::path() const { return segment_->path(); }

int Channel::fd() const {
  return absl::IsFailedPrecondition(segment_->CheckFd()) ? -1 : segment_->fd();
}

uint64_t Channel::capacity() const { return segment_->header().capacity; }

size_t Channel::max_payload() const { return segment_->max_payload(); }

uint32_t Channel::max_senders() const { return segment_->header().max_senders; }

OnFull Channel::on_full() const {
  return (segment_->header().flags & internal::kDropNewest) != 0 ? OnFull::kDropNewest
                                                                 : OnFull::kWait;
}

std::string Channel::id() const {
  const internal::SegmentHeader& header = segment_->header();
  return absl::StrCat(absl::Hex(header.channel_id[0], absl::kZeroPad16),
                      absl::Hex(header.channel_id[1], absl::kZeroPad16));
}

absl::string_view Channel::description() const { return segment_->description(); }

}  // namespace ipmpsc
