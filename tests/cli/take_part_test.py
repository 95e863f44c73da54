"""The verbs that take part: send, receive."""

import json

from driver import CommandTest, main, program


class SendTest(CommandTest):

    def counts(self, name):
        out = self.works("tail", name, "--from", "oldest", "--no-wait", "--json", "--defaults")
        return [json.loads(line)["count"] for line in out.splitlines()]

    def test_reaches_a_program_that_knows_nothing_of_it(self):
        receiver = self.start_receiver("readings")
        self.works("send", "readings", text='{"name": "json", "count": 1}\nname: "text" count: 2\n')
        self.assertEqual(self.read_line(receiver), "json 1")
        self.assertEqual(self.read_line(receiver), "text 2")

    def test_leaves_out_empty_lines_and_comments(self):
        self.create("readings")
        out = self.works("send", "readings", text="\n# a comment\n  \ncount: 3\n")
        self.assertEqual(out, "sent 1 message (2 B)\n")

    def test_refuses_with_the_number_of_the_line(self):
        self.create("readings")
        for line, error in [('{"coumt": 1}', "coumt"), ("coumt: 1", 'no field named "coumt"'),
                            ('{"count": "x"}', "count"), ('count: "x"', "Expected integer"),
                            ('{"count": 1', "line 3"), ('{"size": -1}', "size"),
                            ("count: 99999999999999999999", "Integer"), ('{"mode": "MODE_NO"}', "MODE_NO"),
                            ('["count"]', "line 3"), ('name: "\\377"', "line 3")]:
            ended = self.ipmpsc("send", "readings", "--json", text="count: 1\n\n%s\ncount: 2\n" % line)
            self.assertEqual(ended.status, 2, (line, ended))
            self.assertIn("ipmpsc send: standard input line 3: ", ended.err)
            self.assertIn(error, ended.err)
            self.assertEqual(ended.err.count("\n"), 1, ended)
            # The lines before the wrong one were sent, and none behind it.
            self.assert_fits(ended.lines()[0], "send")
            self.assertEqual(ended.lines()[0]["sent_messages"], 1)

    def test_check_sends_nothing(self):
        self.create("readings")
        self.assertEqual(self.json_lines("send", "readings", "--check", text="count: 1\ncount: 2\n"),
                         [{"checked_messages": 2, "checked_bytes": 4}])
        ended = self.ipmpsc("send", "readings", "--check", text="count: 1\ncoumt: 2\n")
        self.assertEqual(ended.status, 2, ended)
        self.assertEqual(self.info("readings")["senders"], [])

    def test_reads_a_file(self):
        self.create("readings")
        with open(self.path("lines"), "w") as file:
            file.write("count: 1\ncount: 2")  # The last line has no end.
        self.works("send", "readings", "--file", self.path("lines"))
        self.assertEqual(self.counts("readings"), ["1", "2"])
        ended = self.ipmpsc("send", "readings", "--file", "/no/such/file")
        self.assertEqual(ended.status, 2, ended)
        self.assertIn("/no/such/file: cannot read the file", ended.err)

    def test_repeats_at_a_rate(self):
        self.create("readings")
        self.works("send", "readings", "-m", "count: 1", "-m", "count: 2", "--repeat", "3", "--rate", "100")
        self.assertEqual(self.counts("readings"), ["1", "2"] * 3)

    def test_has_the_name_that_it_was_given(self):
        self.create("readings")
        self.works("send", "readings", "-m", "count: 1", "--name", "test bench")
        self.assertEqual(self.info("readings")["senders"][0]["name"], "test bench")

    def test_a_full_ring_times_out(self):
        self.create("readings")
        ended = self.ipmpsc("send", "readings", "--message", "count: 1", "--repeat", "2000",
                            "--timeout", "20ms", "--json")
        self.assertEqual(ended.status, 5, ended)
        self.assertIn("start the channel's receiver, or raise --timeout", ended.err)
        # A message takes 64 bytes of 64 KiB.
        self.assertEqual(ended.lines()[0]["sent_messages"], 1024)

    def test_refuses_a_message_that_is_too_long(self):
        self.create("readings")
        ended = self.ipmpsc("send", "readings", text='name: "%s"\n' % ("x" * 70000))
        self.assertEqual(ended.status, 2, ended)
        self.assertIn("line 1: the message has 70004 bytes, and the channel takes up to 655", ended.err)

    def test_lines_of_bytes(self):
        self.create("raw", "bytes")
        self.works("send", "raw", text="one\n\n#two\n")
        self.assertEqual(self.works("tail", "raw", "--from", "oldest", "--no-wait"), '"one"\n""\n"#two"\n')
        ended = self.ipmpsc("send", "raw", "--format", "json", text="{}\n")
        self.assertEqual(ended.status, 2, ended)
        self.create("readings")
        # With --format raw the lines are sent as they are: two bytes that are "count: 1".
        self.works("send", "readings", "--format", "raw", text="\x10\x01\n")
        self.assertEqual(self.counts("readings"), ["1"])

    def test_waits_for_the_channel(self):
        sender = self.start([program("ipmpsc"), "send", "readings", "--wait", "60s", "-m", "count: 1"])
        self.create("readings")
        self.assertEqual(self.finish(sender).status, 0)
        for check in [[], ["--check"]]:
            ended = self.ipmpsc("send", "missing", "--wait", "20ms", "-m", "count: 1", *check)
            self.assertEqual(ended.status, 5, ended)


