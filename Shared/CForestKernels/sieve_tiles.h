// The sieve's tiles in vectors of VECTOR_BYTES rows; `kernels.c` includes this once for each width.

#define JOINED(NAME, WIDTH) NAME##_##WIDTH
#define EXPANDED(NAME, WIDTH) JOINED(NAME, WIDTH)
#define NAMED(NAME) EXPANDED(NAME, VECTOR_BYTES)

typedef int8_t NAMED(Bytes) __attribute__((vector_size(VECTOR_BYTES), aligned(VECTOR_BYTES)));
typedef int32_t NAMED(Words) __attribute__((vector_size(VECTOR_BYTES), aligned(VECTOR_BYTES)));

// Constants are read once for all rows; they and the thresholds then stay in registers.
INLINE void NAMED(sieve_run)(
    const assay_forest_sieve_tile *tile, const assay_forest_sieve_tile *end, uint8_t *region, int vectors, int shape, bool is_constant) {
    int tests = shape == ASSAY_FOREST_SIEVE_ONE ? 1 : shape == ASSAY_FOREST_SIEVE_THREE ? 3 : 2;
    for (; tile < end; tile++) {
        const NAMED(Bytes) *column[3], *operand[4];
        NAMED(Bytes) threshold[3], constant[4];
#pragma clang loop unroll(full)
        for (int i = 0; i < tests; i++) {
            size_t at = tile->column[i];
            // Without this the compiler loads offsets as a vector and takes it apart again, which costs more than all the rest.
            __asm__("" : "+r"(at));
            column[i] = (const NAMED(Bytes) *)(region + at * 8);
            threshold[i] = (NAMED(Bytes))((NAMED(Words)){0} + (int32_t)tile->threshold[i]);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i <= tests; i++) {
            size_t at = tile->operand[i];
            __asm__("" : "+r"(at));
            operand[i] = (const NAMED(Bytes) *)(region + at * 8);
            if (is_constant) constant[i] = *operand[i];
        }
        size_t at_result = tile->result;
        NAMED(Bytes) *result = (NAMED(Bytes) *)(region + at_result * 8);
        for (int i = 0; i < vectors; i++) {
#define OPERAND(K) (is_constant ? constant[K] : operand[K][i])
#define SELECT(TEST, LEFT, RIGHT)                                                                                                  \
    ({                                                                                                                             \
        NAMED(Bytes) goes_right = column[TEST][i] > threshold[TEST];                                                               \
        ((RIGHT) & goes_right) | ((LEFT) & ~goes_right);                                                                           \
    })
            switch (shape) {
            case ASSAY_FOREST_SIEVE_ONE: result[i] = SELECT(0, OPERAND(0), OPERAND(1)); break;
            case ASSAY_FOREST_SIEVE_LEFT_TWO: result[i] = SELECT(0, SELECT(1, OPERAND(0), OPERAND(1)), OPERAND(2)); break;
            case ASSAY_FOREST_SIEVE_RIGHT_TWO: result[i] = SELECT(0, OPERAND(0), SELECT(1, OPERAND(1), OPERAND(2))); break;
            default:
                result[i] = SELECT(0, SELECT(1, OPERAND(0), OPERAND(1)), SELECT(2, OPERAND(2), OPERAND(3)));
            }
#undef SELECT
#undef OPERAND
        }
    }
}

INLINE void NAMED(sieve_group)(const assay_forest_sieve_trees *trees, int32_t group, uint8_t *region, int vectors) {
    const assay_forest_sieve_group *which = trees->groups + group;
    const assay_forest_sieve_tile *tile = trees->tiles + which->first_tile;
    const assay_forest_sieve_run *run = trees->runs + which->first_run, *end = run + which->run_count;
    for (; run < end; run++) {
        const assay_forest_sieve_tile *next = tile + run->count;
        switch (2 * run->shape + run->is_constant) {
#define RUN(SHAPE)                                                                                                                 \
    case 2 * SHAPE: NAMED(sieve_run)(tile, next, region, vectors, SHAPE, false); break;                                            \
    case 2 * SHAPE + 1: NAMED(sieve_run)(tile, next, region, vectors, SHAPE, true); break
            RUN(ASSAY_FOREST_SIEVE_ONE);
            RUN(ASSAY_FOREST_SIEVE_LEFT_TWO);
            RUN(ASSAY_FOREST_SIEVE_RIGHT_TWO);
            RUN(ASSAY_FOREST_SIEVE_THREE);
#undef RUN
        }
        tile = next;
    }
}

#undef NAMED
#undef EXPANDED
#undef JOINED
