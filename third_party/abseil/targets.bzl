"""The targets of Abseil that users depend on.

Each name is followed by its public headers and by the name of its pkg-config file (without
the leading `absl_`) where that is another one. The names and headers are upstream's at 20220623. An
optional target is empty where Abseil is older than it.
"""

def _target(hdrs, pc = None, optional = False):
    return struct(hdrs = hdrs, pc = pc, optional = optional)

PACKAGES = {
    "algorithm": {
        "algorithm": _target(["algorithm.h"]),
        "container": _target(["container.h"], pc = "algorithm_container"),
    },
    "base": {
        "base": _target(["call_once.h", "casts.h"]),
        "config": _target(["config.h", "options.h", "policy_checks.h"]),
        "core_headers": _target([
            "attributes.h",
            "const_init.h",
            "macros.h",
            "optimization.h",
            "port.h",
            "thread_annotations.h",
        ]),
        "dynamic_annotations": _target(["dynamic_annotations.h"]),
        "log_severity": _target(["log_severity.h"]),
    },
    "cleanup": {
        "cleanup": _target(["cleanup.h"]),
    },
    "container": {
        "btree": _target(["btree_map.h", "btree_set.h"]),
        "fixed_array": _target(["fixed_array.h"]),
        "flat_hash_map": _target(["flat_hash_map.h"]),
        "flat_hash_set": _target(["flat_hash_set.h"]),
        "inlined_vector": _target(["inlined_vector.h"]),
        "node_hash_map": _target(["node_hash_map.h"]),
        "node_hash_set": _target(["node_hash_set.h"]),
    },
    "debugging": {
        "failure_signal_handler": _target(["failure_signal_handler.h"]),
        "leak_check": _target(["leak_check.h"]),
        "stacktrace": _target(["stacktrace.h"]),
        "symbolize": _target(["symbolize.h"]),
    },
    "flags": {
        "commandlineflag": _target(["commandlineflag.h"], pc = "flags_commandlineflag"),
        "config": _target(["config.h", "usage_config.h"], pc = "flags_config"),
        "flag": _target(["declare.h", "flag.h"], pc = "flags"),
        "marshalling": _target(["marshalling.h"], pc = "flags_marshalling"),
        "parse": _target(["parse.h"], pc = "flags_parse"),
        "reflection": _target(["reflection.h"], pc = "flags_reflection"),
        "usage": _target(["usage.h"], pc = "flags_usage"),
    },
    "functional": {
        "any_invocable": _target(["any_invocable.h"]),
        "bind_front": _target(["bind_front.h"]),
        "function_ref": _target(["function_ref.h"]),
    },
    "hash": {
        "hash": _target(["hash.h"]),
    },
    "log": {
        "globals": _target(["globals.h"], pc = "log_globals", optional = True),
    },
    "memory": {
        "memory": _target(["memory.h"]),
    },
    "meta": {
        "type_traits": _target(["type_traits.h"]),
    },
    "numeric": {
        "bits": _target(["bits.h"]),
        "int128": _target(["int128.h"]),
    },
    "random": {
        "bit_gen_ref": _target(["bit_gen_ref.h"], pc = "random_bit_gen_ref"),
        "distributions": _target([
            "bernoulli_distribution.h",
            "beta_distribution.h",
            "discrete_distribution.h",
            "distributions.h",
            "exponential_distribution.h",
            "gaussian_distribution.h",
            "log_uniform_int_distribution.h",
            "poisson_distribution.h",
            "uniform_int_distribution.h",
            "uniform_real_distribution.h",
            "zipf_distribution.h",
        ], pc = "random_distributions"),
        "random": _target(["random.h"], pc = "random_random"),
        "seed_gen_exception": _target(["seed_gen_exception.h"], pc = "random_seed_gen_exception"),
        "seed_sequences": _target(["seed_sequences.h"], pc = "random_seed_sequences"),
    },
    "status": {
        "status": _target(["status.h", "status_payload_printer.h"]),
        "statusor": _target(["statusor.h"]),
    },
    "strings": {
        "cord": _target(["cord.h", "cord_analysis.h", "cord_buffer.h"]),
        "str_format": _target(["str_format.h"]),
        "strings": _target([
            "ascii.h",
            "charconv.h",
            "escaping.h",
            "match.h",
            "numbers.h",
            "str_cat.h",
            "str_join.h",
            "str_replace.h",
            "str_split.h",
            "string_view.h",
            "strip.h",
            "substitute.h",
        ]),
    },
    "synchronization": {
        "synchronization": _target([
            "barrier.h",
            "blocking_counter.h",
            "mutex.h",
            "notification.h",
        ]),
    },
    "time": {
        "time": _target(["civil_time.h", "clock.h", "time.h"]),
    },
    "types": {
        "any": _target(["any.h"]),
        "bad_any_cast": _target(["bad_any_cast.h"]),
        "bad_optional_access": _target(["bad_optional_access.h"]),
        "bad_variant_access": _target(["bad_variant_access.h"]),
        "compare": _target(["compare.h"]),
        "optional": _target(["optional.h"]),
        "span": _target(["span.h"]),
        "variant": _target(["variant.h"]),
    },
    "utility": {
        "utility": _target(["utility.h"]),
    },
}
