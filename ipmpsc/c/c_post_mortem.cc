#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "ipmpsc/c/call.h"
#include "ipmpsc/c/handles.h"
#include "ipmpsc/c/ipmpsc.h"
#include "ipmpsc/post_mortem.h"

struct ipmpsc_post_mortem {
  ipmpsc::PostMortem post_mortem;
  ipmpsc::PostMortemMessage message = {};
};

using ipmpsc::c::CheckOutput;
using ipmpsc::c::Fail;
using ipmpsc::c::FailNull;
using ipmpsc::c::FillOutput;
using ipmpsc::c::Guarded;

ipmpsc_status ipmpsc_post_mortem_open(const char* path, ipmpsc_post_mortem** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  if (path == nullptr) return FailNull(__func__, "path");
  return Guarded([&] {
    return ipmpsc::c::MakeHandle(out, [path] { return ipmpsc::PostMortem::Open(path); });
  });
}

void ipmpsc_post_mortem_free(ipmpsc_post_mortem** post_mortem) {
  ipmpsc::c::FreeHandle(post_mortem);
}

ipmpsc_status ipmpsc_post_mortem_next(ipmpsc_post_mortem* post_mortem,
                                      ipmpsc_post_mortem_message* message) {
  if (post_mortem == nullptr) return FailNull(__func__, "post_mortem");
  const ipmpsc_status status = CheckOutput(message, __func__);
  if (status != IPMPSC_OK) return status;
  return Guarded([&] {
    absl::StatusOr<ipmpsc::PostMortemMessage> next = post_mortem->post_mortem.Next();
    if (!next.ok()) return ipmpsc::c::FailWith(next.status());
    const ipmpsc::PostMortemMessage& from = post_mortem->message = *std::move(next);
    ipmpsc_post_mortem_message filled = {};
    filled.data = from.payload.data();
    filled.data_size = from.payload.size();
    filled.position = from.position;
    filled.sequence = from.sequence;
    filled.sent_at = from.sent_at_nanoseconds;
    filled.lost_before = from.lost_before;
    filled.sender = from.sender;
    filled.released = from.released;
    FillOutput(filled, message);
    return int32_t{IPMPSC_OK};
  });
}

size_t ipmpsc_post_mortem_orphans(const ipmpsc_post_mortem* post_mortem) {
  return post_mortem == nullptr ? 0 : post_mortem->post_mortem.orphans().size();
}

ipmpsc_status ipmpsc_post_mortem_orphan(const ipmpsc_post_mortem* post_mortem, size_t i,
                                        ipmpsc_orphan* orphan) {
  if (post_mortem == nullptr) return FailNull(__func__, "post_mortem");
  const ipmpsc_status status = CheckOutput(orphan, __func__);
  if (status != IPMPSC_OK) return status;
  if (i >= post_mortem->post_mortem.orphans().size()) {
    return Fail(IPMPSC_OUT_OF_RANGE, "there is no such orphan: see ipmpsc_post_mortem_orphans");
  }
  const ipmpsc::Orphan& from = post_mortem->post_mortem.orphans()[i];
  ipmpsc_orphan filled = {};
  filled.position = from.position;
  filled.bytes = from.bytes;
  filled.has_sender = from.sender.has_value();
  filled.sender = from.sender.value_or(0);
  filled.released = from.released;
  FillOutput(filled, orphan);
  return IPMPSC_OK;
}

ipmpsc_status ipmpsc_post_mortem_snapshot(const ipmpsc_post_mortem* post_mortem,
                                          ipmpsc_snapshot** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  if (post_mortem == nullptr) return FailNull(__func__, "post_mortem");
  return Guarded([&] {
    *out = new ipmpsc_snapshot{post_mortem->post_mortem.stats()};
    return int32_t{IPMPSC_OK};
  });
}

ipmpsc_status ipmpsc_post_mortem_channel(const ipmpsc_post_mortem* post_mortem,
                                         ipmpsc_channel** out) {
  if (out == nullptr) return FailNull(__func__, "out");
  *out = nullptr;
  if (post_mortem == nullptr) return FailNull(__func__, "post_mortem");
  return Guarded([&] {
    *out = new ipmpsc_channel{post_mortem->post_mortem.channel()};
    return int32_t{IPMPSC_OK};
  });
}
