// ipmpsc completion: scripts that complete the command line in shells, from the verbs' own options.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs/verbs.h"

namespace ipmpsc::cli {
namespace {

// The names of the channels in the usual folders. `ipmpsc` finds them there by name.
constexpr char kChannels[] = "ipmpsc ls --names 2>/dev/null | sed 's|.*/||'";

// An option of a verb.
struct Flag {
  std::vector<std::string> names;  // with dashes
  std::string help;
  bool takes_value = false;
  std::vector<std::string> values;  // the only ones, if there are any
  bool takes_file = false;
};

struct Verb {
  std::vector<std::string> names;  // the name and its aliases
  std::string help;
  std::vector<Flag> flags;
  std::vector<std::string> arguments;  // the values of the first positional, if they are a list
  bool takes_channel = false;
};

std::vector<std::string> ListedValues(const std::string& type) {
  if (!absl::StrContains(type, '|')) return {};
  return absl::StrSplit(type, '|');
}

std::vector<Verb> DescribeVerbs(const CLI::App& app) {
  std::vector<Verb> verbs;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    Verb verb;
    verb.names = sub->get_aliases();
    verb.names.insert(verb.names.begin(), sub->get_name());
    verb.help = sub->get_description();
    for (const CLI::Option* option : sub->get_options()) {
      const std::string type = option->get_type_name();
      if (option->get_positional()) {
        verb.takes_channel |= option->get_name(true) == "CHANNEL";
        for (std::string& value : ListedValues(type)) verb.arguments.push_back(std::move(value));
        continue;
      }
      Flag flag;
      for (const std::string& name : option->get_lnames()) flag.names.push_back("--" + name);
      for (const std::string& name : option->get_snames()) flag.names.push_back("-" + name);
      flag.help = option->get_description();
      flag.takes_value = option->get_expected_min() > 0;
      flag.values = ListedValues(type);
      flag.takes_file = type == "FILE" || type == "FOLDER";
      verb.flags.push_back(std::move(flag));
    }
    verbs.push_back(std::move(verb));
  }
  return verbs;
}

std::string Bash(const std::vector<Verb>& verbs) {
  std::vector<std::string> names;
  std::string values;
  std::string words;
  for (const Verb& verb : verbs) {
    names.insert(names.end(), verb.names.begin(), verb.names.end());
    std::vector<std::string> flags;
    for (const Flag& flag : verb.flags) {
      for (const std::string& name : flag.names) {
        flags.push_back(name);
        if (!flag.takes_value) continue;
        std::vector<std::string> patterns;
        for (const std::string& known : verb.names) {
          patterns.push_back(absl::StrCat("'", known, " ", name, "'"));
        }
        const std::string reply =
            flag.takes_file ? "COMPREPLY=($(compgen -f -- \"$current\"))"
                            : absl::StrCat("COMPREPLY=($(compgen -W '",
                                           absl::StrJoin(flag.values, " "), "' -- \"$current\"))");
        absl::StrAppend(&values, "    ", absl::StrJoin(patterns, " | "), ") ", reply,
                        "; return ;;\n");
      }
    }
    absl::StrAppend(&words, "    ", absl::StrJoin(verb.names, " | "), ") flags='",
                    absl::StrJoin(flags, " "), "' words=");
    if (verb.takes_channel) {
      absl::StrAppend(&words, "$(", kChannels, ")");
    } else {
      absl::StrAppend(&words, "'", absl::StrJoin(verb.arguments, " "), "'");
    }
    absl::StrAppend(&words, " ;;\n");
  }
  return absl::StrCat(R"(# Completes the command `ipmpsc` in bash.
_ipmpsc() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local flags= words=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ')",
                      absl::StrJoin(names, " "), R"( --help --version' -- "$current"))
    return
  fi
  case "${COMP_WORDS[1]} $previous" in
)",
                      values, R"(  esac
  case ${COMP_WORDS[1]} in
)",
                      words, R"(  esac
  [[ $current != -* ]] || words=$flags
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _ipmpsc ipmpsc
)");
}

std::string InZsh(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"'", "'\\''"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}, {"`", "\\`"}, {"$", "\\$"}});
}

