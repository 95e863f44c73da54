# An overlay port that builds this very tree. Untested with vcpkg itself:
#
#   vcpkg install ipmpsc --overlay-ports=install/vcpkg
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS options FEATURES command IPMPSC_COMMAND)
string(COMPARE EQUAL "${VCPKG_LIBRARY_LINKAGE}" dynamic shared)
if(VCPKG_CROSSCOMPILING)
  list(APPEND options
    "-DIPMPSC_HOST_PLUGIN=${CURRENT_HOST_INSTALLED_DIR}/tools/ipmpsc/protoc-gen-ipmpsc")
endif()
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS ${options} -DBUILD_SHARED_LIBS=${shared} -DIPMPSC_BRIDGE=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/ipmpsc)
vcpkg_fixup_pkgconfig()
set(tools protoc-gen-ipmpsc)
if("command" IN_LIST FEATURES)
  list(APPEND tools ipmpsc)
endif()
vcpkg_copy_tools(TOOL_NAMES ${tools} AUTO_CLEAN)
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
