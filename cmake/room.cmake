# A room is one folder of src/ built as one static library, with its unit tests beside the code.
#
#   rabia_room(NAME SOURCES a.cc b.cc TESTS a_test.cc b_test.cc DEPENDS base io LIBRARIES isal)
#
# DEPENDS names rooms (the only ones this room may include: tools/check_layers.py holds the same
# table), LIBRARIES names outside libraries. All tests of a room form one program, NAME_test.
function(rabia_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;TESTS;DEPENDS;LIBRARIES" ${ARGN})
  add_library(rabia_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(rabia_${name} PUBLIC rabia_options)
  rabia_share_headers(rabia_${name} library)
  foreach(dependency IN LISTS ROOM_DEPENDS)
    target_link_libraries(rabia_${name} PUBLIC rabia_${dependency})
  endforeach()
  if(ROOM_LIBRARIES)
    target_link_libraries(rabia_${name} PRIVATE ${ROOM_LIBRARIES})
  endif()
  # sim/ compiles all rooms once more, with rules that can be broken.
  list(TRANSFORM ROOM_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  set_property(GLOBAL APPEND PROPERTY RABIA_ROOM_SOURCES ${ROOM_SOURCES})
  set_property(GLOBAL APPEND PROPERTY RABIA_ROOM_LIBRARIES ${ROOM_LIBRARIES})
  if(RABIA_BUILD_TESTS AND ROOM_TESTS)
    rabia_unit_test(${name} SOURCES ${ROOM_TESTS} LIBRARIES rabia_${name})
  endif()
endfunction()
