/* SPDX-License-Identifier: Apache-2.0
 *
 * Declarations of built-in functions of OpenCL C 1.2, for libfer/run/builtins.c, which writes behind this text one line for
 * each function that a source names: FER_REAL3(fma).  All overloads of a function are declared or none, so that a call
 * means what it means with the driver's own declarations.  Sections are those of the OpenCL C 1.2 specification.
 */
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif
#define FER_OVER __attribute__((overloadable))
#define FER_CONST __attribute__((overloadable, const))
#define FER_PURE __attribute__((overloadable, pure))

/* M(f, T) for a type and its vectors; with _S, M(f, S, T) for the vectors T of S. */
#define FER_EACH(M, f, T) M(f, T) M(f, T##2) M(f, T##3) M(f, T##4) M(f, T##8) M(f, T##16)
#define FER_EACH_S(M, f, S) M(f, S, S##2) M(f, S, S##3) M(f, S, S##4) M(f, S, S##8) M(f, S, S##16)
#ifdef cl_khr_fp64
#define FER_REALS(M, f) FER_EACH(M, f, float) FER_EACH(M, f, double)
#define FER_REALS_S(M, f) FER_EACH_S(M, f, float) FER_EACH_S(M, f, double)
#define FER_DOUBLE(x) x
#else
#define FER_REALS(M, f) FER_EACH(M, f, float)
#define FER_REALS_S(M, f) FER_EACH_S(M, f, float)
#define FER_DOUBLE(x)
#endif
#define FER_WHOLES(M, f)                                                                                                 \
    FER_EACH(M, f, char)                                                                                                 \
    FER_EACH(M, f, uchar)                                                                                                \
    FER_EACH(M, f, short)                                                                                                \
    FER_EACH(M, f, ushort) FER_EACH(M, f, int) FER_EACH(M, f, uint) FER_EACH(M, f, long) FER_EACH(M, f, ulong)
#define FER_WHOLES_S(M, f)                                                                                               \
    FER_EACH_S(M, f, char)                                                                                               \
    FER_EACH_S(M, f, uchar)                                                                                              \
    FER_EACH_S(M, f, short)                                                                                              \
    FER_EACH_S(M, f, ushort) FER_EACH_S(M, f, int) FER_EACH_S(M, f, uint) FER_EACH_S(M, f, long) FER_EACH_S(M, f, ulong)
#define FER_1(f, T) T FER_CONST f(T);
#define FER_2(f, T) T FER_CONST f(T, T);
#define FER_3(f, T) T FER_CONST f(T, T, T);
#define FER_TS(f, S, T) T FER_CONST f(T, S);
#define FER_ST(f, S, T) T FER_CONST f(S, T);
#define FER_TTS(f, S, T) T FER_CONST f(T, T, S);
#define FER_TSS(f, S, T) T FER_CONST f(T, S, S);
#define FER_SST(f, S, T) T FER_CONST f(S, S, T);

/* 6.12.1 work-items */
#define FER_ITEM(f) size_t FER_CONST f(uint);

/* 6.12.2 mathematics; 6.12.4 common functions */
#define FER_REAL1(f) FER_REALS(FER_1, f)
#define FER_REAL2(f) FER_REALS(FER_2, f)
#define FER_REAL3(f) FER_REALS(FER_3, f)
#define FER_EXTREME(f) FER_REALS(FER_2, f) FER_REALS_S(FER_TS, f)
#define FER_MIX(f) FER_REALS(FER_3, f) FER_REALS_S(FER_TTS, f)
#define FER_STEP(f) FER_REALS(FER_2, f) FER_REALS_S(FER_ST, f)
#define FER_SMOOTHSTEP(f) FER_REALS(FER_3, f) FER_REALS_S(FER_SST, f)

/* 6.12.3 integers, and those that are for both */
#define FER_WHOLE1(f) FER_WHOLES(FER_1, f)
#define FER_WHOLE2(f) FER_WHOLES(FER_2, f)
#define FER_WHOLE3(f) FER_WHOLES(FER_3, f)
#define FER_24BIT2(f) FER_EACH(FER_2, f, int) FER_EACH(FER_2, f, uint)
#define FER_24BIT3(f) FER_EACH(FER_3, f, int) FER_EACH(FER_3, f, uint)
#define FER_LIMIT(f) FER_REALS(FER_2, f) FER_WHOLES(FER_2, f) FER_REALS_S(FER_TS, f) FER_WHOLES_S(FER_TS, f)
#define FER_CLAMP(f) FER_REALS(FER_3, f) FER_WHOLES(FER_3, f) FER_REALS_S(FER_TSS, f) FER_WHOLES_S(FER_TSS, f)

/* 6.12.5 geometry */
#define FER_SPACE(M, f, S) M(f, S, S) M(f, S, S##2) M(f, S, S##3) M(f, S, S##4)
#define FER_SPACES(M, f) FER_SPACE(M, f, float) FER_DOUBLE(FER_SPACE(M, f, double))
#define FER_LENGTH_(f, S, T) S FER_CONST f(T);
#define FER_DOT_(f, S, T) S FER_CONST f(T, T);
#define FER_NORMALIZE_(f, S, T) T FER_CONST f(T);
#define FER_LENGTH(f) FER_SPACES(FER_LENGTH_, f)
#define FER_DOT(f) FER_SPACES(FER_DOT_, f)
#define FER_NORMALIZE(f) FER_SPACES(FER_NORMALIZE_, f)

