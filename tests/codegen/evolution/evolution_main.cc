#include <iostream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ipmpsc/schema/schema_differences.h"
#include "tests/codegen/evolution/evolution_end.h"

namespace ipmpsc_test::evolution {
namespace {

absl::Status Run(absl::string_view command, const std::string& path) {
  if (command == "create") return Create(path);
  if (command == "create-for-totals") return CreateForTotals(path);
  if (command == "send") return Send(path);
  if (command == "receive") return Receive(path);
  if (command == "send-total") return SendTotal(path);
  if (command == "receive-total") return ReceiveTotal(path);
  return absl::InvalidArgumentError("no such command");
}

}  // namespace

void PrintDifferences(const ipmpsc::schema::SchemaDifferences& differences) {
  for (const std::string& difference : differences) std::cout << "  " << difference << "\n";
}

}  // namespace ipmpsc_test::evolution

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const absl::Status status = ipmpsc_test::evolution::Run(argv[1], argv[2]);
  if (!status.ok()) {
    // Omits the source locations that newer versions of Abseil add.
    std::cout << status.ToString(absl::StatusToStringMode::kWithNoExtraData) << "\n";
  }
  return status.ok() ? 0 : 1;
}
