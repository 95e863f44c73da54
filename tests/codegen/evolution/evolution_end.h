// The program with one of the two schemas. It prints the messages that it receives and the
// differences between the channel's schema and its own.
#ifndef IPMPSC_TESTS_CODEGEN_EVOLUTION_EVOLUTION_END_H_
#define IPMPSC_TESTS_CODEGEN_EVOLUTION_EVOLUTION_END_H_

#include <string>

#include "absl/status/status.h"
#include "ipmpsc/schema/schema_differences.h"

namespace ipmpsc_test::evolution {

void PrintDifferences(const ipmpsc::schema::SchemaDifferences& differences);

// Each schema has its own definitions.
absl::Status Create(const std::string& path);
absl::Status CreateForTotals(const std::string& path);
absl::Status Send(const std::string& path);
absl::Status Receive(const std::string& path);
absl::Status SendTotal(const std::string& path);
absl::Status ReceiveTotal(const std::string& path);

}  // namespace ipmpsc_test::evolution

#endif  // IPMPSC_TESTS_CODEGEN_EVOLUTION_EVOLUTION_END_H_
