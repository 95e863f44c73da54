// Parse: turns the bytes of a record into a view, by the tables of generated headers.
//
// It accepts exactly the messages that `ParseFromArray` of protobuf 3.21 accepts, and yields the
// same values. There are two exceptions. Extensions are unknown fields here, so their contents are
// not checked. A message whose views need more memory than the arena's `MemoryLimit` allows is
// malformed.
#ifndef IPMPSC_VIEW_PARSER_H_
#define IPMPSC_VIEW_PARSER_H_

#include "absl/strings/string_view.h"
#include "ipmpsc/view/arena.h"
#include "ipmpsc/wire/message_table.h"

namespace ipmpsc::view {

// Returns the view, in `arena`, of the message that `wire` holds. Returns null where `wire` is
// malformed or lacks a required field, or where there is no memory; `arena->failure()` says which.
// The view is valid as long as `wire`, and until the arena is reset. A later change of `wire`
// changes the values of strings and numbers, but no pointer and no length.
const void* Parse(const wire::MessageTable& table, absl::string_view wire, Arena* arena);

}  // namespace ipmpsc::view

#endif  // IPMPSC_VIEW_PARSER_H_
