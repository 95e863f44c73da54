// Prints what the model of contention_model.h says about many senders, as a table of Markdown.
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmarks/contention/contention_model.h"

namespace ipmpsc::benchmarks {
namespace {

std::string Cell(const MachineModel& machine, const ContentionSetup& setup) {
  if (setup.channels > setup.senders || setup.senders + setup.channels > machine.processors)
    return " | -";
  const ContentionResult result = SimulateContention(machine, setup);
  return absl::StrFormat(" | %.1f", result.messages_per_second / 1e6);
}

void PrintTable(const MachineModel& machine) {
  std::cout
      << "\n"
      << machine.name << " (" << machine.source << "):\n\n"
      << "| senders | one channel | without pauses | batches of 16 | two channels | four channels |"
      << " lost races a claim | least share |\n"
      << "| --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (const int senders : {1, 2, 4, 7, 16, 31, 64, 127}) {
    if (senders + 1 > machine.processors) break;
    const ContentionResult one = SimulateContention(machine, {senders, 1, 1});
    std::cout << "| " << senders << Cell(machine, {senders, 1, 1})
              << Cell(machine, {senders, 1, 1, false}) << Cell(machine, {senders, 16, 1})
              << Cell(machine, {senders, 1, 2}) << Cell(machine, {senders, 1, 4})
              << absl::StrFormat(" | %.2f | %.2f |\n", one.lost_races_per_claim, one.least_share);
  }
}

}  // namespace
}  // namespace ipmpsc::benchmarks

int main() {
  std::cout << "Million messages of one line a second, by a model (not measured).\n";
  for (const auto& machine : ipmpsc::benchmarks::PublishedMachines())
    ipmpsc::benchmarks::PrintTable(machine);
}
