#include "bridge/headers.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/engine.h"

namespace ipmpsc::bridge {
namespace {

constexpr size_t kMaxText = 256;

// Returns a text that was read back: as it is if `HeaderText` can have made it, else escaped.
std::string ReadBack(absl::string_view text) {
  bool printable = text.size() <= kMaxText;
  for (const char c : text) printable = printable && absl::ascii_isprint(static_cast<uint8_t>(c));
  return printable ? std::string(text) : HeaderText(text, kMaxText);
}

}  // namespace

std::string HeaderText(absl::string_view text, size_t max_bytes) {
  std::string escaped = absl::CHexEscape(text.substr(0, max_bytes));
  if (escaped.size() > max_bytes) escaped.resize(max_bytes);
  return escaped;
}

Headers ChannelHeaders(const ChannelIdentity& channel) {
  Headers headers = {{kChannelHeader, channel.id},
                     {kSourceHeader, channel.source},
                     {kBridgeHeader, HeaderText(channel.bridge)}};
  if (!channel.type.empty()) headers.emplace_back(kTypeHeader, HeaderText(channel.type));
  if (!channel.fingerprint.empty()) headers.emplace_back(kSchemaHeader, channel.fingerprint);
  return headers;
}

Headers MessageHeaders(const Message& message) {
  Headers headers = {{kPositionHeader, absl::StrCat(message.position)}};
  if (!message.sender.empty()) headers.emplace_back(kSenderHeader, HeaderText(message.sender));
  if (message.sequence != 0) {
    headers.emplace_back(kSequenceHeader, absl::StrCat(message.sequence));
    headers.emplace_back(kTimeHeader, absl::StrCat(message.sent_nanoseconds));
  }
  return headers;
}

uint64_t HeaderBytes(const ChannelIdentity& channel) {
  // A sender's name of 64 bytes has 256 when escaped. The message ids and numbers of the engine's
  // own headers and the names of all take less than the rest.
  uint64_t bytes = 256 + 768;
  for (const auto& [name, value] : ChannelHeaders(channel)) bytes += value.size();
  return bytes;
}

bool IsFingerprint(absl::string_view text) {
  if (text.size() != 16) return false;
  for (const char c : text) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

std::optional<Mark> ParseMark(const char* channel, const char* position, const char* source,
                              const char* bridge) {
  if (channel == nullptr || position == nullptr) return std::nullopt;
  Mark mark;
  const absl::string_view id(channel);
  if (id.size() != 32) return std::nullopt;
  for (const char c : id) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
  }
  // SimpleAtoi takes signs and spaces, too.
  const absl::string_view digits(position);
  if (digits.empty() || digits.size() > 20) return std::nullopt;
  for (const char c : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return std::nullopt;
  }
  if (!absl::SimpleAtoi(digits, &mark.position)) return std::nullopt;
  mark.channel_id = std::string(id);
  if (source != nullptr) mark.source = ReadBack(source);
  if (bridge != nullptr) mark.bridge = ReadBack(bridge);
  return mark;
}

}  // namespace ipmpsc::bridge
