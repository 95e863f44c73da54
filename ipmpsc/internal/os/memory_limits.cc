#include "ipmpsc/internal/os/memory_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "ipmpsc/internal/os/unique_fd.h"

namespace ipmpsc::internal {
namespace {

constexpr uint64_t kUnlimited = MemoryRoom::kUnlimited;
// Version 1 writes "no limit" as the largest multiple of a page below 2^63.
constexpr uint64_t kLeastUnlimited = uint64_t{1} << 62;
// Maximum size of a file. A machine with many containers has long tables of mounts.
constexpr size_t kMostBytes = size_t{8} << 20;
// Maximum depth of nested groups. The kernel allows more, which are not used in practice.
constexpr size_t kMostGroups = 64;

std::optional<std::string> ReadAll(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  std::string text;
  std::string buffer(16 << 10, '\0');
  while (text.size() < kMostBytes) {
    const ssize_t size = read(fd.get(), &buffer[0], buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    text.append(buffer, 0, static_cast<size_t>(size));
    // The kernel's small files come whole. A table must be read to its end.
    if (size == 0 || (text.size() < 256 && text.back() == '\n')) return text;
  }
  return text;
}

// Reads a file that holds one number. Returns nullopt if it does not exist, cannot be read, or
// holds something else.
std::optional<uint64_t> ReadNumber(const std::string& path) {
  const std::optional<std::string> text = ReadAll(path);
  uint64_t number = 0;
  if (!text.has_value() || !absl::SimpleAtoi(*text, &number)) return std::nullopt;
  return number;
}

// Reads a limit. Returns nullopt for "max", and if `ReadNumber` does.
std::optional<uint64_t> ReadLimit(const std::string& path) {
  const std::optional<uint64_t> limit = ReadNumber(path);
  return limit.has_value() && *limit < kLeastUnlimited ? limit : std::nullopt;
}

// Returns the number after `name` and white space or a colon, at the beginning of a line.
std::optional<uint64_t> NumberAfter(absl::string_view text, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, name)) continue;
    if (line.empty() || (line[0] != ' ' && line[0] != ':')) continue;
    line.remove_prefix(1);
    absl::ConsumeSuffix(&line, " kB");
    uint64_t number = 0;
    if (absl::SimpleAtoi(line, &number)) return number;
  }
  return std::nullopt;
}

