// What an end of a channel is told of a schema that is not its own.
#ifndef IPMPSC_SCHEMA_SCHEMA_DIFFERENCES_H_
#define IPMPSC_SCHEMA_SCHEMA_DIFFERENCES_H_

#include <string>
#include <vector>

namespace ipmpsc::schema {

// In what the channel's schema of a message differs from the program's, a sentence each, for people:
//
//   camera.Frame.zoom: field 12 is not in the channel's schema
//
// Empty where it does not. docs/codegen.md lists what can be there. At most 100 of them, and how
// many more there are.
using SchemaDifferences = std::vector<std::string>;

// Of a channel. What a sender writes is read by the channel's schema, what a receiver reads is
// written by it, so one may suit where the other does not.
enum class End { kSender, kReceiver };

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_SCHEMA_DIFFERENCES_H_
