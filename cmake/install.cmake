# What `cmake --install` brings: the programs, the headers of the library, and the library itself as
# librabia.so and librabia.a, of the objects that the programs are made of; find_package(rabia) and
# pkg-config find it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(rabia_installed_rooms base consensus kv io storage transport replica library embedded client)
set(objects)
foreach(room IN LISTS rabia_installed_rooms)
  list(APPEND objects $<TARGET_OBJECTS:rabia_${room}>)
endforeach()
find_package(spdlog REQUIRED)
find_package(absl REQUIRED)
find_package(Threads REQUIRED)

foreach(kind shared static)
  string(TOUPPER ${kind} type)
  add_library(rabia_${kind} ${type} ${objects})
  target_link_libraries(rabia_${kind} PRIVATE absl::btree spdlog::spdlog Threads::Threads hiredis isal xxhash zstd)
  target_include_directories(rabia_${kind} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(rabia_${kind} INTERFACE cxx_std_20)
  # Until 1.0 a program is to be built anew for each minor version: no name of a library promises more.
  set_target_properties(rabia_${kind} PROPERTIES OUTPUT_NAME rabia VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endforeach()
set_target_properties(rabia_shared PROPERTIES EXPORT_NAME rabia)
set_target_properties(rabia_static PROPERTIES EXPORT_NAME rabia_static)
add_custom_target(installed DEPENDS programs rabia_shared rabia_static)

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/rabia)
install(TARGETS rabia-server rabia-cluster rabia-ctl rabia-bench)
install(DIRECTORY include/rabia DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS rabia_shared EXPORT rabia)
install(TARGETS rabia_static EXPORT rabia_static)
install(EXPORT rabia NAMESPACE rabia:: FILE rabia-targets.cmake DESTINATION ${package_directory})
install(EXPORT rabia_static NAMESPACE rabia:: FILE rabia-static-targets.cmake DESTINATION ${package_directory})
configure_package_config_file(cmake/rabia-config.cmake.in rabia-config.cmake
  INSTALL_DESTINATION ${package_directory})
write_basic_package_version_file(rabia-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/rabia-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/rabia-config-version.cmake DESTINATION ${package_directory})
# Without the prefix, which `cmake --install --prefix` may change: it follows from where the file is.
file(RELATIVE_PATH rabia_prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/rabia.pc.in rabia.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/rabia.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
