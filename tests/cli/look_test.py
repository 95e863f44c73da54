"""The verbs that look: ls, info, tail, hz, bw, delay."""

import json
import os
import select
import signal

from driver import CommandTest, Terminal, main, program

FULL = ('{"name": "a", "count": "-5", "size": 7, "ratio": 0.1, "valid": true, "mode": "MODE_RUNNING",'
        ' "pixels": "AAEC", "first": {"x": 1, "y": 2.5}, "samples": [{"x": 3}, {"x": 4}],'
        ' "labels": {"host": "red"}, "numbers": [1, 2, 3]}')


def count_message(count):
    return '{"name": "n", "count": "%d"}' % count


class LsTest(CommandTest):

    def test_lists_channels_and_who_is_alive(self):
        self.create("empty")
        receiver = self.start_receiver("used")
        self.send("used", count_message(1))
        self.assertEqual(self.read_line(receiver), "n 1")
        out = self.works("ls", self.folder)
        self.assertRegex(out, r"/empty +robot.Reading +open +never attached +0 of 8 +0 B +64 KiB +0\n")
        self.assertRegex(out, r"/used +robot.Reading +open +reading_program %d +0 of 8 .* 1\n" % receiver.pid)
        receiver.kill()
        receiver.wait()
        self.assertRegex(self.works("ls", self.folder), r"reading_program %d died" % receiver.pid)

    def test_alive_leaves_out_channels_of_the_dead(self):
        self.create("empty")
        self.start_receiver("used")
        self.assertEqual(self.works("ls", self.folder, "--names", "--alive"), self.path("used") + "\n")

    def test_looks_in_the_folders_of_the_variable(self):
        self.create("a")
        self.create("b")
        with open(self.path("c"), "w") as file:
            file.write("no channel")
        os.mkfifo(self.path("pipe"))
        names = self.works("ls", "--names").splitlines()
        self.assertEqual([name for name in names if name.startswith(self.folder)],
                         [self.path("a"), self.path("b")])

    def test_the_usual_folder_is_looked_through_once(self):
        path = "/dev/shm/look_test-%d" % os.getpid()
        self.create(path)
        self.addCleanup(os.unlink, path)
        for folder in ["/dev/shm", "/dev/shm/"]:
            os.environ["IPMPSC_DIR"] = folder
            self.assertEqual(self.works("ls", "--names").splitlines().count(path), 1)

    def test_lists_a_damaged_channel(self):
        self.create("good")
        self.create("truncated")
        os.truncate(self.path("truncated"), 8192)
        lines = self.json_lines("ls", self.folder)
        self.assertEqual([(line["path"], line["state"]) for line in lines],
                         [(self.path("good"), "open"), (self.path("truncated"), "damaged")])

    def test_a_name_cannot_drive_the_terminal(self):
        self.create("good")
        path = os.fsencode(self.folder) + b"/a\x1b[31m\xc2\x9b\xff\xc3\xa9"
        os.rename(self.path("good"), path)
        os.truncate(path, 8192)
        ended = self.ipmpsc("ls", self.folder)
        # In the table, and in the error of the truncated file.
        self.assertIn("/a\\x1b[31m\\xc2\\x9b\\xff\u00e9 ", ended.out)
        self.assertIn("/a\\x1b[31m\\xc2\\x9b\\xff\u00e9:", ended.err)
        self.assertNotIn("\x1b", ended.out + ended.err)

    def test_a_missing_folder_fails_beside_others(self):
        self.create("a")
        ended = self.ipmpsc("ls", "--names", "/no/such/folder", self.folder)
        self.assertEqual((ended.status, ended.out), (1, self.path("a") + "\n"))
        self.assertIn("/no/such/folder: cannot read the folder", ended.err)


