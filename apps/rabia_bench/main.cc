// rabia-bench: loads servers that speak the Redis protocol, and measures them.

#ifdef RABIA_MUTANTS
#error "RABIA_MUTANTS breaks rules on purpose: for the simulator, and no program that ships"
#endif

#include "rabia_bench/program.h"

int main(int argc, char** argv) {
  return rabia::bench::run_program(argc, argv, rabia::bench::make_redis_loads);
}
