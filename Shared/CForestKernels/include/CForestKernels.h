// Kernels of the forest engines that need instructions which Swift cannot name: gathers, word permutes, compares into masks.
//
// Every kernel works on tables that Swift compiled, allocates nothing, and gives the same bits on every machine: what differs between
// processors is how many rows or trees a step handles, never the order in which leaf values are summed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor and its operating system have AVX-512 F, BW, DQ and VL.
bool assay_forest_has_avx512(void);
/// Whether this processor and its operating system have AVX2.
bool assay_forest_has_avx2(void);

/// Nanoseconds that this thread has run, for timing kernels against each other when a model is loaded. Which of them serves never shows
/// in a result, for all give the same bits.
int64_t assay_forest_nanoseconds(void);

/// Rows that a block holds: the sieve's vectors are this long, ranks lie `column x row` in this stride.
enum { ASSAY_FOREST_BLOCK_ROWS = 256 };
/// Trees that the walk takes at once; lanes are padded to a multiple of it.
enum { ASSAY_FOREST_WALK_TREES = 64 };

/// How columns of ranks are made of a row's values; arrays are padded to a multiple of eight columns.
///
/// rank(x) = how many of the column's thresholds are smaller than x. A bucket table says where to start, `steps` halvings do the rest.
typedef struct {
    int32_t column_count;
    bool rounds_to_float;
    /// Whether any column has one.
    bool has_zero_limits;
    const int32_t *feature;
    /// Values no greater in magnitude are missing; negative where zero is a value.
    const double *zero_limit;
    /// What a missing value is taken for: -inf (left of all), NaN (right of all) or 0.
    const double *replacement;
    const double *low;
    const double *scale;
    const double *last_bucket;
    /// Where the column's buckets start in `bucket`, and its thresholds in `threshold`. Behind the last bucket stands the rank right of all.
    const int32_t *bucket_base;
    const int32_t *threshold_base;
    /// The rank right of all.
    const int32_t *threshold_count;
    /// Halvings of each column, and the most in each four and each eight columns.
    const int32_t *steps;
    const int32_t *steps_of_four;
    const int32_t *steps_of_eight;
    const uint16_t *bucket;
    const double *threshold;
} assay_forest_ranks;

/// Ranks of `count` rows (at most a block, the rest of the last eight is filled), `column x block`. AVX-512.
void assay_forest_rank_block_avx512(
    const assay_forest_ranks *ranks, const double *rows, ptrdiff_t stride, ptrdiff_t count, uint16_t *result);

/// As `assay_forest_rank_block_avx512`, but nothing behind the last row is filled. AVX2.
void assay_forest_rank_block_avx2(
    const assay_forest_ranks *ranks, const double *rows, ptrdiff_t stride, ptrdiff_t count, uint16_t *result);

/// Inner nodes of the sieve that are evaluated together, so that what one hands to the other never leaves a register.
enum {
    /// One node: operands left, right.
    ASSAY_FOREST_SIEVE_ONE,
    /// A node (test 0) and its left child (test 1): operands of the child's left and right, then the node's right.
    ASSAY_FOREST_SIEVE_LEFT_TWO,
    /// A node (test 0) and its right child (test 1): operands of the node's left, then the child's left and right.
    ASSAY_FOREST_SIEVE_RIGHT_TWO,
    /// A node (test 0) and both children (tests 1 and 2): operands from left to right.
    ASSAY_FOREST_SIEVE_THREE,
    ASSAY_FOREST_SIEVE_SHAPES,
};

/// A tile: one to three nodes. A test passes, and the row goes right, where column > threshold.
/// Columns, operands and the result are offsets into the region in units of eight bytes.
typedef struct {
    /// Thresholds less 128, four times.
    uint32_t threshold[3];
    uint16_t column[3];
    uint16_t operand[4];
    uint16_t result;
} assay_forest_sieve_tile;

/// Tiles of one shape, one behind the other; those of the next run follow.
typedef struct {
    uint8_t shape;
    /// Whether all operands are constants.
    bool is_constant;
    uint16_t count;
} assay_forest_sieve_run;

/// Trees that are evaluated together.
typedef struct {
    int32_t first_tile;
    int32_t first_run;
    int32_t run_count;
    int32_t first_tree;
    int32_t tree_count;
} assay_forest_sieve_group;

/// Where one tree's leaf numbers lie in the region afterwards, in bytes; `high` is negative where the low bytes suffice.
typedef struct {
    int32_t low;
    int32_t high;
} assay_forest_sieve_numbers;

/// A model's trees as tiles.
typedef struct {
    const assay_forest_sieve_tile *tiles;
    const assay_forest_sieve_run *runs;
    const assay_forest_sieve_group *groups;
    int32_t group_count;
    /// By tree.
    const assay_forest_sieve_numbers *numbers;
    const int32_t *leaf_base;
    const double *leaves;
} assay_forest_sieve_trees;

