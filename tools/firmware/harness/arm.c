/* Arm's MPS2 boards (AN385, AN386, AN500): vector table, start, timer. */
#include "board.h"

extern uint32_t stack_top, data_start, data_end, data_load, bss_start, bss_end;
int main(void);

/* The first of the board's timers: counts down at 25 MHz, a tick is 40 instructions where each takes a nanosecond. */
static volatile uint32_t *const timer = (volatile uint32_t *)0x40000000;

void start_counting(void)
{
    timer[1] = 0xffffffffu;
    timer[2] = 0xffffffffu;
    timer[0] = 1;
}

uint32_t instructions(void)
{
    return (0xffffffffu - timer[1]) * 40u;
}

intptr_t semihosting(intptr_t operation, const void *argument)
{
    register intptr_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void leave(void)
{
    semihosting(EXIT, (const void *)0x20026); /* the application ended as it should */
    for (;;) {
    }
}

static void fail(void)
{
    semihosting(WRITE0, "FAULT\n");
    semihosting(EXIT, (const void *)0x20023);
    for (;;) {
    }
}

void start(void)
{
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end;) {
        *to++ = 0;
    }
    main();
    leave();
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))&stack_top, start, fail, fail, fail, fail, fail, 0, 0, 0, 0, fail, fail, 0, fail, fail,
};
