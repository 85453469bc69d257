# The standard headers that nearly every file includes, compiled once: reading them is half the time
# of a build from nothing. The preset `dev` goes without: it finds a file that does not include what
# it uses.
option(RABIA_PRECOMPILE "Compile the standard headers once" OFF)

set(rabia_standard_headers
  <algorithm> <array> <chrono> <cstddef> <cstdint> <cstring> <deque> <functional> <map> <memory>
  <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>)

# Targets of one kind are compiled with the same options, so they share what was made for the first.
#
#   rabia_share_headers(TARGET KIND)
function(rabia_share_headers target kind)
  if(NOT RABIA_PRECOMPILE)
    return()
  endif()
  if(NOT TARGET rabia_headers_${kind})
    message(FATAL_ERROR "no headers of the kind ${kind}")
  endif()
  target_precompile_headers(${target} REUSE_FROM rabia_headers_${kind})
endfunction()

if(RABIA_PRECOMPILE)
  file(WRITE ${CMAKE_BINARY_DIR}/headers.cc "")
  # What ccache asks for, to find again what was compiled with such headers.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)

  add_library(rabia_headers_library STATIC ${CMAKE_BINARY_DIR}/headers.cc)
  target_link_libraries(rabia_headers_library PRIVATE rabia_options)
  target_precompile_headers(rabia_headers_library PRIVATE ${rabia_standard_headers})

  if(RABIA_BUILD_TESTS)
    find_package(GTest REQUIRED)
    add_library(rabia_headers_mutable STATIC ${CMAKE_BINARY_DIR}/headers.cc)
    target_link_libraries(rabia_headers_mutable PRIVATE rabia_test_options)
    target_compile_definitions(rabia_headers_mutable PRIVATE RABIA_MUTANTS)
    target_precompile_headers(rabia_headers_mutable PRIVATE ${rabia_standard_headers})

    # A program, since programs are compiled with other options than libraries.
    file(WRITE ${CMAKE_BINARY_DIR}/headers_main.cc "int main() { return 0; }\n")
    add_executable(rabia_headers_test ${CMAKE_BINARY_DIR}/headers_main.cc)
    target_link_libraries(rabia_headers_test PRIVATE rabia_test_options GTest::gtest_main)
    target_precompile_headers(rabia_headers_test PRIVATE ${rabia_standard_headers}
      <gtest/gtest.h>)
  endif()
endif()
