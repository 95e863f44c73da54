// The output of a verb: aligned tables for readers, JSON lines for programs.
#ifndef IPMPSC_CLI_OUTPUT_H_
#define IPMPSC_CLI_OUTPUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

namespace ipmpsc::cli {

// Members keep the order in which they are set.
using Json = nlohmann::ordered_json;

// Writes the object on a line of its own and flushes. Bytes that are not UTF-8 become U+FFFD.
// docs/command.md has the members of each verb's objects. Names of members are in snake_case, with
// the unit at the end: "sent_bytes", "waited_seconds".
void PrintJson(const Json& object);

// Writes text as it is.
void Print(absl::string_view text);

// Ends the output: flushes it. Returns whether everything was written.
bool FinishOutput();

// Rows of cells, in columns as wide as their widest cell.
class Table {
 public:
  struct Column {
    std::string header;
    bool right = false;  // numbers are aligned to the right
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // `cells` has a cell for each column.
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  // Lines that begin with `indent`, without a header if all headers are empty.
  std::string Text(absl::string_view indent = "") const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Returns the bytes of a name or a text that another process wrote, with what is no printable UTF-8
// escaped. Leaves a text alone that it has returned.
std::string Printable(absl::string_view bytes);
// "512 B", "1.5 KiB", "64 MiB".
std::string BytesText(double bytes);
// "12,345,678".
std::string CountText(uint64_t count);
// "1 message", "12,345 messages". `one` is the noun for one.
std::string CountText(uint64_t count, absl::string_view one);
// "950 us", "1.25 s", "3 min", "2 h", "5 d": at most three digits that matter.
std::string DurationText(absl::Duration duration);
// The time in UTC, "2026-01-31T12:00:00.000000001Z"; for JSON.
std::string TimeText(absl::Time time);
// How many terminal cells the text takes, if each of its code points takes one.
size_t DisplayWidth(absl::string_view text);

}  // namespace ipmpsc::cli

#endif  // IPMPSC_CLI_OUTPUT_H_