class InfoTest(CommandTest):

    def test_shows_the_channel_and_its_users(self):
        receiver = self.start_receiver("readings")
        self.send("readings", count_message(1), count_message(2))
        self.read_line(receiver)
        self.read_line(receiver)
        out = self.works("info", "readings")
        self.assertIn("message    robot.Reading\n", out)
        self.assertIn("state      open\n", out)
        self.assertRegex(out, r"receiver +reading_program +%d +alive .* 2 +10 B" % receiver.pid)
        self.assertRegex(out, r"sender 0 +ipmpsc send +detached .* 2 +10 B +0 +0\n")

    def test_json_has_what_the_schema_says(self):
        self.create("readings", "create", "timestamps")
        self.send("readings", FULL)
        info = self.info("readings")
        self.assertEqual(info["path"], self.path("readings"))
        self.assertEqual(info["message"], "robot.Reading")
        self.assertTrue(info["timestamps"])
        self.assertIsNone(info["receiver"])
        self.assertEqual(info["senders"][0]["sent_messages"], 1)
        self.assertEqual(info["senders"][0]["last_sequence"], 1)
        self.assertEqual(info["oldest_record"]["committed"], True)
        self.assertEqual(info["fill_bytes"], info["claim_position"] - info["release_position"])

    def test_counts_what_a_lossy_channel_dropped(self):
        self.create("readings", "create", "lossy")
        self.assertIn("drops messages when full (0 so far)", self.works("info", "readings"))
        # A message takes 64 bytes of 64 KiB.
        ended = self.ipmpsc("send", "readings", "--message", "count: 1", "--repeat", "1025")
        self.assertEqual(ended.status, 1, ended)
        self.assertIn("--message 1: the ring is full", ended.err)
        self.assertIn("drops messages when full (1 so far)", self.works("info", "readings"))
        info = self.info("readings")
        self.assertTrue(info["drops_newest"])
        self.assertEqual((info["dropped_messages"], info["senders"][0]["dropped_messages"]), (1, 1))
        self.assertRegex(self.works("metrics", "readings"), r"\nipmpsc_sender_dropped_messages_total\{.*\} 1\n")

    def test_schema_prints_the_files_of_the_message(self):
        self.create("readings")
        out = self.works("info", "readings", "--schema")
        self.assertIn("message Reading {", out)
        self.assertIn("  map<string, string> labels = 10;", out)
        self.assertNotIn("message FileDescriptorSet", out)

    def test_takes_a_path(self):
        self.create("readings")
        self.assertIn("robot.Reading", self.works("info", self.path("readings")))

    def test_a_service_has_no_messages_of_one_type(self):
        server = self.start([program("frame_server")])
        requests = "camera.frame_service"
        self.await_true(lambda: os.path.exists(self.path(requests)) and self.info(requests)["receiver"] is not None)
        # The client waits for its reply, and then for nothing: its call has a deadline.
        os.kill(server.pid, signal.SIGSTOP)
        client = self.start([program("frame_client")])
        self.await_true(lambda: any(".reply-" in name for name in os.listdir(self.folder)))
        os.kill(client.pid, signal.SIGSTOP)
        replies = next(name for name in os.listdir(self.folder) if ".reply-" in name)
        self.assertEqual(self.info(requests)["message"], "camera.FrameService")
        listed = self.works("ls", self.folder)
        self.assertRegex(listed, r"/camera\.frame_service +calls of camera\.FrameService ")
        self.assertRegex(listed, r"\.reply-[0-9a-f]{16} +replies of camera\.FrameService ")
        self.assertIn("calls of camera.FrameService\n", self.works("info", requests))
        self.assertIn("replies of camera.FrameService\n", self.works("info", replies))
        for name in (requests, replies):
            for verb in (["info", name, "--schema"], ["tail", name, "--no-wait"]):
                ended = self.ipmpsc(*verb)
                self.assertEqual(ended.status, 1, ended)
                self.assertIn("the channel carries calls of a service", ended.err)

    def test_a_channel_of_bytes_has_no_schema(self):
        self.create("raw", "bytes")
        self.assertIn("message    bytes (no schema)\n", self.works("info", "raw"))
        ended = self.ipmpsc("info", "raw", "--schema")
        self.assertEqual(ended.status, 1, ended)
        self.assertIn("the channel has no schema", ended.err)

    def test_statuses(self):
        self.create("truncated")
        os.truncate(self.path("truncated"), 8192)
        with open(self.path("text"), "w") as file:
            file.write("no channel")
        for name, status in [("missing", 3), ("text", 3), ("/tmp", 3), ("truncated", 4)]:
            ended = self.ipmpsc("info", name)
            self.assertEqual((ended.status, ended.out), (status, ""), ended)
            self.assertTrue(ended.err.startswith("ipmpsc info: "), ended)
            self.assertEqual(ended.err.count("\n"), 1, ended)