/// Evaluates all nodes of one group for the rows of a block, rounded up to 64. `vector_bits` is 512, 256 or 128: what the processor has.
void assay_forest_sieve(
    const assay_forest_sieve_trees *trees, int32_t group, uint8_t *region, ptrdiff_t row_count, int32_t vector_bits);

/// Evaluates trees of one output for the rows of a block and adds their leaf values to `sums` in the trees' order.
void assay_forest_sieve_sums(
    const assay_forest_sieve_trees *trees, uint8_t *region, double *sums, ptrdiff_t row_count, int32_t vector_bits);

/// A byte column of the sieve: part of a column of ranks.
typedef struct {
    int32_t column;
    /// The rank that becomes 0; the byte stops at 0 and 255 and is stored less 128.
    int32_t base;
} assay_forest_sieve_column;

void assay_forest_sieve_columns(
    const assay_forest_sieve_column *columns, ptrdiff_t column_count, const uint16_t *ranks, int8_t *result, ptrdiff_t row_count,
    int32_t vector_bits);

/// Trees packed for the walk of many trees at once.
///
/// A node is a word: rank of the threshold (bits 16...31), how far behind the node its left child stands (above the column's bits), column
/// (low `column_bits`). The right child follows the left one. A leaf has rank 65535, so nothing goes right of it, and its number in the
/// low 16 bits.
typedef struct {
    /// Trees; lanes without a tree point to a leaf of their own.
    int32_t tree_count;
    int32_t column_bits;
    /// By sixty-four trees: steps to their deepest leaf.
    const int32_t *depth;
    /// By sixteen trees: their words of the first three levels, 1 + 2 + 4 times sixteen; below a leaf stands the leaf again.
    const uint32_t *top;
    /// By lane.
    const int32_t *root;
    const int32_t *leaf_base;
    const uint32_t *nodes;
    const double *leaves;
} assay_forest_walk;

/// Adds to every row's sum the leaf values of one output, in the trees' order; `ranks` holds 32 or 64 places a row, as `column_bits`
/// (5 or 6) says. AVX-512.
void assay_forest_walk_sums_avx512(const assay_forest_walk *walk, const uint16_t *ranks, ptrdiff_t row_count, double *sums);
/// Leaf that every tree leads a row to, as its base and its number; `result` has a place for every lane. AVX-512.
void assay_forest_walk_leaves_avx512(const assay_forest_walk *walk, const uint16_t *ranks, int32_t *result);
/// Ranks of one row, their walk, and the leaf values added to `sum` in the trees' order. AVX-512.
double assay_forest_walk_score_avx512(
    const assay_forest_ranks *ranks, const assay_forest_walk *walk, const double *row, double sum);

/// Trees whose records are walked together: `steps` is by this many.
enum { ASSAY_FOREST_SUBTREE_GROUP = 64 };

/// Four levels of a tree, a cache line. Test 0 is the root's, tests 2 i + 1 and 2 i + 2 follow test i; where the tree ends early, tests
/// that nothing passes lead to the lowest exit below. Thresholds are ranks less 32,768; a row goes right where its rank is greater.
typedef struct __attribute__((aligned(64))) {
    /// Fifteen thresholds; the last word tells how far behind this record its exits' base lies, in cache lines.
    int16_t threshold[16];
    uint8_t column[16];
    /// Where each exit leads, from the base, in units of eight bytes: to another record (0, 8, …) or to a leaf (-1, -2, …).
    int8_t exit[16];
} assay_forest_subtree;

/// The first four levels of sixteen trees, test by test.
typedef struct __attribute__((aligned(64))) {
    int16_t threshold[15][16];
    uint8_t column[15][16];
} assay_forest_subtree_top;

enum { ASSAY_FOREST_SUBTREE_TOP_BYTES = 768 };

/// Trees packed for steps of four levels.
typedef struct {
    int32_t tree_count;
    /// Tables of sixteen columns: 1, 2 or 4.
    int32_t table_count;
    /// By group of trees: records on their longest path, without the first.
    const int32_t *steps;
    /// By sixteen trees.
    const assay_forest_subtree_top *top;
    /// By tree: the first record's exits and their base in `memory`.
    const int8_t *exit;
    const int32_t *base;
    /// Records and leaves: a leaf's value as a double, or its number where trees have more than one output.
    const uint64_t *memory;
} assay_forest_subtrees;

/// Ranks of one row, their walk, and the leaf values of trees of one output added to `sum` in the trees' order. AVX2.
double assay_forest_subtrees_score_avx2(
    const assay_forest_ranks *ranks, const assay_forest_subtrees *trees, const double *row, double sum);
/// Adds to every row's sum the leaf values, in the trees' order; `ranks` holds sixteen places a row for each table. AVX2.
void assay_forest_subtrees_sums_avx2(
    const assay_forest_subtrees *trees, const uint16_t *ranks, ptrdiff_t row_count, double *sums);
/// The number of the leaf that every tree leads a row to. AVX2.
void assay_forest_subtrees_leaves_avx2(const assay_forest_subtrees *trees, const uint16_t *ranks, int32_t *numbers);
