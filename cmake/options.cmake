# Warnings, sanitizers and optimisation for every target of the project.
add_library(rabia_options INTERFACE)
target_compile_options(rabia_options INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 at -O2 takes the unused alternatives of a std::variant for uninitialized members.
  target_compile_options(rabia_options INTERFACE -Wno-maybe-uninitialized)
  # At -O1 it sees bounds of joined std::strings that are not there.
  set(rabia_false_at_o1 -Wno-array-bounds -Wno-stringop-overflow)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # RABIA_CHECK(!"what cannot be") says why.
  target_compile_options(rabia_options INTERFACE -Wno-string-conversion)
endif()
target_include_directories(rabia_options INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(rabia_options INTERFACE RABIA_VERSION="${PROJECT_VERSION}")
if(RABIA_SANITIZE)
  target_compile_options(rabia_options INTERFACE -fsanitize=${RABIA_SANITIZE} -fno-sanitize-recover=all
    ${rabia_false_at_o1})
  target_link_options(rabia_options INTERFACE -fsanitize=${RABIA_SANITIZE})
endif()

# What is only for tests: compiled a fifth faster. What is tested is as it ships.
add_library(rabia_test_options INTERFACE)
target_link_libraries(rabia_test_options INTERFACE rabia_options)
target_compile_options(rabia_test_options INTERFACE -O1 ${rabia_false_at_o1})
