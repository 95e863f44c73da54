#include "bridge/end_name.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace ipmpsc::bridge {
namespace {

constexpr absl::string_view kProgram = "ipmpsc-bridge ";
constexpr absl::string_view kLeftOut = "...";
// The bytes of a name that a channel keeps.
constexpr size_t kLongest = 64;
// The bytes of a long server that a long subject leaves room for.
constexpr size_t kServer = 24;

}  // namespace

std::string EndName(absl::string_view server, absl::string_view subject) {
  const size_t room = kLongest - kProgram.size() - 1;
  std::string last(subject);
  const size_t for_subject = room - std::min(server.size(), kServer);
  if (last.size() > for_subject) {
    last = absl::StrCat(kLeftOut, last.substr(last.size() - (for_subject - kLeftOut.size())));
  }
  std::string first(server);
  const size_t for_server = room - last.size();
  if (first.size() > for_server) {
    first = absl::StrCat(first.substr(0, for_server - kLeftOut.size()), kLeftOut);
  }
  return absl::StrCat(kProgram, first, "/", last);
}

std::optional<BridgeEnd> ParseEndName(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, kProgram) || !absl::StrContains(name, "://") ||
      !std::all_of(name.begin(), name.end(),
                   [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); })) {
    return std::nullopt;
  }
  return BridgeEnd{std::string(name), !absl::StrContains(name, kLeftOut)};
}

}  // namespace ipmpsc::bridge
