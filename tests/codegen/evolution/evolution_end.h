// What a program does that has one of the two schemas. Prints what it receives, and in what the
// channel's schema differs from its own.
#ifndef IPMPSC_TESTS_CODEGEN_EVOLUTION_EVOLUTION_END_H_
#define IPMPSC_TESTS_CODEGEN_EVOLUTION_EVOLUTION_END_H_

#include <string>

#include "absl/status/status.h"
#include "ipmpsc/schema/schema_differences.h"

namespace ipmpsc_test::evolution {

void PrintDifferences(const ipmpsc::schema::SchemaDifferences& differences);

// Defined for each schema.
absl::Status Create(const std::string& path);
absl::Status CreateForTotals(const std::string& path);
absl::Status Send(const std::string& path);
absl::Status Receive(const std::string& path);
absl::Status SendTotal(const std::string& path);
absl::Status ReceiveTotal(const std::string& path);

}  // namespace ipmpsc_test::evolution

#endif  // IPMPSC_TESTS_CODEGEN_EVOLUTION_EVOLUTION_END_H_
