"""Arguments, --help, the manual page, and the completion of command lines."""

import os
import re

from driver import CommandTest, main, program


class UsageTest(CommandTest):

    def verbs(self):
        # Releases of CLI11 differ in the headings.
        _, _, text = self.works("--help").lower().partition("subcommands:")
        verbs = re.findall(r"^  ([a-z]+)", text, re.MULTILINE)
        self.assertIn("tail", verbs)
        return verbs

    def test_every_verb_has_help_with_examples(self):
        for verb in self.verbs():
            out = self.works(verb, "--help")
            self.assertRegex(out, r"(?m)^(Usage: )?ipmpsc %s \[OPTIONS\]" % verb)
            self.assertIn("Examples:\n  ", out, verb)
            # The help says it in its own words, and completion offers the values of a type.
            self.assertNotRegex(out, r" in [\[{]", verb)

    def test_the_version(self):
        self.assertRegex(self.works("--version"), r"^\d+\.\d+\.\d+\n$")

    def test_every_verb_refuses_wrong_arguments(self):
        for verb in self.verbs():
            ended = self.ipmpsc(verb, "--no-such-option")
            self.assertEqual((ended.status, ended.out), (2, ""), (verb, ended))
            self.assertEqual(ended.err.count("\n"), 1, ended)
            self.assertIn("`ipmpsc %s --help` explains" % verb, ended.err)

    def test_wrong_arguments(self):
        self.create("readings")
        for arguments, error in [
                ([], "A subcommand is required"),
                (["no-such-verb"], "no-such-verb"),
                (["info"], "CHANNEL is required"),
                (["info", "readings", "more"], "more"),
                (["info", "readings", "--schema", "--json"], "excludes"),
                (["tail", "readings", "--from", "never"], "never"),
                (["tail", "readings", "--count", "-1"], "-1"),
                (["tail", "readings", "--timeout", "soon"], "'soon' is no duration"),
                (["tail", "readings", "--timeout", "-1s"], "'-1s' is no duration"),
                (["tail", "readings", "--max-bytes", "x"], "x"),
                (["tail", "readings", "--max-items", "-1"], "-1"),
                (["receive", "readings", "--count", "-1"], "-1"),
                (["hz", "readings", "--count", "-1"], "-1"),
                (["tail", "readings", "--filter", "coumt=1"], "no field 'coumt'; it has name, count"),
                (["tail", "readings", "--filter", "name.x=1"], "which is no message"),
                (["tail", "readings", "--filter", "count=x"], "'x' is no int64"),
                (["tail", "readings", "--filter", "size=-1"], "'-1' is no uint32"),
                (["tail", "readings", "--filter", "mode=MODE_NO"], "'MODE_NO' is no robot.Reading.Mode"),
                (["tail", "readings", "--filter", "count~1"], "~ is for strings and bytes only"),
                (["tail", "readings", "--filter", "first=1"], "is a message"),
                (["tail", "readings", "--filter", "count!1"], "has no operation"),
                (["tail", "readings", "--filter", ""], "no field ''"),
                (["tail", "readings", "--post-mortem", "--from", "now"], "excludes"),
                (["hz", "readings", "--interval", "x"], "'x' is no duration"),
                (["bw", "readings", "--count", "x"], "x"),
                (["delay", "readings", "--interval", "-1"], "'-1' is no duration"),
                (["send", "readings", "--format", "xml"], "xml"),
                (["send", "readings", "--rate", "0"], "0"),
                (["send", "readings", "--repeat", "2"], "--message"),
                (["send", "readings", "-m", "count: 1", "--file", "x"], "excludes"),
                (["receive", "readings", "--count", "x"], "x"),
                (["completion"], "SHELL is required"),
                (["completion", "tcsh"], "tcsh"),
        ]:
            ended = self.ipmpsc(*arguments)
            self.assertEqual((ended.status, ended.out), (2, ""), (arguments, ended))
            self.assertEqual(ended.err.count("\n"), 1, ended)
            self.assertTrue(ended.err.startswith("ipmpsc"), ended)
            self.assertIn(error.lower(), ended.err.lower())

    def test_no_such_channel(self):
        for verb in ["info", "tail", "hz", "bw", "delay", "send", "receive"]:
            ended = self.ipmpsc(verb, "missing")
            self.assertEqual((ended.status, ended.out), (3, ""), (verb, ended))
            self.assertIn(self.path("missing"), ended.err)

    def test_output_that_cannot_be_written(self):
        self.create("readings")
        for arguments in [["ls", self.folder], ["info", "readings"], ["man"], ["completion", "bash"],
                          ["hz", "readings", "--count", "1", "--interval", "10ms"]]:
            with open("/dev/full", "w") as full:
                ended = self.ipmpsc(*arguments, stdout=full)
            self.assertEqual(ended.status, 1, (arguments, ended))


