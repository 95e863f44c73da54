"""`@libmicrohttpd` over Debian's libmicrohttpd-dev, or an empty library where that is missing."""

load("//third_party/peers:optional_library.bzl", "optional_library")

def optional_microhttpd(name):
    optional_library(
        name = name,
        define = "IPMPSC_HAS_MICROHTTPD",
        header = "/usr/include/microhttpd.h",
        libraries = ["-lmicrohttpd"],
        target = "libmicrohttpd",
    )
