# rabia-bench-etcd: for `make bench` alone, since gRPC is slow to compile and nothing that ships needs
# it (docs/adr/0006-grpc-for-the-load-on-etcd.md).
find_package(Protobuf REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(GRPC REQUIRED IMPORTED_TARGET grpc++)
find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

set(etcd_generated ${CMAKE_CURRENT_BINARY_DIR}/etcd)
set(etcd_proto ${CMAKE_CURRENT_SOURCE_DIR}/rabia_bench/etcd/kv.proto)
file(MAKE_DIRECTORY ${etcd_generated})
add_custom_command(
  OUTPUT ${etcd_generated}/kv.pb.cc ${etcd_generated}/kv.pb.h
    ${etcd_generated}/kv.grpc.pb.cc ${etcd_generated}/kv.grpc.pb.h
  COMMAND ${Protobuf_PROTOC_EXECUTABLE} --cpp_out=${etcd_generated} --grpc_out=${etcd_generated}
    --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} -I ${CMAKE_CURRENT_SOURCE_DIR}/rabia_bench/etcd
    ${etcd_proto}
  DEPENDS ${etcd_proto})

# What is generated is not held to our warnings; no library: none of ours is in it (no_mutants_test.py).
add_library(etcd_kv OBJECT ${etcd_generated}/kv.pb.cc ${etcd_generated}/kv.grpc.pb.cc)
target_include_directories(etcd_kv SYSTEM PUBLIC ${etcd_generated})
target_link_libraries(etcd_kv PUBLIC PkgConfig::GRPC protobuf::libprotobuf)

add_executable(rabia-bench-etcd rabia_bench/etcd/etcd_load.cc rabia_bench/etcd/main.cc)
target_link_libraries(rabia-bench-etcd PRIVATE rabia_bench_parts etcd_kv)
