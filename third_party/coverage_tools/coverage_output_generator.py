#!/usr/bin/env python3
"""Makes an lcov file of what a test covered, or of several such files.

Stands in for Bazel's own CoverageOutputGenerator, which is downloaded. Bazel calls it in two ways:

    --coverage_dir=DIR --output_file=F --source_file_manifest=M   behind each test
    --reports_file=LIST --output_file=F                           for --combined_report=lcov

It reads what gcov 9 and later write (.gcov.json.gz) and lcov files (.dat), and adds up their counts.
"""

import argparse
import collections
import gzip
import json
import os
import shutil
import sys


class Source:
    """What is known of one source file."""

    def __init__(self):
        self.lines = collections.Counter()
        self.functions = {}  # name: line
        self.calls = collections.Counter()


def read_gcov(path, sources):
    with gzip.open(path, "rt") as file:
        for entry in json.load(file)["files"]:
            source = sources[entry["file"]]
            for line in entry["lines"]:
                source.lines[line["line_number"]] += line["count"]
            for function in entry.get("functions", []):
                source.functions[function["name"]] = function["start_line"]
                source.calls[function["name"]] += function["execution_count"]


def read_lcov(path, sources):
    source = None
    with open(path) as file:
        for text in file:
            kind, _, value = text.rstrip("\n").partition(":")
            if kind == "SF":
                source = sources[value]
            elif kind == "DA":
                line, count = value.split(",")[:2]
                source.lines[int(line)] += int(count)
            elif kind == "FN":
                line, name = value.split(",", 1)
                source.functions[name] = int(line)
            elif kind == "FNDA":
                count, name = value.split(",", 1)
                source.calls[name] += int(count)


def write_lcov(path, sources):
    with open(path, "w") as file:
        for name, source in sorted(sources.items()):
            file.write("SF:%s\n" % name)
            for function, line in sorted(source.functions.items()):
                file.write("FN:%d,%s\n" % (line, function))
            for function in sorted(source.functions):
                file.write("FNDA:%d,%s\n" % (source.calls[function], function))
            called = sum(1 for function in source.functions if source.calls[function] > 0)
            file.write("FNF:%d\nFNH:%d\n" % (len(source.functions), called))
            for line, count in sorted(source.lines.items()):
                file.write("DA:%d,%d\n" % (line, count))
            covered = sum(1 for count in source.lines.values() if count > 0)
            file.write("LH:%d\nLF:%d\nend_of_record\n" % (covered, len(source.lines)))


def lines_of(path):
    with open(path) as file:
        return [line.strip() for line in file if line.strip()]


def files_below(folder, suffix, output):
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(where, name)
            if name.endswith(suffix) and os.path.realpath(path) != os.path.realpath(output):
                yield path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--coverage_dir")
    parser.add_argument("--output_file", required=True)
    parser.add_argument("--reports_file")
    parser.add_argument("--source_file_manifest")
    options, _ = parser.parse_known_args()

    sources = collections.defaultdict(Source)
    if options.reports_file:
        for report in lines_of(options.reports_file):
            read_lcov(report, sources)
    if options.coverage_dir:
        for path in files_below(options.coverage_dir, ".profdata", options.output_file):
            shutil.copyfile(path, options.output_file)  # Of LLVM, which Bazel passes on as it is.
            return 0
        for path in files_below(options.coverage_dir, ".gcov.json.gz", options.output_file):
            read_gcov(path, sources)
        for path in files_below(options.coverage_dir, ".dat", options.output_file):
            read_lcov(path, sources)
    if options.source_file_manifest:
        wanted = set(lines_of(options.source_file_manifest))
        sources = {name: source for name, source in sources.items() if name in wanted}
    write_lcov(options.output_file, sources)
    return 0


if __name__ == "__main__":
    sys.exit(main())
