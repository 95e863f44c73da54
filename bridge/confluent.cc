#include "bridge/confluent.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "google/protobuf/descriptor.pb.h"
#include "ipmpsc/info.pb.h"

namespace ipmpsc::bridge {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::RepeatedPtrField;

// Appends the path of the message `name`, which is relative to `messages`. Returns whether it is
// there.
bool FindMessage(const RepeatedPtrField<DescriptorProto>& messages, absl::string_view name,
                 std::vector<int>* path) {
  for (int i = 0; i < messages.size(); ++i) {
    absl::string_view rest = name;
    if (!absl::ConsumePrefix(&rest, messages[i].name())) continue;
    path->push_back(i);
    if (rest.empty()) return true;
    if (absl::ConsumePrefix(&rest, ".") && FindMessage(messages[i].nested_type(), rest, path)) {
      return true;
    }
    path->pop_back();
  }
  return false;
}

void AppendZigzag(int number, std::string* bytes) {
  // Counts and places are never negative, so the zigzag form is the double.
  uint64_t left = 2 * static_cast<uint64_t>(number);
  for (; left >= 0x80; left >>= 7) bytes->push_back(static_cast<char>(left | 0x80));
  bytes->push_back(static_cast<char>(left));
}

}  // namespace

absl::StatusOr<MessagePlace> FindMessageType(const ChannelInfo& info) {
  for (int i = 0; i < info.schema().file_size(); ++i) {
    const google::protobuf::FileDescriptorProto& file = info.schema().file(i);
    absl::string_view name = info.message();
    if (!file.package().empty() &&
        (!absl::ConsumePrefix(&name, file.package()) || !absl::ConsumePrefix(&name, "."))) {
      continue;
    }
    MessagePlace place = {i, {}};
    if (FindMessage(file.message_type(), name, &place.path)) return place;
  }
  return absl::NotFoundError(
      absl::StrCat("the channel's schema does not define its message type '", info.message(), "'"));
}

std::string ConfluentPrefix(uint32_t schema_id, absl::Span<const int> path) {
  std::string bytes(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(schema_id >> shift));
  }
  if (path.size() == 1 && path[0] == 0) {
    bytes.push_back('\0');
    return bytes;
  }
  AppendZigzag(static_cast<int>(path.size()), &bytes);
  for (const int number : path) AppendZigzag(number, &bytes);
  return bytes;
}

}  // namespace ipmpsc::bridge
