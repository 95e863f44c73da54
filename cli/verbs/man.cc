// ipmpsc man: the manual page, from the verbs' own descriptions.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"
#include "ipmpsc/version.h"

namespace ipmpsc::cli {
namespace {

// Text for roff, which takes lines that begin with a dot or an apostrophe for requests.
std::string Roff(absl::string_view text) {
  std::vector<std::string> lines =
      absl::StrSplit(absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}}), '\n');
  for (std::string& line : lines) {
    if (absl::StartsWith(line, ".") || absl::StartsWith(line, "'")) line.insert(0, "\\&");
  }
  return absl::StrJoin(lines, "\n");
}

// "--filter FILTER", "-F, --follow", with bold names and italic values.
std::string OptionHead(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  std::string head = absl::StrCat("\\fB", Roff(absl::StrJoin(names, ", ")), "\\fR");
  if (option.get_expected_min() > 0 && !option.get_type_name().empty()) {
    absl::StrAppend(&head, " \\fI", Roff(option.get_type_name()), "\\fR");
  }
  return head;
}

std::string VerbText(const CLI::App& verb) {
  std::string usage = absl::StrCat("\\fBipmpsc ", Roff(verb.get_name()), "\\fR [\\fIoptions\\fR]");
  std::string options;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_positional()) {
      const std::string name = absl::StrCat("\\fI", Roff(option->get_name(true)), "\\fR");
      absl::StrAppend(&usage, option->get_required() ? absl::StrCat(" ", name)
                                                     : absl::StrCat(" [", name, " ...]"));
      absl::StrAppend(&options, ".TP\n", name, "\n", Roff(option->get_description()), "\n");
    } else if (!option->check_lname("help")) {
      absl::StrAppend(&options, ".TP\n", OptionHead(*option), "\n", Roff(option->get_description()),
                      "\n");
    }
  }
  std::string text = absl::StrCat(".SS ", Roff(verb.get_name()), "\n", usage, "\n.PP\n",
                                  Roff(verb.get_description()), "\n");
  if (!verb.get_aliases().empty()) {
    absl::StrAppend(&text, "Another name of this verb is \\fB",
                    Roff(absl::StrJoin(verb.get_aliases(), ", ")), "\\fR.\n");
  }
  absl::StrAppend(&text, options);
  if (!verb.get_footer().empty()) {
    absl::StrAppend(&text, ".PP\nExamples:\n.PP\n.EX\n",
                    Roff(absl::StripPrefix(verb.get_footer(), "Examples:\n")), ".EE\n");
  }
  return text;
}

constexpr char kAfter[] = R"(.SH ENVIRONMENT
.TP
\fBIPMPSC_DIR\fR
The folder of the channels. A channel's name without a slash is looked for in it, then in
/dev/shm, then in the current folder.
.SH EXIT STATUS
.TP
\fB0\fR
It worked.
.TP
\fB1\fR
It failed, for a reason that no other number has.
.TP
\fB2\fR
The arguments or the input are wrong.
.TP
\fB3\fR
There is no such channel.
.TP
\fB4\fR
The channel is damaged.
.TP
\fB5\fR
The time of \fB\-\-timeout\fR or of \fB\-\-wait\fR has passed.
.TP
\fB6\fR
Messages were lost, and \fB\-\-strict\fR was given.
)";

ExitStatus PrintManual(const CLI::App& app) {
  std::string text = absl::StrCat(
      ".TH IPMPSC 1 \"2026-11-29\" \"ipmpsc ", kVersion,
      "\" \"User Commands\"\n.SH NAME\nipmpsc \\- ",
      "look into channels of ipmpsc, send and receive\n.SH SYNOPSIS\n\\fBipmpsc\\fR \\fIverb\\fR "
      "[\\fIoptions\\fR] [\\fIarguments\\fR]\n.SH DESCRIPTION\n",
      "Shows and handles the channels of other programs: ring buffers in shared memory, with many "
      "senders and one receiver. ",
      "Verbs that look map a channel read\\-only. They take no lock and write nothing.\n.PP\n",
      "Verbs print tables and text for readers. With \\fB\\-\\-json\\fR they print JSON, an object "
      "a "
      "line.\n.SH VERBS\n");
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    absl::StrAppend(&text, VerbText(*verb));
  }
  Print(absl::StrCat(text, kAfter));
  return kSuccess;
}

}  // namespace

void AddMan(Program& program) {
  program.AddVerb("man", "Prints the manual page of this command.",
                  "  ipmpsc man | man -l -\n"
                  "  ipmpsc man > /usr/local/share/man/man1/ipmpsc.1\n",
                  [&program] { return PrintManual(program.app()); });
}

}  // namespace ipmpsc::cli
