// Snappy.
#pragma once

#include <snappy-c.h>
