#pragma once

// Every message between the actors of one node, a line a handle. They are values that never leave the process; what
// goes between nodes is encoded by hand (cluster/wire.hpp) and travels in one envelope type (protocol 5.13).

#include "actors/cluster/cluster_messages.hpp"
#include "actors/lane_messages.hpp"
#include "actors/saga_messages.hpp"
#include "actors/shard_messages.hpp"
#include "actors/wallet_messages.hpp"
