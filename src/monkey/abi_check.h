/* SPDX-License-Identifier: Apache-2.0
 *
 * Sizes and offsets as they were measured on Monkeys, for the compiler to
 * compare: one for each layout that a machine, its C library and the flags of
 * the build may give. A machine with another one is refused; configure tells
 * that first.
 */
#ifndef FCGI_MONKEY_ABI_CHECK_H
#define FCGI_MONKEY_ABI_CHECK_H

#include "monkey/abi.h"

/* 64 bits: x86-64 and all like it; i386; 32 bits where a number of 64 bits is
 * aligned to them, as on armhf; the same with 64 bits in time_t and off_t. */
struct mk_aligned {
    char byte;
    uint64_t number;
};
enum {
    MK_32 = sizeof(void *) == 4 && sizeof(long) == 4,
    MK_ALIGNED = offsetof(struct mk_aligned, number) == 8,
    MK_TIMES_32 = sizeof(time_t) == 4 && sizeof(mk_off_t) == 4,
    MK_TIMES_64 = sizeof(time_t) == 8 && sizeof(mk_off_t) == 8,
    MK_LAYOUT_64 = sizeof(void *) == 8 && MK_ALIGNED && MK_TIMES_64,
    MK_LAYOUT_I386 = MK_32 && !MK_ALIGNED && MK_TIMES_32,
    MK_LAYOUT_ARM = MK_32 && MK_ALIGNED && MK_TIMES_32,
    MK_LAYOUT_ARM_64 = MK_32 && MK_ALIGNED && MK_TIMES_64,
};
#define MK_MEASURED(x64, i386, arm, arm_64) \
    (MK_LAYOUT_64       ? (x64)             \
     : MK_LAYOUT_I386   ? (i386)            \
     : MK_LAYOUT_ARM    ? (arm)             \
     : MK_LAYOUT_ARM_64 ? (arm_64)          \
                        : SIZE_MAX)

#define MK_AT(type, member, ...)                                              \
    _Static_assert(offsetof(struct type, member) == MK_MEASURED(__VA_ARGS__), \
                   #type "." #member)
#define MK_SIZE(type, ...) \
    _Static_assert(sizeof(struct type) == MK_MEASURED(__VA_ARGS__), #type)

#endif
