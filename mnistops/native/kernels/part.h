// Part: some of many. Place: where something is put.
#pragma once

#include "lanes.h"

struct Part {
    int from, size;
};

// Of what has channels, rows and columns; in Lanes.
struct Place {
    Lanes* at;
    int plane, row;  // from one channel to the next, from one row to the next
};
