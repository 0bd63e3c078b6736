// LZ4 frames.
#pragma once

#include <lz4frame.h>
