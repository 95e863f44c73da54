"""Builds this tree for Conan 2: `conan create install/conan --build=missing`."""

import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

TREE = ["CMakeLists.txt", "LICENSE", "bridge/*", "cli/*", "cmake/*", "codegen/*", "install/*",
        "ipmpsc/*", "proto/*", "recording/*"]


class Ipmpsc(ConanFile):
    """The library, the plugin of protoc, and on request the command."""

    name = "ipmpsc"
    description = "Channels between processes: many senders, one receiver, a ring in shared memory"
    license = "MIT"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "command": [True, False]}
    default_options = {"shared": False, "fPIC": True, "command": False}

    def _tree(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        """Reads the one version, in ipmpsc/version.h."""
        text = load(self, os.path.join(self._tree(), "ipmpsc", "version.h"))
        self.version = re.search(r'kVersion\[\] = "([^"]+)"', text).group(1)

    def export_sources(self):
        for pattern in TREE:
            copy(self, pattern, self._tree(), self.export_sources_folder)

    def requirements(self):
        self.requires("abseil/[>=20220623]", transitive_headers=True, transitive_libs=True)
        self.requires("protobuf/[>=3.21]", transitive_headers=True, transitive_libs=True)
        if self.options.command:
            for name in ["cli11/[>=2]", "nlohmann_json/[>=3]", "zlib/[>=1.2]", "zstd/[>=1.5]",
                         "libmicrohttpd/[>=0.9]"]:
                self.requires(name)

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.24]")
        self.tool_requires("protobuf/<host_version>")

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["IPMPSC_COMMAND"] = bool(self.options.command)
        toolchain.cache_variables["IPMPSC_BRIDGE"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        # The installed package file defines the targets and ipmpsc_add_library.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("lib", "cmake", "ipmpsc")]