/* 6.12.6 relations: scalars answer int, vectors integers as wide as what they compare */
#define FER_TEST1_(f, T, R) R FER_CONST f(T);
#define FER_TEST2_(f, T, R) R FER_CONST f(T, T);
#define FER_TESTS(M, f, T, R)                                                                                            \
    M(f, T, int) M(f, T##2, R##2) M(f, T##3, R##3) M(f, T##4, R##4) M(f, T##8, R##8) M(f, T##16, R##16)
#define FER_TEST1(f) FER_TESTS(FER_TEST1_, f, float, int) FER_DOUBLE(FER_TESTS(FER_TEST1_, f, double, long))
#define FER_TEST2(f) FER_TESTS(FER_TEST2_, f, float, int) FER_DOUBLE(FER_TESTS(FER_TEST2_, f, double, long))
#define FER_SELECT_(f, T, C) T FER_CONST f(T, T, C);
#define FER_SELECT_BY(f, T, C)                                                                                           \
    FER_SELECT_(f, T, C)                                                                                                 \
    FER_SELECT_(f, T##2, C##2)                                                                                           \
    FER_SELECT_(f, T##3, C##3)                                                                                           \
    FER_SELECT_(f, T##4, C##4) FER_SELECT_(f, T##8, C##8) FER_SELECT_(f, T##16, C##16)
#define FER_SELECT_OF(f, T, C) FER_SELECT_BY(f, T, C) FER_SELECT_BY(f, T, u##C)
#define FER_SELECT(f)                                                                                                    \
    FER_SELECT_OF(f, char, char)                                                                                         \
    FER_SELECT_OF(f, uchar, char)                                                                                        \
    FER_SELECT_OF(f, short, short)                                                                                       \
    FER_SELECT_OF(f, ushort, short)                                                                                      \
    FER_SELECT_OF(f, int, int)                                                                                           \
    FER_SELECT_OF(f, uint, int)                                                                                          \
    FER_SELECT_OF(f, float, int)                                                                                         \
    FER_SELECT_OF(f, long, long) FER_SELECT_OF(f, ulong, long) FER_DOUBLE(FER_SELECT_OF(f, double, long))

/* 6.12.7 vectors in memory; n is their length, or nothing */
#define FER_READS(M, f, T, n) M(f, T, n, __global) M(f, T, n, __local) M(f, T, n, __constant) M(f, T, n, __private)
#define FER_WRITES(M, f, T, n) M(f, T, n, __global) M(f, T, n, __local) M(f, T, n, __private)
#define FER_MEMORY(A, M, f, n)                                                                                           \
    A(M, f, char, n)                                                                                                     \
    A(M, f, uchar, n)                                                                                                    \
    A(M, f, short, n)                                                                                                    \
    A(M, f, ushort, n)                                                                                                   \
    A(M, f, int, n) A(M, f, uint, n) A(M, f, long, n) A(M, f, ulong, n) A(M, f, float, n) FER_DOUBLE(A(M, f, double, n))
#define FER_VLOAD_(f, T, n, space) T##n FER_PURE f(size_t, const space T *);
#define FER_VSTORE_(f, T, n, space) void FER_OVER f(T##n, size_t, space T *);
#define FER_VLOAD_HALF_(f, T, n, space) T##n FER_PURE f(size_t, const space half *);
#define FER_VSTORE_HALF_(f, T, n, space) void FER_OVER f(T##n, size_t, space half *);
#define FER_VLOAD(f, n) FER_MEMORY(FER_READS, FER_VLOAD_, f, n)
#define FER_VSTORE(f, n) FER_MEMORY(FER_WRITES, FER_VSTORE_, f, n)
#define FER_VLOAD_HALF(f, n) FER_READS(FER_VLOAD_HALF_, f, float, n)
#define FER_VSTORE_HALF(f, n)                                                                                            \
    FER_WRITES(FER_VSTORE_HALF_, f, float, n) FER_DOUBLE(FER_WRITES(FER_VSTORE_HALF_, f, double, n))

/* 6.12.8 and 6.12.9 */
#define FER_BARRIER(f) void __attribute__((overloadable, convergent)) f(cl_mem_fence_flags);
#define FER_FENCE(f) void FER_OVER f(cl_mem_fence_flags);

/* 6.2.3 conversions: to a scalar or vector T from those of the same length */
#define FER_CONVERT(f, T, n)                                                                                             \
    T##n FER_CONST f(char##n);                                                                                           \
    T##n FER_CONST f(uchar##n);                                                                                          \
    T##n FER_CONST f(short##n);                                                                                          \
    T##n FER_CONST f(ushort##n);                                                                                         \
    T##n FER_CONST f(int##n);                                                                                            \
    T##n FER_CONST f(uint##n);                                                                                           \
    T##n FER_CONST f(long##n);                                                                                           \
    T##n FER_CONST f(ulong##n);                                                                                          \
    T##n FER_CONST f(float##n);                                                                                          \
    FER_DOUBLE(T##n FER_CONST f(double##n);)
