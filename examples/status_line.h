// The line that tells how an example is getting on.
#ifndef IPMPSC_EXAMPLES_STATUS_LINE_H_
#define IPMPSC_EXAMPLES_STATUS_LINE_H_

#include <string>

namespace ipmpsc::examples {

// Prints `line` to standard output: on a terminal in place of the line before, elsewhere as a line
// of its own. `last` ends the line on a terminal too. Ends the program with status `kFault` where
// standard output cannot be written.
void PrintStatusLine(const std::string& line, bool last);

}  // namespace ipmpsc::examples

#endif  // IPMPSC_EXAMPLES_STATUS_LINE_H_
