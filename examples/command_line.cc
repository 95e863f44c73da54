#include "examples/command_line.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace ipmpsc::examples {
namespace {

std::string program_name = "example";

[[noreturn]] void PrintHelp(absl::string_view usage, const std::vector<absl::string_view>& flags) {
  std::printf("%s\n\n", std::string(usage).c_str());
  for (const absl::string_view name : flags) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    std::printf("  --%s  %s (default: %s)\n", std::string(name).c_str(), flag->Help().c_str(),
                flag->DefaultValue().c_str());
  }
  std::exit(0);
}

}  // namespace

void Complain(absl::string_view what) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", program_name.c_str(), std::string(what).c_str());
}

void Fail(int exit_status, absl::string_view what) {
  Complain(what);
  std::exit(exit_status);
}

std::vector<std::string> ParseArguments(int argc, char** argv, absl::string_view usage,
                                        const std::vector<absl::string_view>& flags) {
  const std::string path = argv[0];
  program_name = path.substr(path.rfind('/') + 1);
  std::vector<std::string> rest;
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (argument == "--") {
      rest.insert(rest.end(), argv + i + 1, argv + argc);
      break;
    }
    if (argument == "--help" || argument == "-h") PrintHelp(usage, flags);
    if (!absl::ConsumePrefix(&argument, "--")) {
      rest.emplace_back(argument);
      continue;
    }
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(argument, absl::MaxSplits('=', 1));
    const bool has_value = absl::StrContains(argument, '=');
    if (std::find(flags.begin(), flags.end(), parts.first) == flags.end()) {
      Fail(kBadInput, absl::StrCat("unknown flag --", parts.first, "; --help lists the flags"));
    }
    absl::CommandLineFlag* flag = absl::FindCommandLineFlag(parts.first);
    absl::string_view value = parts.second;
    if (!has_value) {
      if (flag->IsOfType<bool>()) {
        value = "true";
      } else if (i + 1 < argc) {
        value = argv[++i];
      } else {
        Fail(kBadInput, absl::StrCat("--", parts.first, " needs a value"));
      }
    }
    std::string error;
    if (!flag->ParseFrom(value, &error)) {
      Fail(kBadInput, absl::StrCat("--", parts.first, " cannot be '", value, "'",
                                   error.empty() ? "" : ": ", error));
    }
  }
  return rest;
}

}  // namespace ipmpsc::examples
