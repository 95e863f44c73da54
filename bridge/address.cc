#include "bridge/address.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace ipmpsc::bridge {
namespace {

constexpr absl::string_view kForm =
    "an address has the form nats://HOST:PORT/SUBJECT or kafka://HOST:PORT[,HOST:PORT]/TOPIC";

absl::Status Wrong(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(what, "; ", kForm));
}

// Whether messages can be published under the subject: no wildcards, no empty parts.
bool IsSubject(absl::string_view subject) {
  if (subject.size() > 255) return false;
  for (const absl::string_view part : absl::StrSplit(subject, '.')) {
    if (part.empty()) return false;
    for (const char c : part) {
      if (!absl::ascii_isgraph(static_cast<unsigned char>(c)) || c == '*' || c == '>') return false;
    }
  }
  return true;
}

// Whether Kafka takes the name for a topic.
bool IsTopic(absl::string_view topic) {
  if (topic.empty() || topic.size() > 249 || topic == "." || topic == "..") return false;
  for (const char c : topic) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-') {
      return false;
    }
  }
  return true;
}

// Returns "HOST:PORT", with the default port if there is none.
absl::StatusOr<std::string> ParseServer(absl::string_view server, uint32_t port) {
  const size_t end = server.rfind(':');
  if (end != absl::string_view::npos && server.substr(end).find(']') == absl::string_view::npos) {
    if (!absl::SimpleAtoi(server.substr(end + 1), &port) || port == 0 || port > 65535) {
      return Wrong("the port is no number from 1 to 65535");
    }
    server = server.substr(0, end);
  }
  if (server.empty()) return Wrong("the address has no host");
  for (const char c : server) {
    if (!absl::ascii_isgraph(static_cast<unsigned char>(c))) return Wrong("the host is no name");
  }
  return absl::StrCat(server, ":", port);
}

}  // namespace

std::string Address::ServerText() const { return absl::StrCat(scheme, "://", server); }

std::string Address::Text() const { return absl::StrCat(ServerText(), "/", subject); }

absl::StatusOr<Address> ParseAddress(absl::string_view text) {
  Address address;
  const size_t colon = text.find("://");
  if (colon == absl::string_view::npos) return Wrong("the engine has no scheme");
  address.scheme = std::string(text.substr(0, colon));
  if (!address.is_kafka() && address.scheme != "nats" && address.scheme != "tls") {
    return Wrong(absl::StrCat("the scheme '", address.scheme, "' is unknown"));
  }
  text.remove_prefix(colon + 3);
  const size_t slash = text.find('/');
  if (slash == absl::string_view::npos) return Wrong("the address has no subject or topic");
  const absl::string_view server = text.substr(0, slash);
  const absl::string_view subject = text.substr(slash + 1);
  if (server.find('@') != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "the address has a user, which everybody sees in the list of processes; use --user with "
        "--password-file, or --creds");
  }
  if (!address.is_kafka() && server.find(',') != absl::string_view::npos) {
    return Wrong("NATS has one server in its address");
  }
  for (const absl::string_view one : absl::StrSplit(server, ',')) {
    const absl::StatusOr<std::string> parsed = ParseServer(one, address.is_kafka() ? 9092 : 4222);
    if (!parsed.ok()) return parsed.status();
    absl::StrAppend(&address.server, address.server.empty() ? "" : ",", *parsed);
  }
  if (address.is_kafka() && !IsTopic(subject)) {
    return Wrong("the topic is no name that Kafka takes: letters, digits, '.', '_' and '-'");
  }
  if (!address.is_kafka() && !IsSubject(subject)) {
    return Wrong("the subject is none that a message can have: words with dots between them");
  }
  address.subject = std::string(subject);
  return address;
}

std::string WithoutUser(absl::string_view text) {
  const size_t scheme = text.find("://");
  const size_t begin = scheme == absl::string_view::npos ? 0 : scheme + 3;
  // A password may have a slash.
  const size_t end = text.rfind('@');
  if (end == absl::string_view::npos || end < begin) return std::string(text);
  return absl::StrCat(text.substr(0, begin), "***", text.substr(end));
}

std::string StreamName(absl::string_view subject) {
  return absl::StrReplaceAll(subject, {{".", "_"}, {"/", "_"}, {"\\", "_"}});
}

}  // namespace ipmpsc::bridge
