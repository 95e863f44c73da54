// Differences between a program's schema and the channel's.
#ifndef IPMPSC_SCHEMA_SCHEMA_DIFFERENCES_H_
#define IPMPSC_SCHEMA_SCHEMA_DIFFERENCES_H_

#include <string>
#include <vector>

namespace ipmpsc::schema {

// Differences of the channel's schema of a message from the program's, a sentence each, for
// diagnostics only:
//
//   camera.Frame.zoom: field 12 is not in the channel's schema
//
// Empty where there are none. docs/codegen.md lists the kinds. At most 100 of them, and the number
// of the others.
using SchemaDifferences = std::vector<std::string>;

// An end of a channel. The channel's schema reads what a sender writes and writes what a receiver
// reads, so a program may be fit for one end and not for the other.
enum class End {
  kSender,    // it writes messages
  kReceiver,  // it reads messages
};

}  // namespace ipmpsc::schema

#endif  // IPMPSC_SCHEMA_SCHEMA_DIFFERENCES_H_
