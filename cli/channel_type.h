// ChannelType: the message type of a channel, by the description that the channel carries.
//
// The description may be anybody's, so errors say what is wrong with it.
#ifndef IPMPSC_CLI_CHANNEL_TYPE_H_
#define IPMPSC_CLI_CHANNEL_TYPE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/info.pb.h"

namespace ipmpsc::cli {

// Movable. Messages made from it must not outlive it.
class ChannelType {
 public:
  // Errors:
  //  * kFailedPrecondition - the channel has no description: its programs send bytes. Or it
  //                          carries the requests or the replies of a service
  //  * kDataLoss           - the description is no ChannelInfo, or its schema contradicts itself
  static absl::StatusOr<ChannelType> Of(const Channel& channel);

  // Names the type without reading the schema: "camera.Frame". Empty if the channel has no
  // description, or none that can be read.
  static std::string NameOf(const Channel& channel);

  // Says what the channel carries, as text for people, with no control characters: "camera.Frame",
  // "calls of camera.FrameService", "replies of camera.FrameService", "bytes". `unnamed` is for a
  // description that names nothing.
  static std::string TextOf(const Channel& channel, absl::string_view unnamed = "bytes");

  const ChannelInfo& info() const { return info_; }
  const google::protobuf::Descriptor* descriptor() const { return descriptor_; }
  std::unique_ptr<google::protobuf::Message> NewMessage() const;

 private:
  ChannelType() = default;

  ChannelInfo info_;
  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  std::unique_ptr<google::protobuf::DynamicMessageFactory> factory_;
  const google::protobuf::Descriptor* descriptor_ = nullptr;
};

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_CHANNEL_TYPE_H_
