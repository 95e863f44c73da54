#include "ipmpsc/internal/endpoint/participant.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ipmpsc/internal/os/clock.h"

namespace ipmpsc::internal {

uint64_t PidNamespace() {
  struct stat status;
  return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

std::string ReadName(const SlotName& name) {
  uint64_t words[kNameSize / sizeof(uint64_t)];
  for (size_t i = 0; i < kNameSize / sizeof(uint64_t); ++i) {
    // Relaxed: diagnostics only.
    words[i] = name.words[i].load(std::memory_order_relaxed);
  }
  const char* const bytes = reinterpret_cast<const char*>(words);
  return std::string(bytes, std::find(bytes, bytes + kNameSize, '\0'));
}

namespace {

void WriteName(SlotName* name, absl::string_view text) {
  text = text.substr(0, kNameSize);
  // A character that would be cut is left out as a whole.
  while (text.size() == kNameSize && (text.back() & 0x80) != 0) {
    const bool first_byte = (text.back() & 0x40) != 0;
    text.remove_suffix(1);
    if (first_byte) break;
  }
  uint64_t words[kNameSize / sizeof(uint64_t)] = {};
  std::memcpy(words, text.data(), text.size());
  for (size_t i = 0; i < kNameSize / sizeof(uint64_t); ++i) {
    // Relaxed: diagnostics only.
    name->words[i].store(words[i], std::memory_order_relaxed);
  }
}

template <typename Slot>
std::string Describe(const Slot& slot, absl::string_view role) {
  // Relaxed, both: diagnostics only.
  const uint32_t pid = slot.pid.load(std::memory_order_relaxed);
  const uint64_t pid_namespace = slot.pid_namespace.load(std::memory_order_relaxed);
  const std::string name = ReadName(slot.name);
  std::string text(role);
  absl::StrAppend(&text, " (");
  if (!name.empty()) absl::StrAppend(&text, "\"", absl::CEscape(name), "\", ");
  absl::StrAppend(&text, "process ", pid);
  if (pid_namespace != 0 && pid_namespace != PidNamespace()) {
    absl::StrAppend(&text, " of another PID namespace");
  }
  return absl::StrCat(text, ")");
}

}  // namespace

template <typename Slot>
void WriteOwner(Slot* slot, absl::string_view name) {
  // Relaxed, all: diagnostics only.
  slot->pid_namespace.store(PidNamespace(), std::memory_order_relaxed);
  slot->attached.store(WallClockNow(), std::memory_order_relaxed);
  WriteName(&slot->name, name.empty() ? program_invocation_short_name : name);
  slot->pid.store(static_cast<uint32_t>(getpid()), std::memory_order_relaxed);
}

template <typename Slot>
void ClearOwner(Slot* slot) {
  // Relaxed: diagnostics only.
  slot->pid.store(0, std::memory_order_relaxed);
}

template void WriteOwner(SenderSlot*, absl::string_view);
template void WriteOwner(ReceiverSlot*, absl::string_view);
template void ClearOwner(SenderSlot*);
template void ClearOwner(ReceiverSlot*);

std::string DescribeOwner(const SenderSlot& slot, uint32_t number) {
  return Describe(slot, absl::StrCat("sender ", number));
}

std::string DescribeOwner(const ReceiverSlot& slot) { return Describe(slot, "receiver"); }

}  // namespace ipmpsc::internal
