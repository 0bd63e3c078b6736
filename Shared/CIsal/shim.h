// Intel ISA-L: CRC-32C with the processor's own instructions.
#pragma once

#include <isa-l/crc.h>
