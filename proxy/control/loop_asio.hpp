#pragma once
// The loop as Asio sees it. Only proxy/control and proxy/admin include this.

#include "proxy/control/loop.hpp"

#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without it

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <memory>
#include <vector>

namespace cardea::control {

struct Loop::Asio {
    boost::asio::io_context context{1};
    std::vector<std::unique_ptr<boost::asio::signal_set>> signals{};
};

}  // namespace cardea::control
