"""What only this tree's own examples, tests and benchmarks depend on."""

load("//tests/codegen/editions:repository.bzl", "edition_protos")
load("//tests/codegen/installed:repository.bzl", "installed_protos")
load("//third_party/libpng:libpng.bzl", "debian_libpng")
load("//third_party/peers:optional_library.bzl", "optional_library")

def development_dependencies():
    """Defines the repositories, over what Debian installs."""
    debian_libpng(name = "libpng")

    # Inputs of the tests of the plugin.
    edition_protos(name = "edition_protos")

    installed_protos(
        name = "debian_ignition_msgs_protos",
        folder = "ignition/msgs",
        root = "/usr/include/ignition/msgs8",
    )

    installed_protos(
        name = "debian_onnx_protos",
        folder = "onnx",
    )

    installed_protos(
        name = "debian_protobuf_c_protos",
        folder = "protobuf-c",
    )

    # The event loops of others, for examples/waiting.
    optional_library(
        name = "asio",
        define = "IPMPSC_HAS_ASIO",
        header = "/usr/include/asio.hpp",
        libraries = ["-pthread"],
        target = "asio",
    )
    optional_library(
        name = "libuv",
        define = "IPMPSC_HAS_LIBUV",
        header = "/usr/include/uv.h",
        libraries = ["-luv"],
        target = "libuv",
    )

    # The peers of benchmarks/.
    optional_library(
        name = "boost",
        define = "IPMPSC_HAS_BOOST",
        header = "/usr/include/boost/interprocess/ipc/message_queue.hpp",
        libraries = ["-lrt"],
        target = "interprocess",
    )
    optional_library(
        name = "com_github_zeromq_libzmq",
        define = "IPMPSC_HAS_ZEROMQ",
        header = "/usr/include/zmq.h",
        libraries = ["-lzmq"],
        target = "libzmq",
    )
    optional_library(
        name = "com_github_grpc_grpc",
        define = "IPMPSC_HAS_GRPC",
        header = "/usr/include/grpcpp/grpcpp.h",
        libraries = [
            "-lgrpc++",
            "-lgrpc",
            "-lgpr",
        ],
        target = "grpc++",
        tools = {"grpc_cpp_plugin": "/usr/bin/grpc_cpp_plugin"},
    )
    optional_library(
        name = "iceoryx",
        define = "IPMPSC_HAS_ICEORYX",
        header = "/usr/include/iceoryx/v2.0.3/iceoryx_posh/runtime/posh_runtime.hpp",
        include = "/usr/include/iceoryx/v2.0.3",
        libraries = [
            "-liceoryx_posh",
            "-liceoryx_hoofs",
        ],
        target = "iceoryx_posh",
    )
    optional_library(
        name = "protozero",
        define = "IPMPSC_HAS_PROTOZERO",
        header = "/usr/include/protozero/pbf_reader.hpp",
        target = "protozero",
    )

    # The engines of bridge/.
    optional_library(
        name = "com_github_nats_io_nats_c",
        define = "IPMPSC_HAS_NATS",
        header = "/usr/include/nats/nats.h",
        libraries = ["-lnats"],
        target = "nats",
    )
    optional_library(
        name = "com_github_confluentinc_librdkafka",
        define = "IPMPSC_HAS_KAFKA",
        header = "/usr/include/librdkafka/rdkafka.h",
        libraries = ["-lrdkafka"],
        target = "rdkafka",
    )

    # The schema registry of bridge/. Debian has the headers in the folder of the architecture.
    optional_library(
        name = "curl",
        define = "IPMPSC_HAS_CURL",
        header = "/usr/bin/curl-config",
        libraries = ["-lcurl"],
        target = "curl",
    )
