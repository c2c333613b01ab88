#pragma once
// The benchmarks of each room, in the order in which a request meets them; main.cpp names them all.

namespace cardea::micro {

void add_http1();
void add_route();
void add_balance();
void add_net();
void add_observe();
void add_snapshot();
void add_consul();

}  // namespace cardea::micro
