"""The JSON of record and replay. tests/recording tests what they do."""

from driver import CommandTest, main


class RecordTest(CommandTest):

    def test_json_has_what_the_schema_says(self):
        self.create("readings")
        self.send("readings", "count: 1", "count: 2")
        file = self.path("readings.mcap")
        recorded = self.json_lines("record", "readings", "--output", file, "--duration", "100ms")[-1]
        self.assertEqual((recorded["kind"], recorded["written_messages"]), ("end", 2))
        self.assertEqual(recorded["files"], [file])
        self.assertEqual(recorded["channels"][0]["path"], self.path("readings"))
        self.assertEqual(recorded["channels"][0]["messages"], 2)

        replayed = self.json_lines("replay", file, "--speed", "max", "--rename", self.path("readings") + "=copy")[-1]
        self.assertEqual((replayed["kind"], replayed["sent_messages"]), ("end", 2))
        self.assertEqual(replayed["channels"], [{
            "topic": self.path("readings"), "path": self.path("copy"), "message": "robot.Reading",
            "created": True, "sent_messages": 2, "sent_bytes": 4, "dropped_messages": 0}])
        self.assertEqual(self.works("tail", "copy", "--from", "oldest", "--no-wait"), "count: 1\ncount: 2\n")

    def test_counts_what_a_lossy_channel_drops(self):
        self.create("readings")
        self.send("readings", "count: 1", "count: 2")
        file = self.path("readings.mcap")
        self.works("record", "readings", "--output", file, "--duration", "100ms")
        self.create("lossy", "create", "lossy")
        # A message takes 64 bytes of 64 KiB.
        self.works("send", "lossy", "--message", "count: 3", "--repeat", "1024")
        replay = [file, "--speed", "max", "--rename", self.path("readings") + "=lossy"]
        replayed = self.json_lines("replay", *replay)[-1]
        self.assertEqual((replayed["sent_messages"], replayed["dropped_messages"]), (0, 2))
        self.assertEqual(replayed["channels"][0]["dropped_messages"], 2)
        self.assertIn("dropped 2 messages, for which lossy channels had no space\n", self.works("replay", *replay))
        self.assertEqual(self.info("lossy")["dropped_messages"], 4)

    def test_json_of_what_the_dead_left(self):
        self.create("readings")
        self.send("readings", "count: 1")
        line = self.json_lines("record", "readings", "--output", self.path("dead.mcap"), "--post-mortem")[0]
        self.assertEqual(line["kind"], "post_mortem")
        self.assertEqual(line["channels"], [{
            "path": self.path("readings"), "messages": 1, "released_messages": 0, "orphans": 0, "bytes": 2,
            "damage": ""}])


if __name__ == "__main__":
    main()