class ManualTest(CommandTest):

    def test_it_has_every_verb_and_option(self):
        page = self.works("man").replace("\\-", "-")
        for verb in re.findall(r"^\.SS (\S+)", page, re.MULTILINE):
            help_text = self.works(verb, "--help")
            section = re.split(r"^\.S[SH] ", page[page.index(".SS %s\n" % verb) + 4:], flags=re.MULTILINE)[0]
            for option in set(re.findall(r"--[a-z][a-z-]+", help_text)) - {"--help"}:
                self.assertIn(option, section, verb)

    def test_mandoc_finds_no_warnings(self):
        page = self.works("man")
        ended = self.run_program(["mandoc", "-T", "lint", "-W", "warning"], text=page)
        self.assertEqual((ended.status, ended.out), (0, ""), ended)
        shown = self.run_program(["mandoc", "-T", "utf8"], text=page).out
        self.assertIn("--filter", re.sub(".\x08", "", shown))


class CompletionTest(CommandTest):

    def bash(self, *words):
        """Completes the last of `words` in bash."""
        script = """
            source <(ipmpsc completion bash)
            COMP_WORDS=("$@")
            COMP_CWORD=$(($# - 1))
            _ipmpsc
            printf '%s\\n' "${COMPREPLY[@]}"
        """
        ended = self.run_program(["bash", "-c", script, "bash"] + list(words))
        self.assertEqual((ended.status, ended.err), (0, ""), ended)
        return ended.out.split()

    def fish(self, line):
        """Completes the last word of the line in fish."""
        script = "ipmpsc completion fish | source; complete -C '%s'" % line
        os.environ["HOME"] = self.folder
        ended = self.run_program(["fish", "-c", script])
        self.assertEqual(ended.status, 0, ended)
        return [line.split("\t")[0] for line in ended.out.splitlines()]

    def test_bash(self):
        self.create("readings")
        self.assertIn("info", self.bash("ipmpsc", ""))
        self.assertIn("receive", self.bash("ipmpsc", "rec"))
        self.assertNotIn("info", self.bash("ipmpsc", "rec"))
        self.assertEqual(self.bash("ipmpsc", "tail", "--m"), ["--meta", "--multiline", "--max-bytes", "--max-items"])
        self.assertEqual(self.bash("ipmpsc", "tail", "--from", ""), ["now", "oldest", "kept"])
        self.assertEqual(self.bash("ipmpsc", "echo", "--from", "k"), ["kept"])
        self.assertEqual(self.bash("ipmpsc", "record", "--from", ""), ["kept", "oldest", "now"])
        self.assertIn("readings", self.bash("ipmpsc", "info", "read"))
        self.assertEqual(self.bash("ipmpsc", "completion", "z"), ["zsh"])
        self.assertEqual(self.bash("ipmpsc", "send", "--file", self.path("rea")), [self.path("readings")])

    def test_fish(self):
        self.create("readings")
        self.assertIn("info", self.fish("ipmpsc "))
        self.assertEqual(sorted(self.fish("ipmpsc tail --from ")), ["kept", "now", "oldest"])
        self.assertIn("readings", self.fish("ipmpsc info read"))
        self.assertIn("--max-bytes", self.fish("ipmpsc tail --max"))
        self.assertNotIn("--rate", self.fish("ipmpsc tail --ra"))

    def test_zsh(self):
        self.create("readings")
        # The functions of zsh's completion, as a terminal would call them.
        script = """
            autoload -Uz compinit && compinit -u -D
            source <(ipmpsc completion zsh)
            [[ $_comps[ipmpsc] == _ipmpsc ]] || exit 9
            _arguments() { print -rl -- "$@" }
            _describe() { print -rl -- $verbs }
            words=("$@"); CURRENT=$#
            _ipmpsc
        """
        def zsh(*words):
            ended = self.run_program(["zsh", "-f", "-c", script, "zsh"] + list(words))
            self.assertEqual((ended.status, ended.err), (0, ""), ended)
            return ended.out.splitlines()
        os.environ["HOME"] = self.folder
        self.assertIn("hz:Shows how many messages are sent and received a second, by the channel's counters.",
                      zsh("ipmpsc", ""))
        self.assertTrue([line for line in zsh("ipmpsc", "tail", "")
                         if line.startswith("--from[") and line.endswith(":value:(now oldest kept)")])


if __name__ == "__main__":
    main()
