// Parse: from the bytes of a record to a view, by the tables of the generated header.
//
// It accepts exactly what `ParseFromArray` of protobuf 3.21 accepts for the same message, and
// yields the same values, with two exceptions: extensions are unknown fields here, so what is in
// them is not checked; and a message whose views need more memory than the arena's `MemoryLimit`
// allows is malformed.
#ifndef IPMPSC_VIEW_PARSER_H_
#define IPMPSC_VIEW_PARSER_H_

#include "absl/strings/string_view.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/view/message_table.h"

namespace ipmpsc::view {

// Messages within messages, as protobuf has it.
inline constexpr int kMaxDepth = 100;

// Returns the view, in `arena`, of the message that `wire` holds; null where `wire` is malformed or
// lacks a required field, or where there is no memory: `arena->failure()` tells that apart. The view is valid as long as `wire` and until the arena is reset. Whoever
// changes `wire` later changes what strings and numbers say, but not where anything lies.
const void* Parse(const MessageTable& table, absl::string_view wire, Arena* arena);

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_PARSER_H_
