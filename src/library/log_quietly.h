// A library does not talk unless it is asked to.
#pragma once

namespace rabia::library {

// Leaves warnings and errors, unless set_log_level() was called before. Any thread.
void log_quietly_unless_told();

}  // namespace rabia::library
