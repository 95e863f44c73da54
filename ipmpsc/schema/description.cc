#include "ipmpsc/schema/description.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/schema/descriptor_view.h"
#include "ipmpsc/schema/findings.h"
#include "ipmpsc/schema/message_type.h"
#include "ipmpsc/schema/schema.h"
#include "ipmpsc/schema/schema_comparison.h"
#include "ipmpsc/schema/schema_differences.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/parser.h"
#include "ipmpsc/wire/decoding.h"

namespace ipmpsc::schema {
namespace {

using Files = absl::InlinedVector<const FileDescription*, 16>;

// Field numbers of ChannelInfo and of the messages in it.
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
  AppendVarint(field << 3 | wire::kWireVarint, wire);
  AppendVarint(value, wire);
}

void AppendBytes(uint32_t field, absl::string_view bytes, std::string* wire) {
  AppendVarint(field << 3 | wire::kWireLengthDelimited, wire);
  AppendVarint(bytes.size(), wire);
  wire->append(bytes.data(), bytes.size());
}

// Collects each file once, after its imports.
void CollectFiles(const FileDescription* file, Files* files) {
  if (absl::c_linear_search(*files, file)) return;
  for (size_t i = 0; i < file->import_count; ++i) CollectFiles(file->imports[i], files);
  files->push_back(file);
}

std::string FileSet(const MessageType& type) {
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

// False if it is no ChannelInfo.
bool ReadIdentity(absl::string_view description, Identity* identity) {
  const char* p = description.data();
  const char* const end = p + description.size();
  while (p != end) {
    uint32_t tag;
    p = wire::ReadTag(p, end, &tag);
    if (p == nullptr) return false;
    if (tag == (kMessage << 3 | wire::kWireLengthDelimited)) {
      size_t size;
      p = wire::ReadSize(p, end, &size);
      if (p == nullptr) return false;
      identity->name = absl::string_view(p, size);
      p += size;
    } else if (tag == (kFingerprint << 3 | wire::kWireFixed64)) {
      p = wire::ReadFixed(p, end, &identity->fingerprint);
    } else {
      p = wire::SkipValue(p, end, tag, /*depth=*/0);
    }
    if (p == nullptr) return false;
  }
  return !identity->name.empty();
}

absl::Status NoDescription(const MessageType& type) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the channel's description is not an ipmpsc.ChannelInfo; expected a channel of ", type.name));
}

absl::Status TooMuchMemory(const MessageType& type, absl::string_view description,
                           const view::MemoryLimit& limit) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the channel's description, ", description.size(), " bytes long, cannot be compared with ",
      type.name, ": its views need more than the limit of ", limit.BytesFor(description.size()),
      " bytes; if you trust the creator of the channel, pass a higher limit to Attach()"));
}

absl::StatusOr<SchemaDifferences> CompareDescriptions(const MessageType& type,
                                                      absl::string_view description, End end,
                                                      const view::MemoryLimit& limit) {
  view::Arena our_arena(view::MemoryLimit::None());
  view::Arena their_arena(limit);
  const std::string own_description = Describe(type);
  const auto parse = [](absl::string_view wire, view::Arena* arena) {
    return static_cast<const ChannelInfoView*>(view::Parse(ChannelInfoView::kTable, wire, arena));
  };
  const ChannelInfoView* const ours = parse(own_description, &our_arena);
  const ChannelInfoView* const theirs = parse(description, &their_arena);
  if (their_arena.failure() == view::Arena::Failure::kLimit)
    return TooMuchMemory(type, description, limit);
  if (our_arena.failure() == view::Arena::Failure::kNoMemory ||
      their_arena.failure() == view::Arena::Failure::kNoMemory) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the system has no memory to compare the channel's description with ", type.name));
  }
  if (ours == nullptr || theirs == nullptr) return NoDescription(type);
  static constexpr FileSetView kNoFiles = {};
  const FileSetView& our_files = ours->schema != nullptr ? *ours->schema : kNoFiles;
  const FileSetView& their_files = theirs->schema != nullptr ? *theirs->schema : kNoFiles;
  if (Schema::BytesFor(their_files) > limit.BytesFor(description.size()))
    return TooMuchMemory(type, description, limit);
  const Schema our_schema(our_files);
  const Schema their_schema(their_files);
  SchemaFindings findings = CompareSchemas(type.name, our_schema, their_schema, end);
  if (findings.refusals.empty()) return std::move(findings.differences).Take();
  return absl::FailedPreconditionError(absl::StrCat(
      "the channel carries ", type.name, " with an incompatible schema; cannot attach ",
      end == End::kSender ? "a sender: " : "a receiver: ",
      absl::StrJoin(std::move(findings.refusals).Take(), "; ")));
}

}  // namespace

std::string Describe(const MessageType& type) {
  std::string description;
  AppendBytes(kMessage, type.name, &description);
  AppendBytes(kSchema, FileSet(type), &description);
  AppendVarint(kFingerprint << 3 | wire::kWireFixed64, &description);
  char fingerprint[sizeof(type.fingerprint)];
  std::memcpy(fingerprint, &type.fingerprint, sizeof(fingerprint));
  description.append(fingerprint, sizeof(fingerprint));
  const std::string declaration = Declaration(type);
  if (!declaration.empty()) AppendBytes(kDeclaration, declaration, &description);
  return description;
}

absl::StatusOr<SchemaDifferences> CheckDescription(const MessageType& type,
                                                   absl::string_view description, End end,
                                                   const view::MemoryLimit& limit) {
  if (description.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel carries raw bytes, not ", type.name, ": it has no description"));
  }
  Identity identity;
  if (!ReadIdentity(description, &identity)) return NoDescription(type);
  if (identity.name != type.name) {
    return absl::FailedPreconditionError(
        absl::StrCat("the channel carries ", Printable(identity.name), ", not ", type.name));
  }
  if (identity.fingerprint == type.fingerprint) return SchemaDifferences();
  return CompareDescriptions(type, description, end, limit);
}

}  // namespace ipmpsc::schema
