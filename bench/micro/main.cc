// rabia-bench-micro: what the parts cost, one by one. bench/README.md.
#include <benchmark/benchmark.h>
#include <malloc.h>

#ifdef RABIA_MUTANTS
#error "RABIA_MUTANTS breaks rules on purpose: for the simulator, and nothing that is measured"
#endif

int main(int argc, char** argv) {
  // As rabia-server does: src/kv/README.md.
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
