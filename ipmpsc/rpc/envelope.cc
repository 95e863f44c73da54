#include "ipmpsc/rpc/envelope.h"

#include <cstring>

namespace ipmpsc::rpc {
namespace {

// "q1" and "r1": the version is in them.
constexpr uint16_t kRequestMagic = 0x3171;
constexpr uint16_t kReplyMagic = 0x3172;
constexpr uint32_t kLastStatusCode = 16;

struct RequestBytes {
  uint16_t magic;
  uint16_t kind;
  uint32_t method;
  uint64_t call;
  uint64_t reply;
  int64_t deadline;
  uint64_t reserved[2];
};
static_assert(sizeof(RequestBytes) == kEnvelopeSize);

struct ReplyBytes {
  uint16_t magic;
  uint16_t kind;
  uint32_t code;
  uint64_t call;
  uint64_t reserved[4];
};
static_assert(sizeof(ReplyBytes) == kEnvelopeSize);

}  // namespace

void WriteEnvelope(const RequestEnvelope& envelope, char* bytes) {
  const RequestBytes raw = {kRequestMagic,
                            static_cast<uint16_t>(envelope.kind),
                            envelope.method,
                            envelope.call,
                            envelope.reply,
                            envelope.deadline,
                            {}};
  std::memcpy(bytes, &raw, sizeof(raw));
}

void WriteEnvelope(const ReplyEnvelope& envelope, char* bytes) {
  const ReplyBytes raw = {
      kReplyMagic, static_cast<uint16_t>(envelope.kind), envelope.code, envelope.call, {}};
  std::memcpy(bytes, &raw, sizeof(raw));
}

bool ReadEnvelope(absl::string_view record, RequestEnvelope* envelope) {
  RequestBytes raw;
  if (record.size() < sizeof(raw)) return false;
  std::memcpy(&raw, record.data(), sizeof(raw));
  if (raw.magic != kRequestMagic || raw.reserved[0] != 0 || raw.reserved[1] != 0) return false;
  const auto kind = static_cast<RequestKind>(raw.kind);
  if (kind != RequestKind::kCall && kind != RequestKind::kCancel) return false;
  *envelope = {kind, raw.method, raw.call, raw.reply, raw.deadline};
  return true;
}

bool ReadEnvelope(absl::string_view record, ReplyEnvelope* envelope) {
  ReplyBytes raw;
  if (record.size() < sizeof(raw)) return false;
  std::memcpy(&raw, record.data(), sizeof(raw));
  if (raw.magic != kReplyMagic || raw.code > kLastStatusCode) return false;
  for (const uint64_t word : raw.reserved) {
    if (word != 0) return false;
  }
  const auto kind = static_cast<ReplyKind>(raw.kind);
  if (kind != ReplyKind::kPart && kind != ReplyKind::kWhole && kind != ReplyKind::kStatus) {
    return false;
  }
  if (kind != ReplyKind::kStatus && raw.code != 0) return false;
  *envelope = {kind, raw.code, raw.call};
  return true;
}

}  // namespace ipmpsc::rpc
