// What the programs of this folder have in common: everything but how they speak to servers.
#pragma once

#include "rabia_bench/run.h"

namespace rabia::bench {

// Runs a program from its command line to its exit code, and prints what it has to say: 0 when all
// went well, 1 when errors were seen, 2 for a wrong command line, 3 when nothing could be measured.
int run_program(int argc, char** argv, const MakeLoads& make_loads);

}  // namespace rabia::bench
