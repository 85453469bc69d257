# A program of unit tests, NAME_test; ctest knows each of them as NAME.Suite.Test. The target
# unit_tests builds all such programs and what else carries the label `unit`.
#
#   rabia_unit_test(NAME SOURCES a_test.cc LIBRARIES rabia_io)
if(RABIA_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_custom_target(unit_tests)
endif()

function(rabia_unit_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name}_test ${TEST_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${TEST_LIBRARIES} rabia_test_options GTest::gtest_main)
  rabia_share_headers(${name}_test test)
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS unit)
  add_dependencies(unit_tests ${name}_test)
endfunction()
