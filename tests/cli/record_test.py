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
            "created": True, "sent_messages": 2, "sent_bytes": 4}])
        self.assertEqual(self.works("tail", "copy", "--from", "oldest", "--no-wait"), "count: 1\ncount: 2\n")

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
