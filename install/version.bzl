"""The installed version, the same as in ipmpsc/version.h and MODULE.bazel."""

VERSION = "0.1.0"

# Two versions with the same are compatible as shared libraries. Before 1.0, that is every minor one.
SHARED_VERSION = "0.1"