class ReceiveTest(CommandTest):

    def test_takes_messages_and_says_so(self):
        self.create("readings", "create", "timestamps")
        self.send("readings", '{"count": "1"}', '{"count": "2"}', '{"count": "3"}')
        ended = self.ipmpsc("receive", "readings", "--count", "1")
        self.assertEqual((ended.status, ended.out), (0, "count: 1\n"), ended)
        self.assertIn("it takes the messages out of the channel", ended.err)
        self.assertIn("took 1 message\n", ended.err)
        lines = self.json_lines("receive", "readings", "--no-wait", "--meta", "--quiet")
        self.assertEqual([line["message"]["count"] for line in lines], ["2", "3"])
        self.assertEqual([line["sequence"] for line in lines], [2, 3])
        for line in lines:
            self.assert_fits(line, "tail")
        self.assertEqual(self.info("readings")["fill_bytes"], 0)
        self.assertEqual(self.info("readings")["receiver"]["received_messages"], 3)

    def json_lines(self, verb, *arguments, **how):
        if verb == "receive":
            ended = self.ipmpsc(verb, "--json", *arguments, **how)
            self.assertEqual((ended.status, ended.err), (0, ""), ended)
            return ended.lines()
        return super().json_lines(verb, *arguments, **how)

    def test_refuses_beside_another_receiver(self):
        receiver = self.start_receiver("readings")
        ended = self.ipmpsc("receive", "readings")
        self.assertEqual(ended.status, 1, ended)
        self.assertIn("process %d" % receiver.pid, ended.err)
        self.assertIn("`ipmpsc tail` shows messages beside a receiver", ended.err)

    def test_a_message_that_cannot_be_written_stays(self):
        self.create("readings")
        self.send("readings", '{"count": "1"}')
        with open("/dev/full", "w") as full:
            ended = self.ipmpsc("receive", "readings", "--no-wait", stdout=full)
        self.assertEqual(ended.status, 1, ended)
        self.assertIn("stays in the channel", ended.err)
        self.assertEqual(self.works("receive", "readings", "--no-wait"), "count: 1\n")

    def test_a_wrong_filter_takes_nothing(self):
        self.create("readings")
        self.send("readings", '{"count": "1"}')
        ended = self.ipmpsc("receive", "readings", "--filter", "coumt=1")
        self.assertEqual(ended.status, 2, ended)
        self.assertIsNone(self.info("readings")["receiver"])

    def test_times_out(self):
        self.create("readings")
        ended = self.ipmpsc("receive", "readings", "--timeout", "50ms")
        self.assertEqual(ended.status, 5, ended)

    def test_tells_of_messages_that_do_not_fit(self):
        self.create("readings")
        self.works("send", "readings", "--format", "raw", text="\x10\n")
        ended = self.ipmpsc("receive", "readings", "--no-wait")
        self.assertEqual((ended.status, ended.out), (1, ""), ended)
        self.assertIn("position 0: these 1 bytes are no robot.Reading", ended.err)


if __name__ == "__main__":
    main()
