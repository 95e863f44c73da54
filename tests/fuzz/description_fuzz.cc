// Attaches typed ends of another schema to channels with descriptions of a hostile creator. The
// verdict must be short, and the same each time.
//
// The first byte selects the source of the schemas. Even: the rest of the input is the channel's
// description, and the ends are of Frame. Odd: a file is drawn from the input, and the ends are of
// its first message. The channel then has their description with as many changes as the second byte
// says. Each change takes three bytes (offset, value). A schema is compatible with itself and has
// no differences.
// difference.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/internal/require.h"
#include "ipmpsc/options.h"
#include "ipmpsc/schema/description.h"
#include "ipmpsc/schema/message_type.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/typed/channel.h"
#include "ipmpsc/typed/receiver.h"
#include "ipmpsc/typed/sender.h"
#include "tests/codegen/protos/frame.ipmpsc.h"
#include "tests/codegen/protos/frame.pb.h"
#include "tests/fuzz/drawn_file.h"
#include "tests/fuzz/input.h"
#include "tests/testing/quiet_protobuf.h"

namespace ipmpsc::fuzz {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using internal::Require;
using schema::End;
using schema::MessageType;
using schema::SchemaDifferences;

constexpr uint64_t kFingerprint = 0x9d1f;  // matches no description

// Typed ends of whatever message type an input has.
class AnyChannel : public typed::MessageChannel<AnyChannel> {
 public:
  static MessageType kType;
};
MessageType AnyChannel::kType = {};

class AnyReceiver : public typed::MessageReceiver<AnyReceiver, ipmpsc_test::camera::FrameLease,
                                                  ipmpsc_test::camera::FrameView, AnyChannel> {
 public:
  using Base::Base;
};

class AnySender : public typed::MessageSender<AnySender, ipmpsc_test::camera::Frame,
                                              ipmpsc_test::camera::FrameLoan, AnyChannel> {
 public:
  using Base::Base;
};

void CheckDifferences(const SchemaDifferences& differences) {
  Require(differences.size() <= 101, "differences are not too many");
  for (const std::string& difference : differences)
    Require(difference.size() < 4096, "a difference is short");
}

void CheckRefusal(const absl::Status& status) {
  Require(absl::IsFailedPrecondition(status), "a description is refused as such");
  Require(status.message().size() < 16384, "a refusal is short");
}

// Attaches one end. Returns whether it was attached.
template <typename TypedEnd>
bool Attach(const Channel& channel, End end) {
  const absl::StatusOr<SchemaDifferences> verdict = AnyChannel::Compare(channel, end);
  const absl::StatusOr<TypedEnd> attached = TypedEnd::Attach(channel);
  Require(verdict.status() == attached.status(), "what is compared is what is attached");
  if (!attached.ok()) {
    CheckRefusal(attached.status());
    return false;
  }
  Require(attached->schema_differences() == *verdict, "differences are told");
  CheckDifferences(*verdict);
  return true;
}

void AttachTo(absl::string_view description, bool is_own) {
  ChannelOptions options;
  options.capacity = 4096;
  options.max_senders = 1;
  options.description = std::string(description);
  const absl::StatusOr<Channel> channel = Channel::CreateAnonymous(options);
  Require(channel.ok(), "a channel may have any description");
  const bool receives = Attach<AnyReceiver>(*channel, End::kReceiver);
  const bool sends = Attach<AnySender>(*channel, End::kSender);
  Require(AnyChannel::Check(*channel).ok() == (receives || sends), "one end is enough");
  if (!is_own) return;
  Require(receives && sends, "a schema goes together with itself");
  Require(AnyChannel::Compare(*channel, End::kSender)->empty(), "without a difference");
}

class Silent : public DescriptorPool::ErrorCollector {
 public:
  // protobuf 3.21 calls the first function, later releases call the second.
  void AddError(const std::string&, const std::string&, const google::protobuf::Message*,
                ErrorLocation, const std::string&) {}
  void RecordError(absl::string_view, absl::string_view, const google::protobuf::Message*,
                   ErrorLocation, absl::string_view) {}
};

// A file and its imports, as in a generated header.
class Files {
 public:
  const schema::FileDescription* Add(const FileDescriptor& file) {
    const auto known = descriptions_.find(&file);
    if (known != descriptions_.end()) return known->second;
    std::vector<const schema::FileDescription*> imports;
    for (int i = 0; i < file.dependency_count(); ++i) imports.push_back(Add(*file.dependency(i)));
    FileDescriptorProto proto;
    file.CopyTo(&proto);
    wires_.push_back(proto.SerializePartialAsString());
    imports_.push_back(std::move(imports));
    files_.push_back({wires_.back(), imports_.back().data(), imports_.back().size()});
    return descriptions_[&file] = &files_.back();
  }

 private:
  std::deque<std::string> wires_;
  std::deque<std::vector<const schema::FileDescription*>> imports_;
  std::deque<schema::FileDescription> files_;
  std::map<const FileDescriptor*, const schema::FileDescription*> descriptions_;
};

void RunDrawn(Input* input) {
  const uint32_t changes = input->Take<uint8_t>() % 32;
  const absl::string_view patches = input->TakeBytes(3 * changes);
  FileDescriptorProto proto;
  DrawFile(input, &proto);
  // Later releases of protobuf crash on options whose text is not UTF-8.
  if (!FileDescriptorProto().ParsePartialFromString(proto.SerializePartialAsString())) return;
  DescriptorPool pool(DescriptorPool::generated_pool());
  Silent silent;
  const FileDescriptor* const file = pool.BuildFileCollectingErrors(proto, &silent);
  if (file == nullptr || file->message_type_count() == 0) return;
  Files files;
  const std::string name = file->message_type(0)->full_name();
  AnyChannel::kType = {};
  AnyChannel::kType.name = name;
  AnyChannel::kType.file = files.Add(*file);
  std::string description = schema::Describe(AnyChannel::kType);
  AnyChannel::kType.fingerprint = kFingerprint;
  Input patch(patches);
  while (!patch.empty()) {
    const size_t offset = patch.Take<uint16_t>() % description.size();
    description[offset] = patch.Take<char>();
  }
  AttachTo(description, /*is_own=*/patches.empty());
}

}  // namespace
}  // namespace ipmpsc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ipmpsc::fuzz::AnyChannel;
  const ipmpsc::testing::QuietProtobuf silencer;
  ipmpsc::fuzz::Input input(data, size);
  if (input.Take<uint8_t>() % 2 == 1) {
    ipmpsc::fuzz::RunDrawn(&input);
    return 0;
  }
  AnyChannel::kType = ipmpsc_test::camera::FrameChannel::kType;
  AnyChannel::kType.fingerprint = ipmpsc::fuzz::kFingerprint;
  ipmpsc::fuzz::AttachTo(input.TakeRest(), /*is_own=*/false);
  return 0;
}
