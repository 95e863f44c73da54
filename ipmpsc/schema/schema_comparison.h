// CompareSchemas: whether messages that are written by one schema can be read by another.
//
// The rule: the reader accepts every message that the writer can send, and each value in it that
// the reader knows is the same value there. Refuses changes that protobuf's wire format lets pass
// but that may change a value or its meaning. docs/codegen.md has the table.
#ifndef IPMPSC_SCHEMA_SCHEMA_COMPARISON_H_
#define IPMPSC_SCHEMA_SCHEMA_COMPARISON_H_

#include "absl/strings/string_view.h"
#include "ipmpsc/schema/findings.h"
#include "ipmpsc/schema/schema.h"
#include "ipmpsc/schema/schema_differences.h"

namespace ipmpsc::schema {

// Compares the message called `message` ("camera.Frame") in both schemas, and all messages that it
// can contain in both. For a sender, `ours` writes and the channel's schema reads. For a receiver,
// the channel's schema writes and `ours` reads.
SchemaFindings CompareSchemas(absl::string_view message, const Schema& ours, const Schema& theirs,
                              End end);

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_SCHEMA_COMPARISON_H_
