#include "recording/channel_origin.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/channel.h"
#include "ipmpsc/options.h"
#include "ipmpsc/stats.h"
#include "ipmpsc/wire/decoding.h"
#include "ipmpsc/wire/types.h"
#include "ipmpsc/wire/utf8.h"
#include "recording/mcap_records.h"

namespace ipmpsc::recording {
namespace {

// Tags of ChannelInfo.
constexpr uint32_t kMessageTag = 1 << 3 | wire::kWireLengthDelimited;
constexpr uint32_t kSchemaTag = 2 << 3 | wire::kWireLengthDelimited;

// A channel's description with its schema taken out.
struct Description {
  absl::string_view name;
  absl::string_view before;  // the schema, with its tag and size
  absl::string_view schema;
  absl::string_view after;
};

// False if it is no ChannelInfo with a name and one schema.
bool Split(absl::string_view description, Description* parts) {
  const char* p = description.data();
  const char* const end = p + description.size();
  bool has_schema = false;
  while (p != end) {
    const char* const start = p;
    uint32_t tag;
    p = wire::ReadTag(p, end, &tag);
    if (p == nullptr) return false;
    if (tag != kMessageTag && tag != kSchemaTag) {
      p = wire::SkipValue(p, end, tag, /*depth=*/0);
      if (p == nullptr) return false;
      continue;
    }
    size_t size;
    p = wire::ReadSize(p, end, &size);
    if (p == nullptr) return false;
    const absl::string_view bytes(p, size);
    p += size;
    if (tag == kMessageTag) {
      parts->name = bytes;
      continue;
    }
    if (has_schema) return false;
    has_schema = true;
    parts->before = description.substr(0, static_cast<size_t>(start - description.data()));
    parts->schema = bytes;
    parts->after = description.substr(static_cast<size_t>(p - description.data()));
  }
  return has_schema && !parts->name.empty();
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void AppendField(uint32_t tag, absl::string_view bytes, std::string* out) {
  AppendVarint(tag, out);
  AppendVarint(bytes.size(), out);
  out->append(bytes.data(), bytes.size());
}

std::string Join(absl::string_view before, absl::string_view schema, absl::string_view after) {
  std::string description(before);
  AppendField(kSchemaTag, schema, &description);
  description.append(after.data(), after.size());
  return description;
}

// The description of a recorded channel; empty if the file has none.
std::string DescriptionOf(const McapChannel& channel, const McapSchema* schema) {
  const bool has_schema =
      schema != nullptr && schema->encoding == "protobuf" && !schema->name.empty();
  const auto info = channel.metadata.find("ipmpsc.info");
  if (info == channel.metadata.end()) {
    if (!has_schema) return "";
    std::string name;
    AppendField(kMessageTag, schema->name, &name);
    return Join(name, schema->data, "");
  }
  const absl::string_view text = info->second;
  const size_t point = text.find('.');
  std::string before;
  std::string after;
  if (!absl::Base64Unescape(text.substr(0, point), &before)) return "";
  if (point == absl::string_view::npos) return before;
  if (!has_schema || !absl::Base64Unescape(text.substr(point + 1), &after)) return "";
  return Join(before, schema->data, after);
}

template <typename T>
void SetNumber(const StringMap& metadata, const char* key, T* value) {
  const auto found = metadata.find(key);
  T number;
  if (found != metadata.end() && absl::SimpleAtoi(found->second, &number)) *value = number;
}

}  // namespace

uint64_t PositionOf(uint32_t sequence, uint64_t least) {
  const uint64_t first = (least + kPositionUnit - 1) / kPositionUnit;
  return (first + static_cast<uint32_t>(sequence - static_cast<uint32_t>(first))) * kPositionUnit;
}

std::string AsUtf8(absl::string_view bytes) {
  return wire::IsUtf8(bytes) ? std::string(bytes) : absl::CHexEscape(bytes);
}

absl::string_view MessageNameOf(absl::string_view description) {
  Description parts;
  return Split(description, &parts) ? parts.name : "";
}

ChannelOrigin DescribeOrigin(absl::string_view topic, const Channel& channel,
                             const ChannelStats& stats) {
  ChannelOrigin origin;
  origin.channel.topic = AsUtf8(topic);
  origin.channel.message_encoding = "application/octet-stream";
  StringMap& metadata = origin.channel.metadata;
  metadata["ipmpsc.id"] = channel.id();
  metadata["ipmpsc.path"] = AsUtf8(channel.path());
  metadata["ipmpsc.capacity"] = absl::StrCat(channel.capacity());
  metadata["ipmpsc.max_senders"] = absl::StrCat(channel.max_senders());
  metadata["ipmpsc.timestamps"] = stats.timestamps ? "1" : "0";
  const absl::string_view description = channel.description();
  if (description.empty()) return origin;
  Description parts;
  if (!Split(description, &parts) || !wire::IsUtf8(parts.name)) {
    metadata["ipmpsc.info"] = absl::Base64Escape(description);
    return origin;
  }
  origin.channel.message_encoding = "protobuf";
  origin.schema.name = std::string(parts.name);
  origin.schema.encoding = "protobuf";
  origin.schema.data = std::string(parts.schema);
  // The whole one where a varint in it is longer than need be, so that the replay's is the same.
  metadata["ipmpsc.info"] =
      Join(parts.before, parts.schema, parts.after) == description
          ? absl::StrCat(absl::Base64Escape(parts.before), ".", absl::Base64Escape(parts.after))
          : absl::Base64Escape(description);
  return origin;
}

ChannelOptions OptionsOf(const McapChannel& channel, const McapSchema* schema) {
  ChannelOptions options;
  SetNumber(channel.metadata, "ipmpsc.capacity", &options.capacity);
  SetNumber(channel.metadata, "ipmpsc.max_senders", &options.max_senders);
  uint32_t timestamps = 0;
  SetNumber(channel.metadata, "ipmpsc.timestamps", &timestamps);
  options.timestamps = timestamps != 0;
  options.description = DescriptionOf(channel, schema);
  return options;
}

}  // namespace ipmpsc::recording