class TailTest(CommandTest):

    def test_prints_text_that_can_be_sent(self):
        self.create("readings")
        self.create("copy")
        self.send("readings", FULL)
        text = self.works("tail", "readings", "--from", "oldest", "--no-wait")
        self.assertEqual(text, 'name: "a" count: -5 size: 7 ratio: 0.1 valid: true mode: MODE_RUNNING '
                         r'pixels: "\000\001\002" first { x: 1 y: 2.5 } samples { x: 3 } samples { x: 4 } '
                         'labels { key: "host" value: "red" } numbers: 1 numbers: 2 numbers: 3\n')
        self.works("send", "copy", text=text)
        self.assertEqual(self.works("tail", "copy", "--from", "oldest", "--no-wait"), text)

    def test_prints_json_that_can_be_sent(self):
        self.create("readings")
        self.create("copy")
        self.send("readings", FULL)
        text = self.works("tail", "readings", "--from", "kept", "--no-wait", "--json")
        self.assertEqual(json.loads(text), json.loads(FULL))
        self.works("send", "copy", text=text)
        self.assertEqual(self.works("tail", "copy", "--from", "oldest", "--no-wait", "--json"), text)

    def test_echo_is_another_name(self):
        self.create("readings")
        self.send("readings", count_message(3))
        self.assertEqual(self.works("echo", "readings", "--from", "oldest", "--count", "1"),
                         'name: "n" count: 3\n')

    def test_meta_tells_position_sender_time_and_number(self):
        self.create("readings", "create", "timestamps")
        self.send("readings", count_message(1), count_message(2))
        lines = self.json_lines("tail", "readings", "--meta", "--from", "oldest", "--no-wait")
        self.assertEqual([line["sequence"] for line in lines], [1, 2])
        self.assertEqual([line["message"]["count"] for line in lines], ["1", "2"])
        self.assertLess(lines[0]["position"], lines[1]["position"])
        self.assertEqual(lines[0]["payload_bytes"], 5)
        self.assertLessEqual(lines[0]["sent_at"], lines[1]["sent_at"])
        out = self.works("tail", "readings", "--meta", "--from", "oldest", "--no-wait")
        self.assertRegex(out, r"# position 0, sender 0, 5 bytes, sent at 2\S+Z, number 1\nname: ")

    def test_filters(self):
        self.create("readings")
        self.send("readings", FULL, count_message(10))
        for text, names in [("count<0", "a"), ("count>=10", "n"), ("count=-5", "a"), ("count!=-5", "n"),
                            ("name=a", "a"), ('name = "n"', "n"), ("name~a", "a"), ("size<=6", "n"),
                            ("size>6", "a"), ("ratio=0.1", "a"), ("valid=true", "a"), ("valid=false", "n"),
                            ("mode=MODE_RUNNING", "a"), ("mode=0", "n"), (r'pixels="\001"', ""),
                            (r'pixels~"\001"', "a"), ("first.x=1", "a"), ("first.x=0", ""), ("first", "a"),
                            ("samples.x=4", "a"), ("samples.x=5", ""), ("labels.value=red", "a"),
                            ("labels.key~os", "a"), ("numbers>2", "a"), ("numbers", "a")]:
            out = self.works("tail", "readings", "--json", "--from", "oldest", "--no-wait", "--filter", text)
            self.assertEqual("".join(json.loads(line)["name"] for line in out.splitlines()), names, text)

    def test_all_of_several_filters_must_hold(self):
        self.create("readings")
        self.send("readings", FULL, count_message(10))
        out = self.works("tail", "readings", "--from", "oldest", "--no-wait", "--filter", "count>-10",
                         "--filter", "count<10")
        self.assertEqual(out.count("\n"), 1, out)

    def test_cuts_long_values_and_says_so(self):
        self.create("readings")
        message = json.dumps({"name": "\u00e9" * 200, "pixels": "AAAA" * 100, "numbers": list(range(1, 41)),
                              "labels": {"a": "x" * 300}})
        self.send("readings", message)
        tail = ["readings", "--from", "oldest", "--no-wait"]
        out = self.works("tail", *tail)
        self.assertIn("\u00e9" * 128 + '"', out)
        self.assertIn("numbers: 32  # cut: name 256 of 400 bytes, pixels 256 of 300 bytes, labels[0].value "
                      "256 of 300 bytes, numbers 32 of 40 items\n", out)
        self.assertNotIn("cut", self.works("tail", "--full", *tail))
        # A limit within a character keeps whole characters.
        out = self.works("tail", "--max-bytes", "3", "--max-items", "1", *tail)
        self.assertIn('name: "\u00e9" pixels: "\\000\\000\\000" labels { key: "a" value: "xxx" } numbers: 1  # cut: '
                      "name 2 of 400 bytes,", out)
        self.assertEqual(json.loads(self.works("tail", "--json", *tail)), json.loads(message))
        line = self.json_lines("tail", "--meta", "--max-bytes", "3", "--max-items", "0", *tail)[0]
        self.assertEqual(line["message"], {"name": "\u00e9", "pixels": "AAAA"})
        self.assertEqual([cut["field"] for cut in line["cut"]], ["name", "pixels", "labels", "numbers"])

    def test_multiline_and_defaults(self):
        self.create("readings")
        self.send("readings", count_message(1))
        tail = ["readings", "--from", "oldest", "--no-wait"]
        self.assertEqual(self.works("tail", "--multiline", *tail), 'name: "n"\ncount: 1\n---\n')
        message = json.loads(self.works("tail", "--json", "--defaults", *tail))
        self.assertEqual((message["size"], message["mode"], message["samples"]), (0, "MODE_IDLE", []))

    def test_waits_for_new_messages_and_takes_no_part(self):
        receiver = self.start_receiver("readings")
        tail = self.start([program("ipmpsc"), "tail", "readings", "--count", "2"])
        # Repeats, since nothing tells when the tap has begun.
        self.await_true(lambda: self.send("readings", count_message(1)) or
                        tail.poll() is not None)
        ended = self.finish(tail)
        self.assertEqual((ended.status, ended.out), (0, 'name: "n" count: 1\n' * 2), ended)
        info = self.info("readings")
        self.assertEqual(info["receiver"]["state"], "alive")
        self.await_true(lambda: self.info("readings")["fill_bytes"] == 0)
        self.assertEqual(self.info("readings")["receiver"]["epoch"], 1)
        self.assertEqual(len(info["senders"]), 1)
        self.assertEqual(self.read_line(receiver), "n 1")

    def test_times_out(self):
        self.create("readings")
        ended = self.ipmpsc("tail", "readings", "--timeout", "50ms")
        self.assertEqual((ended.status, ended.out), (5, ""))
        self.assertIn("no message to print came within 50 ms", ended.err)

    def test_ctrl_c_in_a_terminal_ends_it(self):
        self.create("readings")
        self.send("readings", count_message(1))
        terminal = Terminal(self, [program("ipmpsc"), "tail", "readings", "--from", "oldest"])
        self.assertEqual(terminal.read_until("\n"), 'name: "n" count: 1\r\n')
        terminal.type("\x03")
        self.assertEqual(terminal.wait(), 0)

    def test_an_end_of_the_output_ends_it(self):
        self.create("readings")
        self.send("readings", *[count_message(i) for i in range(3)])
        with open("/dev/full", "w") as full:
            ended = self.ipmpsc("tail", "readings", "--from", "oldest", stdout=full)
        self.assertEqual(ended.status, 1, ended)
        self.assertIn("cannot write to standard output", ended.err)

    def test_follow_waits_for_the_channel_and_its_successor(self):
        tail = self.start([program("ipmpsc"), "tail", "readings", "--follow"])
        self.create("readings")
        self.await_true(lambda: self.send("readings", count_message(1)) or
                        self.readable(tail))
        self.assertEqual(self.read_line(tail), 'name: "n" count: 1')
        self.create("readings")  # in its place
        self.send("readings", count_message(2))
        line = self.read_line(tail)
        while line == 'name: "n" count: 1':
            line = self.read_line(tail)
        self.assertEqual(line, 'name: "n" count: 2')
        os.unlink(self.path("readings"))  # The next one is no replacement.
        self.create("readings")
        self.send("readings", count_message(3))
        self.assertEqual(self.read_line(tail), 'name: "n" count: 3')

    def readable(self, process):
        return bool(select.select([process.stdout], [], [], 0)[0])

    def test_without_follow_it_ends_when_the_channel_is_replaced(self):
        self.create("readings")
        self.send("readings", count_message(1))
        tail = self.start([program("ipmpsc"), "tail", "readings", "--from", "oldest"])
        self.read_line(tail)
        self.create("readings")
        ended = self.finish(tail)
        self.assertEqual(ended.status, 0, ended)
        self.assertIn("replaced", ended.err)

    def test_tells_losses_and_strict_fails(self):
        receiver = self.start_receiver("readings")
        self.send("readings", count_message(0))
        tail = self.start([program("ipmpsc"), "tail", "readings", "--from", "kept", "--strict", "--json",
                           "--meta", "--filter", "count<5000"])
        self.read_line(tail)
        os.kill(tail.pid, signal.SIGSTOP)
        # Many times around the ring of 64 KiB.
        lines = "".join(count_message(i) + "\n" for i in range(1, 5001))
        self.works("send", "readings", text=lines)
        os.kill(tail.pid, signal.SIGCONT)
        self.await_true(lambda: self.send("readings", count_message(1)) or self.readable(tail))
        line = json.loads(self.read_line(tail))
        self.assert_fits(line, "tail")
        self.assertGreater(line["lost_before_bytes"], 65536)
        tail.send_signal(signal.SIGINT)
        ended = self.finish(tail)
        self.assertEqual(ended.status, 6, ended)
        self.assertRegex(ended.err, r"senders overwrote (about )?[\d,]+ messages \(")
        self.assertIsNone(receiver.poll())

    def test_post_mortem_prints_what_the_dead_left(self):
        receiver = self.start_receiver("readings", "slow")
        self.send("readings", *[count_message(i) for i in range(5)])
        self.read_line(receiver)
        self.read_line(receiver)
        ended = self.ipmpsc("tail", "readings", "--post-mortem")
        self.assertEqual(ended.status, 1, ended)  # It is alive.
        receiver.kill()
        receiver.wait()
        lines = self.json_lines("tail", "readings", "--post-mortem", "--meta")
        self.assertEqual([line["message"].get("count", "0") for line in lines], ["0", "1", "2", "3", "4"])
        self.assertEqual([line["released"] for line in lines], sorted([line["released"] for line in lines],
                                                                      reverse=True))
        self.assertTrue(lines[0]["released"])
        self.assertFalse(lines[4]["released"])

    def test_a_channel_of_bytes(self):
        self.create("raw", "bytes")
        self.works("send", "raw", text="one\ntwo\x01\n")
        tail = ["raw", "--from", "oldest", "--no-wait"]
        self.assertEqual(self.works("tail", *tail), '"one"\n"two\\x01"\n')
        self.assertEqual(self.works("tail", "--json", *tail), '"b25l"\n"dHdvAQ=="\n')
        self.assertEqual(self.json_lines("tail", "--meta", *tail)[0]["message"], "b25l")
        ended = self.ipmpsc("tail", "raw", "--filter", "a=1")
        self.assertEqual(ended.status, 2, ended)


