"""A libFuzzer target that is also a test."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

def ipmpsc_fuzz_target(name, srcs, deps, tags = [], mutation_seconds = 0):
    """Makes targets of one that defines LLVMFuzzerTestOneInput.

    `name` is the fuzzer, which needs --config=fuzz. `name`_corpus_test runs the same over every
    file of corpus/`name`, in any configuration. `name`_mutation_test also runs changed files.

    Args:
      name: of the fuzzer, and of its folder in corpus/.
      srcs: define LLVMFuzzerTestOneInput.
      deps: of these sources.
      tags: of the tests.
      mutation_seconds: how long changed files are run, or 0 for no such test.
    """
    cc_library(
        name = name + "_input",
        testonly = True,
        srcs = srcs,
        visibility = ["//visibility:private"],
        deps = deps,
        # libFuzzer looks some functions up that nothing refers to.
        alwayslink = True,
    )
    cc_binary(
        name = name,
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = [":%s_input" % name],
    )
    corpus = native.glob(["corpus/%s/*" % name])
    cc_test(
        name = name + "_corpus_test",
        size = "small",
        args = ["$(rootpath %s)" % file for file in corpus],
        data = corpus,
        tags = tags,
        deps = [
            ":corpus_main",
            ":%s_input" % name,
        ],
    )
    if mutation_seconds > 0:
        cc_test(
            name = name + "_mutation_test",
            size = "medium",
            args = ["--seconds=%d" % mutation_seconds] + ["$(rootpath %s)" % file for file in corpus],
            data = corpus,
            tags = tags,
            deps = [
                ":corpus_main",
                ":%s_input" % name,
            ],
        )