std::string Zsh(const std::vector<Verb>& verbs) {
  std::string summaries;
  std::string cases;
  for (const Verb& verb : verbs) {
    for (const std::string& name : verb.names) {
      absl::StrAppend(&summaries, "    '", name, ":", InZsh(verb.help), "'\n");
    }
    absl::StrAppend(&cases, "    ", absl::StrJoin(verb.names, "|"), ")\n      _arguments");
    for (const Flag& flag : verb.flags) {
      for (const std::string& name : flag.names) {
        absl::StrAppend(&cases, " \\\n        '", name, "[", InZsh(flag.help), "]");
        if (flag.takes_value) {
          absl::StrAppend(
              &cases, ":value:",
              flag.takes_file ? "_files" : absl::StrCat("(", absl::StrJoin(flag.values, " "), ")"));
        }
        absl::StrAppend(&cases, "'");
      }
    }
    absl::StrAppend(&cases, " \\\n        '*:argument:",
                    verb.takes_channel ? "_ipmpsc_channels"
                    : verb.arguments.empty()
                        ? "_files"
                        : absl::StrCat("(", absl::StrJoin(verb.arguments, " "), ")"),
                    "'\n      ;;\n");
  }
  return absl::StrCat(R"sh(#compdef ipmpsc
# Completes the command `ipmpsc` in zsh.
_ipmpsc_channels() {
  local -a channels
  channels=(${(f)"$()sh",
                      kChannels, R"sh()"})
  compadd -a channels
  _files
}
_ipmpsc() {
  local -a verbs
  verbs=(
)sh",
                      summaries, R"sh(  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
)sh",
                      cases, R"sh(  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _ipmpsc "$@"
else
  compdef _ipmpsc ipmpsc
fi
)sh");
}

std::string InFish(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}});
}

std::string Fish(const std::vector<Verb>& verbs) {
  std::string text =
      "# Completes the command `ipmpsc` in fish.\n"
      "complete -c ipmpsc -f\n"
      "complete -c ipmpsc -n __fish_use_subcommand -l help -d 'explain the command'\n"
      "complete -c ipmpsc -n __fish_use_subcommand -l version -d 'print the version'\n";
  for (const Verb& verb : verbs) {
    for (const std::string& name : verb.names) {
      absl::StrAppend(&text, "complete -c ipmpsc -n __fish_use_subcommand -a ", name, " -d '",
                      InFish(verb.help), "'\n");
    }
    const std::string behind = absl::StrCat("complete -c ipmpsc -n '__fish_seen_subcommand_from ",
                                            absl::StrJoin(verb.names, " "), "'");
    for (const Flag& flag : verb.flags) {
      absl::StrAppend(&text, behind);
      for (const std::string& name : flag.names) {
        absl::StrAppend(&text, absl::StartsWith(name, "--") ? " -l " : " -s ",
                        name.substr(name.find_first_not_of('-')));
      }
      if (flag.takes_file) {
        absl::StrAppend(&text, " -r -F");
      } else if (flag.takes_value) {
        absl::StrAppend(&text, " -x -a '", absl::StrJoin(flag.values, " "), "'");
      }
      absl::StrAppend(&text, " -d '", InFish(flag.help), "'\n");
    }
    if (verb.takes_channel) {
      absl::StrAppend(&text, behind, " -F -a '(", InFish(kChannels), ")'\n");
    } else if (!verb.arguments.empty()) {
      absl::StrAppend(&text, behind, " -a '", absl::StrJoin(verb.arguments, " "), "'\n");
    } else {
      absl::StrAppend(&text, behind, " -F\n");
    }
  }
  return text;
}

ExitStatus PrintCompletion(const CLI::App& app, const std::string& shell) {
  const std::vector<Verb> verbs = DescribeVerbs(app);
  Print(shell == "bash" ? Bash(verbs) : shell == "zsh" ? Zsh(verbs) : Fish(verbs));
  return kSuccess;
}

}  // namespace

void AddCompletion(Program& program) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* const verb =
      program.AddVerb("completion", "Prints a script that completes this command in a shell.",
                      "  source <(ipmpsc completion bash)\n"
                      "  ipmpsc completion zsh > ~/.zfunc/_ipmpsc\n"
                      "  ipmpsc completion fish > ~/.config/fish/completions/ipmpsc.fish\n",
                      [&program, shell] { return PrintCompletion(program.app(), *shell); });
  verb->add_option("SHELL", *shell, "the shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""))
      ->type_name("bash|zsh|fish");
}

}  // namespace ipmpsc::cli