class RatesTest(CommandTest):

    def totals(self, verb, member, messages, expected):
        """Sends so many messages while `verb` runs. Returns its lines until `member` has the sum expected."""
        self.start_receiver("readings", "receive", "timestamps")
        watch = self.start([program("ipmpsc"), verb, "readings", "--json", "--interval", "100ms"])
        lines = [json.loads(self.read_line(watch))]
        self.works("send", "readings", "--message", count_message(1), "--repeat", str(messages))
        self.await_true(lambda: lines.append(json.loads(self.read_line(watch))) or
                        sum(line[member] for line in lines) >= expected)
        for line in lines:
            self.assert_fits(line, verb)
        watch.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(watch).status, 0)
        return lines

    def test_hz_counts_each_message_once(self):
        lines = self.totals("hz", "received_messages", 1000, 1000)
        self.assertEqual(sum(line["sent_messages"] for line in lines), 1000)
        self.assertEqual(sum(line["received_messages"] for line in lines), 1000)
        for line in lines:
            self.assertAlmostEqual(line["sent_per_second"], line["sent_messages"] / line["seconds"])

    def test_bw_counts_each_byte_once(self):
        lines = self.totals("bw", "received_bytes", 1000, 5000)
        self.assertEqual(sum(line["sent_bytes"] for line in lines), 5 * 1000)
        self.assertIn(5, [line["mean_message_bytes"] for line in lines])

    def test_delay_measures_a_slow_receiver(self):
        self.start_receiver("readings", "slow", "timestamps")
        watch = self.start([program("ipmpsc"), "delay", "readings", "--json", "--interval", "100ms"])
        lines = [json.loads(self.read_line(watch))]
        self.send("readings", *[count_message(i) for i in range(3)])
        self.await_true(lambda: lines.append(json.loads(self.read_line(watch))) or
                        sum(line["messages"] for line in lines) == 3)
        for line in lines:
            self.assert_fits(line, "delay")
        # Each waits 200 ms, and for those before it.
        delays = [line["max_seconds"] for line in lines if line["messages"] > 0]
        self.assertGreater(min(delays), 0.2)
        self.assertGreater(max(delays), 0.6)
        self.assertGreater(max(line["oldest_waiting_seconds"] for line in lines), 0.2)

    def test_delay_needs_timestamps(self):
        self.create("readings")
        ended = self.ipmpsc("delay", "readings")
        self.assertEqual(ended.status, 1, ended)
        self.assertIn("ChannelOptions::timestamps", ended.err)

    def test_tables_in_a_terminal(self):
        self.create("readings")
        for verb, header in [("hz", "sent/s"), ("bw", "mean message")]:
            terminal = Terminal(self, [program("ipmpsc"), verb, "readings", "--interval", "20ms",
                                       "--count", "2"])
            self.assertEqual(terminal.wait(), 0)
            self.assertIn(header, terminal.text)
            self.assertEqual(terminal.text.count("\n"), 3, terminal.text)

    def test_silence_times_out(self):
        self.create("readings")
        for verb, interval in [("hz", "10ms"), ("bw", "10ms"), ("hz", "1h"), ("bw", "inf")]:
            ended = self.ipmpsc(verb, "readings", "--interval", interval, "--timeout", "50ms")
            self.assertEqual(ended.status, 5, ended)
            self.assertIn("no message was sent for 50 ms", ended.err)


if __name__ == "__main__":
    main()