uint64_t Sum(uint64_t a, uint64_t b) { return a > kUnlimited - b ? kUnlimited : a + b; }
uint64_t Less(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

uint64_t FreeSwap(absl::string_view meminfo) {
  const uint64_t kib = NumberAfter(meminfo, "SwapFree").value_or(0);
  return kib >= kLeastUnlimited >> 10 ? kUnlimited : kib << 10;
}

// Decodes the kernel's escapes in a table of mounts, such as that of a blank.
std::string Unescape(absl::string_view text) {
  const auto is_octal = [](char digit) { return digit >= '0' && digit <= '7'; };
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// Groups of one hierarchy, from the uppermost visible one to this process's own.
struct Group {
  std::string name;       // as in /proc/self/cgroup
  std::string directory;  // with its files
};

// Adds the groups of a process in `path`, seen through a mount of the group `mount_root`. False if
// that mount does not show the process's group.
bool AddGroups(absl::string_view path, absl::string_view mount_root, absl::string_view directory,
               std::vector<Group>* groups) {
  absl::string_view rest = path;
  absl::string_view above = mount_root == "/" ? "" : mount_root;
  if (!absl::ConsumePrefix(&rest, above) || (!rest.empty() && rest[0] != '/')) return false;
  if (rest == "/") rest = "";
  // Outside of this process's namespace of control groups.
  if (absl::StrContains(absl::StrCat(path, "/"), "/../")) return false;
  groups->push_back({std::string(mount_root), std::string(directory)});
  for (size_t end = rest.find('/', 1); !rest.empty() && groups->size() < kMostGroups;
       end = rest.find('/', end + 1)) {
    const absl::string_view part = rest.substr(0, end);
    groups->push_back({absl::StrCat(above, part), absl::StrCat(directory, part)});
    if (end == absl::string_view::npos) break;
  }
  return true;
}

// Finds the groups of `path` in a hierarchy of version `version`, by the table of mounts.
std::vector<Group> FindGroups(int version, absl::string_view path, absl::string_view mounts,
                              const std::string& root) {
  std::vector<Group> longest;
  for (const absl::string_view line : absl::StrSplit(mounts, '\n')) {
    // 35 31 0:32 ROOT DIRECTORY options ... - TYPE source OPTIONS
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<absl::string_view> mount = absl::StrSplit(halves.first, ' ');
    const std::vector<absl::string_view> system = absl::StrSplit(halves.second, ' ');
    if (mount.size() < 5 || system.size() < 3) continue;
    if (version == 2 && system[0] != "cgroup2") continue;
    if (version == 1 && (system[0] != "cgroup" ||
                         !absl::StrContains(absl::StrCat(",", system[2], ","), ",memory,"))) {
      continue;
    }
    std::vector<Group> groups;
    std::string directory = absl::StrCat(root, Unescape(mount[4]));
    if (AddGroups(path, Unescape(mount[3]), directory, &groups) && groups.size() > longest.size()) {
      longest = std::move(groups);
    }
  }
  return longest;
}

void Tighten(MemoryRoom* room, uint64_t bytes, absl::string_view file, uint64_t limit,
             const Group& group) {
  if (bytes >= room->bytes) return;
  room->bytes = bytes;
  room->limit = absl::StrCat(file, " of control group ", group.name, ", ", limit, " bytes");
}

// Returns the bytes that the kernel can reclaim from a group before it kills.
uint64_t FileCache(absl::string_view stat, absl::string_view prefix) {
  uint64_t bytes = 0;
  for (const absl::string_view name : {"inactive_file", "active_file"}) {
    bytes = Sum(bytes, NumberAfter(stat, absl::StrCat(prefix, name)).value_or(0));
  }
  return bytes;
}

void TightenByVersion1(const std::vector<Group>& groups, uint64_t swap, MemoryRoom* room) {
  for (const Group& group : groups) {
    const bool own = &group == &groups.back();
    const auto file = [&](absl::string_view name) { return absl::StrCat(group.directory, name); };
    const std::optional<uint64_t> limit = ReadLimit(file("/memory.limit_in_bytes"));
    // With swap space the sum of both has a limit of its own.
    std::optional<uint64_t> both;
    if (swap > 0) both = ReadLimit(file("/memory.memsw.limit_in_bytes"));
    if (!own && !limit.has_value() && !both.has_value()) continue;
    // An old kernel may count a group without its subgroups.
    if (!own && ReadNumber(file("/memory.use_hierarchy")) == uint64_t{0}) continue;
    const std::string stat = ReadAll(file("/memory.stat")).value_or("");
    const uint64_t cache = FileCache(stat, "total_");
    uint64_t usable_swap = swap;
    if (swap > 0 && ReadNumber(file("/memory.swappiness")) == uint64_t{0}) usable_swap = 0;
    // The tightest limit of the groups above, including those that cannot be seen from here.
    std::optional<uint64_t> above;
    if (own) above = NumberAfter(stat, "hierarchical_memory_limit");
    const bool hidden = above.has_value() && *above < limit.value_or(kLeastUnlimited);
    if (limit.has_value() || hidden) {
      const std::optional<uint64_t> used = ReadNumber(file("/memory.usage_in_bytes"));
      const auto left = [&](uint64_t of) {
        return Sum(Sum(Less(of, *used), std::min(cache, *used)), usable_swap);
      };
      if (used.has_value() && limit.has_value()) {
        Tighten(room, left(*limit), "memory.limit_in_bytes", *limit, group);
      }
      if (used.has_value() && hidden) {
        Tighten(room, left(*above), "hierarchical_memory_limit", *above, group);
      }
    }
    if (both.has_value()) {
      const std::optional<uint64_t> used = ReadNumber(file("/memory.memsw.usage_in_bytes"));
      if (!used.has_value()) continue;
      Tighten(room, Sum(Less(*both, *used), std::min(cache, *used)), "memory.memsw.limit_in_bytes",
              *both, group);
    }
  }
}

void TightenByVersion2(const std::vector<Group>& groups, uint64_t swap, MemoryRoom* room) {
  // From the uppermost, since swap space that a group may not use is not available to its
  // subgroups.
  for (const Group& group : groups) {
    const auto file = [&](absl::string_view name) { return absl::StrCat(group.directory, name); };
    if (swap > 0) {
      const std::optional<uint64_t> limit = ReadLimit(file("/memory.swap.max"));
      if (limit.has_value()) {
        const uint64_t used = ReadNumber(file("/memory.swap.current")).value_or(0);
        swap = std::min(swap, Less(*limit, used));
      }
    }
    const std::optional<uint64_t> max = ReadLimit(file("/memory.max"));
    const std::optional<uint64_t> high = ReadLimit(file("/memory.high"));
    if (!max.has_value() && !high.has_value()) continue;
    const std::optional<uint64_t> used = ReadNumber(file("/memory.current"));
    if (!used.has_value()) continue;
    const std::string stat = ReadAll(file("/memory.stat")).value_or("");
    const uint64_t back =
        Sum(FileCache(stat, ""), NumberAfter(stat, "slab_reclaimable").value_or(0));
    const auto left = [&](uint64_t of) {
      return Sum(Sum(Less(of, *used), std::min(back, *used)), swap);
    };
    if (max.has_value()) Tighten(room, left(*max), "memory.max", *max, group);
    if (high.has_value()) Tighten(room, left(*high), "memory.high", *high, group);
  }
}

}  // namespace

MemoryRoom ControlGroupRoom(const std::string& root) {
  MemoryRoom room;
  const std::optional<std::string> own = ReadAll(absl::StrCat(root, "/proc/self/cgroup"));
  if (!own.has_value()) return room;
  const std::optional<std::string> mounts = ReadAll(absl::StrCat(root, "/proc/self/mountinfo"));
  if (!mounts.has_value()) return room;
  const uint64_t swap = FreeSwap(ReadAll(absl::StrCat(root, "/proc/meminfo")).value_or(""));
  for (const absl::string_view line : absl::StrSplit(*own, '\n')) {
    // HIERARCHY:CONTROLLERS:PATH, and the path may contain colons.
    const std::vector<absl::string_view> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    if (parts[0] == "0" && parts[1].empty()) {
      TightenByVersion2(FindGroups(2, parts[2], *mounts, root), swap, &room);
    } else if (absl::StrContains(absl::StrCat(",", parts[1], ","), ",memory,")) {
      TightenByVersion1(FindGroups(1, parts[2], *mounts, root), swap, &room);
    }
  }
  return room;
}

MemoryRoom MachineRoom(const std::string& root) {
  MemoryRoom room;
  const std::string meminfo = ReadAll(absl::StrCat(root, "/proc/meminfo")).value_or("");
  const std::optional<uint64_t> available = NumberAfter(meminfo, "MemAvailable");
  if (!available.has_value() || *available >= kLeastUnlimited >> 10) return room;
  room.bytes = Sum(*available << 10, FreeSwap(meminfo));
  room.limit = "the memory that the machine has available, swap space included";
  return room;
}

}  // namespace ipmpsc::internal
