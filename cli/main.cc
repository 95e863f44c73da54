// The command `ipmpsc`: shows and handles the channels of other programs. docs/command.md has its
// manual.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "ipmpsc/version.h"
#include "third_party/protobuf/silence.h"

namespace ipmpsc::cli {
namespace {

int Main(int argc, char** argv) {
  // The errors of schemas and messages are told by the verbs.
  SilenceProtobuf();
  CLI::App app("Shows what is in the channels of ipmpsc, sends, receives and records.", "ipmpsc");
  app.set_version_flag("--version", std::string(kVersion));
  app.require_subcommand(1);
  app.get_formatter()->column_width(26);
#if CLI11_VERSION_MAJOR > 2 || CLI11_VERSION_MINOR >= 5
  // Keeps the examples of the verbs as they are, a command on each line.
  app.get_formatter()->enable_footer_formatting(false);
#endif
  app.footer("`ipmpsc VERB --help` explains a verb and shows examples.");
  Program program(&app);
  for (const auto add : kVerbs) add(program);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help and --version
    app.exit(request);
  } catch (const CLI::ParseError& error) {
    std::string verb;
    for (const CLI::App* named : app.get_subcommands()) verb = absl::StrCat(" ", named->get_name());
    const std::vector<std::string> rest = app.remaining();
    const std::string what = verb.empty() && !rest.empty()
                                 ? absl::StrCat("there is no verb '", Printable(rest[0]), "'")
                                 : std::string(error.what());
    Complain(absl::StrCat(what, "; `ipmpsc", verb, " --help` explains"));
    return kUsage;
  }
  if (!FinishOutput()) return Fail(kFailed, "cannot write to standard output");
  return program.exit_status();
}

}  // namespace
}  // namespace ipmpsc::cli

int main(int argc, char** argv) {
  try {
    return ipmpsc::cli::Main(argc, argv);
  } catch (const std::exception& error) {  // no memory, above all
    std::fprintf(stderr, "ipmpsc: %s\n", error.what());
    return ipmpsc::cli::kFailed;
  }
}
