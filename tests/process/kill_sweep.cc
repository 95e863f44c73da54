// Kills a process after every machine instruction of every operation and checks the promise each
// time: a committed message is never lost and never torn, and no survivor hangs.
//
//   ./bazelw run -c opt //tests/process:kill_sweep
//
// It takes some minutes of one core, mostly in the kernel, and much longer beside other work.
//
// The sweep detects a missing wake of a receiver that sleeps without a bound, since nothing is
// claimed. It cannot detect a missing wake of a process that also polls: a receiver that waits for
// a commit (10 ms) or a sender that waits for space (100 ms). No sweep asserts a time.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "examples/command_line.h"
#include "tests/process/sweep/creation.h"
#include "tests/process/sweep/findings.h"
#include "tests/process/sweep/many_deaths.h"
#include "tests/process/sweep/operation.h"
#include "tests/process/sweep/operations.h"
#include "tests/process/sweep/pairs.h"
#include "tests/testing/process/stepped_child.h"

ABSL_FLAG(std::string, operation, "", "sweep only the operation of that name");
ABSL_FLAG(uint64_t, every, 1,
          "1: kill after each instruction; otherwise after each system call and each change of the "
          "segment, and after each so manyth instruction besides");

namespace ipmpsc::testing {
namespace {

constexpr uint64_t kManyDeaths = 10'000;
// However coarse the sweep, it keeps at least one in so many pairs, deaths and points of a check.
constexpr uint64_t kCoarsest = 41;

struct Sweep {
  std::string name;
  std::function<void(const Spacing&, Findings*)> run;
};

std::vector<Sweep> AllSweeps() {
  std::vector<Sweep> sweeps;
  for (std::vector<Operation>& operations :
       std::vector<std::vector<Operation>>{SenderOperations(), ReceiverOperations()}) {
    for (Operation& operation : operations) {
      const std::string name = operation.name;
      sweeps.push_back(
          {name, [operation = std::move(operation)](const Spacing& spacing, Findings* findings) {
             SweepOperation(operation, spacing, findings);
           }});
    }
  }
  sweeps.push_back({"create", [](const Spacing&, Findings* findings) { SweepCreation(findings); }});
  sweeps.push_back(
      {"replace", [](const Spacing&, Findings* findings) { SweepReplacing(findings); }});
  for (const bool commits : {true, false}) {
    sweeps.push_back({commits ? "commit-during-look" : "death-during-look",
                      [commits](const Spacing& spacing, Findings* findings) {
                        SweepDeathDuringLook(std::min(spacing.every, kCoarsest), commits, findings);
                      }});
  }
  for (const bool sends : {true, false}) {
    sweeps.push_back({sends ? "send-while-falling-asleep" : "close-while-falling-asleep",
                      [sends](const Spacing& spacing, Findings* findings) {
                        SweepFallingAsleep(
                            std::min(spacing.every, kCoarsest),
                            sends ? WhileFallingAsleep::kSend : WhileFallingAsleep::kClose,
                            findings);
                      }});
  }
  for (const bool replaced : {false, true}) {
    for (const bool dies : {false, true}) {
      sweeps.push_back(
          {absl::StrCat(replaced ? "replace" : "close", "-during-send", dies ? "-that-dies" : ""),
           [=](const Spacing& spacing, Findings* findings) {
             SweepEndDuringSend(std::min(spacing.every, kCoarsest), replaced, dies, findings);
           }});
    }
  }
  sweeps.push_back({"pairs", [](const Spacing& spacing, Findings* findings) {
                      SweepPairs(std::min(spacing.every, kCoarsest), findings);
                    }});
  sweeps.push_back({"many-deaths", [](const Spacing& spacing, Findings* findings) {
                      SweepManyDeaths(kManyDeaths / std::min(spacing.every, kCoarsest), findings);
                    }});
  return sweeps;
}

int Main(int argc, char** argv) {
  const std::vector<Sweep> sweeps = AllSweeps();
  const std::string names =
      absl::StrJoin(sweeps, ", ", [](std::string* out, const Sweep& sweep) { *out += sweep.name; });
  const std::vector<std::string> rest = examples::ParseArguments(
      argc, argv,
      absl::StrCat("kill_sweep [flags]\n\nKills a process after every instruction of every "
                   "operation and checks what is left. Operations: ",
                   names, "."),
      {"operation", "every"});
  if (!rest.empty()) {
    examples::Fail(examples::kBadInput, absl::StrCat("what is '", rest[0], "'?"));
  }
  const uint64_t every = absl::GetFlag(FLAGS_every);
  if (every == 0) examples::Fail(examples::kBadInput, "--every must be 1 or more");
  const std::string only = absl::GetFlag(FLAGS_operation);
  if (!only.empty() && std::none_of(sweeps.begin(), sweeps.end(),
                                    [&](const Sweep& sweep) { return sweep.name == only; })) {
    examples::Fail(examples::kBadInput,
                   absl::StrCat("there is no operation '", only, "': ", names));
  }
  const std::string why_not = SteppedChild::Unavailable();
  if (!why_not.empty()) {
    std::printf("kill sweep: skipped: nobody can be stepped here: %s\n", why_not.c_str());
    return 0;
  }
  Findings all;
  uint64_t number = 0;
  for (const Sweep& sweep : sweeps) {
    // Each sweep has another phase, so that steps common to several operations are covered by some
    // of them.
    const Spacing spacing = {every, 5 * number++};
    if (!only.empty() && sweep.name != only) continue;
    Findings findings;
    sweep.run(spacing, &findings);
    std::printf("%s: %s\n", sweep.name.c_str(), findings.Outcomes().c_str());
    std::fflush(stdout);
    all.Add(findings);
  }
  std::printf("kill sweep: %s\n", all.Summary().c_str());
  return all.faults() == 0 ? 0 : examples::kFault;
}

}  // namespace
}  // namespace ipmpsc::testing

int main(int argc, char** argv) { return ipmpsc::testing::Main(argc, argv); }
