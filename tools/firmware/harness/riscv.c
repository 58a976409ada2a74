/* QEMU's RISC-V board "virt": start, counter. It loads into RAM, so nothing has to be copied. */
#include "board.h"

extern uint32_t bss_start, bss_end;
int main(void);

void start_counting(void)
{
}

uint32_t instructions(void)
{
    uint32_t count;
    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop" : "=r"(count));
    return count;
}

/* The three instructions, none of them compressed, are the mark of a semihosting call. */
__attribute__((noinline)) intptr_t semihosting(intptr_t operation, const void *argument)
{
    register intptr_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(".balign 16\n.option push\n.option norvc\n"
                     "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

__attribute__((used)) void run(void)
{
    const intptr_t end[2] = {0x20026, 0};
    for (uint32_t *to = &bss_start; to < &bss_end;) {
        *to++ = 0;
    }
    main();
    semihosting(EXIT, (const void *)end[0]);
    for (;;) {
    }
}

__attribute__((naked, section(".text.start"))) void start(void)
{
    __asm__("la sp, stack_top\nj run");
}
