#include "ipmpsc/message/description.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/message/message_type.h"
#include "ipmpsc/view/wire.h"

namespace ipmpsc::message {
namespace {

using Files = absl::InlinedVector<const FileDescription*, 16>;

// Field numbers of ChannelInfo, and of what is in it.
constexpr uint32_t kMessage = 1;
constexpr uint32_t kSchema = 2;
constexpr uint32_t kFingerprint = 3;
constexpr uint32_t kDeclaration = 4;
constexpr uint32_t kFile = 1;        // FileDescriptorSet
constexpr uint32_t kChannel = 1;     // ChannelDeclaration
constexpr uint32_t kCapacity = 2;    // ChannelDeclaration
constexpr uint32_t kMaxSenders = 3;  // ChannelDeclaration

void AppendVarint(uint64_t value, std::string* wire) {
  for (; value >= 0x80; value >>= 7) wire->push_back(static_cast<char>(value | 0x80));
  wire->push_back(static_cast<char>(value));
}

void AppendNumber(uint32_t field, uint64_t value, std::string* wire) {
  AppendVarint(field << 3 | view::kWireVarint, wire);
  AppendVarint(value, wire);
}

void AppendBytes(uint32_t field, absl::string_view bytes, std::string* wire) {
  AppendVarint(field << 3 | view::kWireLengthDelimited, wire);
  AppendVarint(bytes.size(), wire);
  wire->append(bytes.data(), bytes.size());
}

// Each file once, after those it imports.
void CollectFiles(const FileDescription* file, Files* files) {
  if (absl::c_linear_search(*files, file)) return;
  for (size_t i = 0; i < file->import_count; ++i) CollectFiles(file->imports[i], files);
  files->push_back(file);
}

std::string Schema(const MessageType& type) {
  Files files;
  CollectFiles(type.file, &files);
  std::string schema;
  for (const FileDescription* file : files) AppendBytes(kFile, file->descriptor, &schema);
  return schema;
}

std::string Declaration(const MessageType& type) {
  std::string declaration;
  if (!type.channel.empty()) AppendBytes(kChannel, type.channel, &declaration);
  if (type.capacity != 0) AppendNumber(kCapacity, type.capacity, &declaration);
  if (type.max_senders != 0) AppendNumber(kMaxSenders, type.max_senders, &declaration);
  return declaration;
}

struct Identity {
  absl::string_view name;
  uint64_t fingerprint = 0;
};

// False where it is no ChannelInfo.
bool ReadIdentity(absl::string_view description, Identity* identity) {
  const char* p = description.data();
  const char* const end = p + description.size();
  while (p != end) {
    uint32_t tag;
    p = view::ReadTag(p, end, &tag);
    if (p == nullptr) return false;
    if (tag == (kMessage << 3 | view::kWireLengthDelimited)) {
      size_t size;
      p = view::ReadSize(p, end, &size);
      if (p == nullptr) return false;
      identity->name = absl::string_view(p, size);
      p += size;
    } else if (tag == (kFingerprint << 3 | view::kWireFixed64)) {
      p = view::ReadFixed(p, end, &identity->fingerprint);
    } else {
      p = view::SkipValue(p, end, tag, /*depth=*/0);
    }
    if (p == nullptr) return false;
  }
  return !identity->name.empty();
}

}  // namespace

std::string Describe(const MessageType& type) {
  std::string description;
  AppendBytes(kMessage, type.name, &description);
  AppendBytes(kSchema, Schema(type), &description);
  AppendVarint(kFingerprint << 3 | view::kWireFixed64, &description);
  char fingerprint[sizeof(type.fingerprint)];
  std::memcpy(fingerprint, &type.fingerprint, sizeof(fingerprint));
  description.append(fingerprint, sizeof(fingerprint));
  const std::string declaration = Declaration(type);
  if (!declaration.empty()) AppendBytes(kDeclaration, declaration, &description);
  return description;
}

absl::Status CheckDescription(const MessageType& type, absl::string_view description) {
  if (description.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the channel is one of raw bytes: it has no description, and ", type.name, " is expected"));
  }
  Identity identity;
  if (!ReadIdentity(description, &identity)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the channel's description is no ipmpsc.ChannelInfo, and ", type.name, " is expected"));
  }
  if (identity.name != type.name) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel is one of ", identity.name, ", and ", type.name, " is expected"));
  }
  if (identity.fingerprint != type.fingerprint) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel is one of ", type.name, " of another schema: its fingerprint is ",
                     absl::Hex(identity.fingerprint, absl::kZeroPad16), ", and ",
                     absl::Hex(type.fingerprint, absl::kZeroPad16), " is expected"));
  }
  return absl::OkStatus();
}

}  // namespace ipmpsc::message
