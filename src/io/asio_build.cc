// Compiles Asio once for the room: the other files see declarations only.
#include <boost/asio/impl/src.hpp>
