// MessageChannel: creates and opens channels of one message type. Base of the generated classes:
//
//   absl::StatusOr<ipmpsc::Channel> channel = FrameChannel::Create("/dev/shm/frames");
//   absl::StatusOr<ipmpsc::Channel> channel = FrameChannel::Create();   // as its .proto declares
#ifndef IPMPSC_TYPED_CHANNEL_H_
#define IPMPSC_TYPED_CHANNEL_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/message_type.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/typed/declared_path.h"
#include "ipmpsc/view/arena.h"

namespace ipmpsc::typed {

// `Derived::kType` is the MessageType.
template <typename Derived>
class MessageChannel {
 public:
  // Returns the default options, changed by option (ipmpsc.channel).
  static ChannelOptions Options() {
    ChannelOptions options;
    if (Derived::kType.capacity != 0) options.capacity = Derived::kType.capacity;
    if (Derived::kType.max_senders != 0) options.max_senders = Derived::kType.max_senders;
    options.timestamps = Derived::kType.timestamps;
    options.on_full = Derived::kType.on_full;
    options.exist_policy = Derived::kType.exist_policy;
    if (Derived::kType.mode != 0) options.mode = Derived::kType.mode;
    return options;
  }

  // The name and the path of the channel that option (ipmpsc.channel) declares. Its directory is
  // $IPMPSC_DIR, or /dev/shm if that is not set.
  static constexpr absl::string_view Name() { return Derived::kType.channel; }
  static std::string Path() {
    static_assert(!Name().empty(),
                  "the message declares no channel name with option (ipmpsc.channel): pass a path");
    return DeclaredPath(Name());
  }

  // Creates a channel with a description of this message type. `options.description` is ignored.
  //
  // Errors: as `Channel::Create`, `CreateTemp` and `CreateAnonymous`; kFailedPrecondition -
  // exist_policy kOpen, and the existing channel carries something else (see `Check`).
  static absl::StatusOr<Channel> Create(absl::string_view path,
                                        ChannelOptions options = Options()) {
    options.description = schema::Describe(Derived::kType);
    return Checked(Channel::Create(path, options));
  }
  static absl::StatusOr<Channel> Create() { return Create(Path()); }
  static absl::StatusOr<Channel> CreateTemp(ChannelOptions options = Options()) {
    options.description = schema::Describe(Derived::kType);
    return Channel::CreateTemp(options);
  }
  static absl::StatusOr<Channel> CreateAnonymous(ChannelOptions options = Options()) {
    options.description = schema::Describe(Derived::kType);
    return Channel::CreateAnonymous(options);
  }

  // Errors: as `Channel::Open`; kFailedPrecondition - the channel carries something else (see
  // `Check`).
  static absl::StatusOr<Channel> Open(absl::string_view path, const OpenOptions& options = {}) {
    return Checked(Channel::Open(path, options));
  }
  static absl::StatusOr<Channel> Open(const OpenOptions& options = {}) {
    return Open(Path(), options);
  }

  // Returns the differences between the channel's schema and this message type, if a sender or a
  // receiver may be attached despite them.
  //
  // Errors:
  //  * kFailedPrecondition - it may not: the channel is one of raw bytes, or of another message
  //                          type, which is named, or of a schema that does not go together with
  //                          this one; each reason is told. Or the channel's description needs
  //                          more memory to be read than `limit`
  //  * kResourceExhausted  - the system has no memory for that
  static absl::StatusOr<schema::SchemaDifferences> Compare(
      const Channel& channel, schema::End end,
      const view::MemoryLimit& limit = schema::kDescriptionLimit) {
    return schema::CheckDescription(Derived::kType, channel.description(), end, limit);
  }

  // Checks that at least one of the ends may be attached to `channel`. Each end checks again when
  // it attaches.
  //
  // Errors: as `Compare`, for a receiver.
  static absl::Status Check(const Channel& channel) {
    if (Compare(channel, schema::End::kSender).ok()) return absl::OkStatus();
    return Compare(channel, schema::End::kReceiver).status();
  }

 private:
  static absl::StatusOr<Channel> Checked(absl::StatusOr<Channel> channel) {
    if (!channel.ok()) return channel;
    absl::Status status = Check(*channel);
    if (!status.ok()) return status;
    return channel;
  }
};

}  // namespace ipmpsc::typed

#endif  // IPMPSC_TYPED_CHANNEL_H_
