// rabia-bench-etcd: the same load as that of rabia-bench, on etcd.

#ifdef RABIA_MUTANTS
#error "RABIA_MUTANTS breaks rules on purpose: for the simulator, and no program that ships"
#endif

#include "rabia_bench/etcd/etcd_load.h"
#include "rabia_bench/program.h"

int main(int argc, char** argv) {
  return rabia::bench::run_program(argc, argv, rabia::bench::make_etcd_loads);
}
