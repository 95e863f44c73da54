// Source: the channel that the bridge reads. ChannelSource is the real one.
#ifndef IPMPSC_BRIDGE_SOURCE_H_
#define IPMPSC_BRIDGE_SOURCE_H_

#include <deque>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/engine.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/receiver.h"

namespace ipmpsc::bridge {

class Source {
 public:
  virtual ~Source() = default;

  // Takes the next message, waiting for it until `wait` has passed. It stays in the channel until
  // it is released: a source that is opened after a death begins at the oldest one that was not
  // released.
  //
  // Errors: kDeadlineExceeded - none came; others as `Receiver::Receive`.
  virtual absl::StatusOr<Message> Next(absl::Duration wait) = 0;

  // Releases the oldest message that is held. REQUIRES: there is one.
  virtual void ReleaseOldest() = 0;

  // Whether messages of the channel were released before this source was opened.
  virtual bool released_before() const = 0;
};

class ChannelSource final : public Source {
 public:
  // Becomes the channel's receiver, under the name `name`.
  //
  // Errors: as `Receiver::Attach`.
  static absl::StatusOr<ChannelSource> Attach(const Channel& channel, const std::string& name);

  ChannelSource(ChannelSource&&) = default;
  ChannelSource& operator=(ChannelSource&&) = default;
  // Keeps the messages that are held: a lease that ends would release a message that the engine has
  // not acknowledged. So the receiver's slot stays taken until the process ends.
  ~ChannelSource() override;

  absl::StatusOr<Message> Next(absl::Duration wait) override;
  void ReleaseOldest() override;
  bool released_before() const override { return released_before_; }

 private:
  ChannelSource(Receiver receiver, bool released_before);

  // Returns the name of the sender in a slot. Looks again for names once in 100 ms, since another
  // sender may have taken the slot.
  const std::string& SenderName(uint16_t slot);

  Receiver receiver_;
  bool released_before_;
  std::deque<Lease> held_;
  std::vector<std::string> names_;  // by slot
  absl::Time names_read_ = absl::InfinitePast();
};

}  // namespace ipmpsc::bridge

#endif  // IPMPSC_BRIDGE_SOURCE_H_
