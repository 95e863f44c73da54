// Helpers that the programs of docs/guide.md share.
#ifndef IPMPSC_EXAMPLES_GUIDE_GUIDE_H_
#define IPMPSC_EXAMPLES_GUIDE_GUIDE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/processes.h"

namespace ipmpsc::examples {

// The longest wait of a program for another one.
inline constexpr absl::Duration kPatience = absl::Seconds(60);

// Calls `run` with a new directory for channels, in $IPMPSC_DIR or else in /dev/shm. Removes the
// directory afterwards. Returns the exit status, and prints an error of `run` as one line.
int RunInDirectory(int argc, char** argv, absl::string_view usage,
                   absl::Status (*run)(const std::string& directory));

// Waits until the process has ended. Returns an error that names the process if it failed.
absl::Status Join(Process process);

// Prints "TEXT COUNT", and writes it out at once: processes share the output.
void Report(absl::string_view text, uint64_t count);

// A message that carries a number.
std::string Numbered(uint64_t number);
// Returns the number, or ~0 if this is no such message.
uint64_t NumberOf(absl::string_view payload);

// Opens the channel at `path`, which another process may still have to create, and sends the
// numbers from `first` to `last`.
absl::Status SendNumbers(const std::string& path, uint64_t first, uint64_t last);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_GUIDE_GUIDE_H_
