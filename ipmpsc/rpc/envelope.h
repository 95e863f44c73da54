// The envelopes: 48 bytes in front of each message of a service. A record has a header of 16 bytes,
// so the message behind an envelope begins at a multiple of 64 and is read and written in place.
//
// Peers write them, so each is copied once, then checked, then used. docs/services.md describes the
// fields.
#ifndef IPMPSC_RPC_ENVELOPE_H_
#define IPMPSC_RPC_ENVELOPE_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace ipmpsc::rpc {

inline constexpr size_t kEnvelopeSize = 48;
// The longest text of a status, in bytes. Longer ones are cut.
inline constexpr size_t kMaxStatusText = 4096;

enum class RequestKind : uint16_t {
  kCall = 1,    // the request message follows
  kCancel = 2,  // the client wants no more replies to `call`
};

struct RequestEnvelope {
  RequestKind kind = RequestKind::kCall;
  uint32_t method = 0;   // `MethodType::id`
  uint64_t call = 0;     // different for each call of a client
  uint64_t reply = 0;    // the client's reply channel
  int64_t deadline = 0;  // nanoseconds of CLOCK_MONOTONIC, or Deadline::kNever
};

enum class ReplyKind : uint16_t {
  kPart = 1,    // a reply of a stream follows, and more may come
  kWhole = 2,   // the only reply follows
  kStatus = 3,  // the end: `code`, and its text follows
};

struct ReplyEnvelope {
  ReplyKind kind = ReplyKind::kWhole;
  uint32_t code = 0;  // absl::StatusCode, 0 to 16
  uint64_t call = 0;
};

// Write `kEnvelopeSize` bytes.
void WriteEnvelope(const RequestEnvelope& envelope, char* bytes);
void WriteEnvelope(const ReplyEnvelope& envelope, char* bytes);

// Read the envelope of a record. Return false if it is too short, of another version or invalid.
bool ReadEnvelope(absl::string_view record, RequestEnvelope* envelope);
bool ReadEnvelope(absl::string_view record, ReplyEnvelope* envelope);

}  // namespace ipmpsc::rpc

#endif  // IPMPSC_RPC_ENVELOPE_H_
