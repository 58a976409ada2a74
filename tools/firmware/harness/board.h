/* What the harness needs of a board: an emulator that reads and writes the files of the machine it runs on, and counts
 * instructions. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

enum { OPEN = 0x01, CLOSE = 0x02, WRITE0 = 0x04, WRITE = 0x05, READ = 0x06, EXIT = 0x18 };

/* Arm's semihosting, which RISC-V took over: https://github.com/ARM-software/abi-aa, semihosting. */
intptr_t semihosting(intptr_t operation, const void *argument);

/* Executed instructions since some moment; a step may be several. */
uint32_t instructions(void);

void start_counting(void);

#endif
