// What RealRuntime is put together from. Inside the room only.
#pragma once

#include <memory>

#include "io/executor.h"
#include "io/network.h"
#include "io/real_runtime.h"

namespace boost::asio {
class io_context;
}

namespace rabia::io {

// Both use the event loop until destroyed, and with them all timers, streams and listeners.
std::unique_ptr<Executor> make_asio_executor(boost::asio::io_context& context);
std::unique_ptr<Network> make_asio_network(boost::asio::io_context& context);
// A thread of its own; posts to the executor until destroyed.
std::unique_ptr<Worker> make_thread_worker(Executor& executor, Urgency urgency);
// Makes the calling thread one that lets others go first. Where that cannot be, it is as any.
void yield_to_others();

}  // namespace rabia::io
