#include "cli/channel_type.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cli/output.h"

namespace ipmpsc::cli {
namespace {

// Keeps the first error that the pool finds.
class FirstError : public google::protobuf::DescriptorPool::ErrorCollector {
 public:
  // protobuf 3.21 calls the first function, later releases call the second.
  void AddError(const std::string& file, const std::string& element,
                const google::protobuf::Message* descriptor, ErrorLocation location,
                const std::string& text) {
    RecordError(file, element, descriptor, location, text);
  }
  void RecordError(absl::string_view file, absl::string_view element,
                   const google::protobuf::Message* /*descriptor*/, ErrorLocation /*location*/,
                   absl::string_view text) {
    if (text_.empty()) text_ = absl::StrCat(file, ": ", element, ": ", text);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

bool Parse(const Channel& channel, ChannelInfo* info) {
  const absl::string_view description = channel.description();
  return !description.empty() &&
         info->ParseFromArray(description.data(), static_cast<int>(description.size()));
}

// Whether the channel carries the requests of a service: docs/services.md.
bool HasRequests(absl::string_view description) {
  ServiceInfo info;
  return info.ParseFromArray(description.data(), static_cast<int>(description.size())) &&
         info.methods_size() > 0;
}

// Whether the channel carries the replies of a service, whose name `*service` then is.
bool HasReplies(absl::string_view description, absl::string_view* service) {
  if (!absl::ConsumePrefix(&description, "ipmpsc replies 1 of ")) return false;
  *service = description.substr(0, description.find(' '));
  return true;
}

bool IsOfService(absl::string_view description) {
  absl::string_view service;
  return HasReplies(description, &service) || HasRequests(description);
}

}  // namespace

absl::StatusOr<ChannelType> ChannelType::Of(const Channel& channel) {
  if (channel.description().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(channel.path(), ": the channel has no schema; its programs send bytes"));
  }
  if (IsOfService(channel.description())) {
    return absl::FailedPreconditionError(
        absl::StrCat(channel.path(),
                     ": the channel carries calls of a service, and not messages of one type; "
                     "`ipmpsc info` shows who uses it"));
  }
  ChannelType type;
  if (!Parse(channel, &type.info_)) {
    return absl::DataLossError(
        absl::StrCat(channel.path(), ": the channel's description is no ipmpsc.ChannelInfo"));
  }
  type.pool_ = std::make_unique<google::protobuf::DescriptorPool>();
  for (const google::protobuf::FileDescriptorProto& file : type.info_.schema().file()) {
    FirstError error;
    if (type.pool_->BuildFileCollectingErrors(file, &error) == nullptr) {
      return absl::DataLossError(
          absl::StrCat(channel.path(), ": the channel's schema cannot be used: ", error.text()));
    }
  }
  type.descriptor_ = type.pool_->FindMessageTypeByName(type.info_.message());
  if (type.descriptor_ == nullptr) {
    return absl::DataLossError(absl::StrCat(
        channel.path(), ": the channel's schema has no message '", type.info_.message(), "'"));
  }
  type.factory_ = std::make_unique<google::protobuf::DynamicMessageFactory>(type.pool_.get());
  return type;
}

std::string ChannelType::NameOf(const Channel& channel) {
  ChannelInfo info;
  return Parse(channel, &info) ? info.message() : std::string();
}

std::string ChannelType::TextOf(const Channel& channel, absl::string_view unnamed) {
  const absl::string_view description = channel.description();
  absl::string_view service;
  if (HasReplies(description, &service)) return absl::StrCat("replies of ", Printable(service));
  const std::string name = NameOf(channel);
  if (name.empty()) return std::string(unnamed);
  return HasRequests(description) ? absl::StrCat("calls of ", Printable(name)) : Printable(name);
}

std::unique_ptr<google::protobuf::Message> ChannelType::NewMessage() const {
  return std::unique_ptr<google::protobuf::Message>(factory_->GetPrototype(descriptor_)->New());
}

}  // namespace ipmpsc::cli
