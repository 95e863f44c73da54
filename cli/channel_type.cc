#include "cli/channel_type.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace ipmpsc::cli {
namespace {

// Keeps the first error that the pool finds.
class FirstError : public google::protobuf::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element,
                const google::protobuf::Message* /*descriptor*/, ErrorLocation /*location*/,
                const std::string& text) override {
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

// Whether the channel belongs to a service: docs/services.md.
bool IsOfService(absl::string_view description) {
  if (absl::StartsWith(description, "ipmpsc replies 1 of ")) return true;
  ServiceInfo info;
  return info.ParseFromArray(description.data(), static_cast<int>(description.size())) &&
         info.methods_size() > 0;
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

std::unique_ptr<google::protobuf::Message> ChannelType::NewMessage() const {
  return std::unique_ptr<google::protobuf::Message>(factory_->GetPrototype(descriptor_)->New());
}

}  // namespace ipmpsc::cli
