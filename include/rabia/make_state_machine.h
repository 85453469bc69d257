// How the library makes state machines of yours: a new one for each replica and each of its lives.
#pragma once

#include <functional>
#include <memory>

#include "rabia/state_machine.h"

namespace rabia {

// Makes a machine in its first state. Never null. All that it makes are alike, and share nothing.
using MakeStateMachine = std::function<std::unique_ptr<StateMachine>()>;

}  // namespace rabia
