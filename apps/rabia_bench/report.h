// A run's figures, for people and for programs.
#pragma once

#include <string>

#include "rabia_bench/options.h"
#include "rabia_bench/run.h"

namespace rabia::bench {

// All figures: bench/README.md names the fields.
std::string json_report(const Options& options, const Outcome& outcome);
// The head of the table and the row of this run, and lines for the gap, for each target when there
// are several, and for errors.
std::string text_report(const Options& options, const Outcome& outcome);
// "second,completed,writes" for each 10 ms of the window.
std::string timeline_csv(const Tally& tally);

}  // namespace rabia::bench
