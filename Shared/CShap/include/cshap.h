/// The inner loops of path-dependent TreeSHAP by quadrature, compiled for several instruction sets; see ShapEngine.swift for the idea.
#ifndef CSHAP_H
#define CSHAP_H

#include <stdint.h>

/// What a node's test says of a row: the byte offset of what holds then.
///
/// 0 the row goes left, 8 it goes right, 16 it is past the node: the node's feature was asked about further up, and the row went the other
/// way there.
typedef uint8_t cshap_answer;

/// An inner node. What the walks read of it lies at places worked out beforehand, whatever the row.
typedef struct {
    /// By answer. Of a node with an inner child, what knowing the feature adds to the probability to go to its first child: the other
    /// child's share of the training rows, minus the first one's, 0, or the same in the other direction where the right child comes first.
    /// Of a twig, which is a node with two leaves, what it adds to the value expected here: that times the difference of the leaves' values.
    double change[3];
    /// What holds where nothing is known: the first child's share, or the mean of the leaves' values.
    double base;
    /// Byte offsets of one of the feature's sums, and of a pair of factors.
    int32_t sum, factor;
} cshap_node;

/// Small subtrees of a shape are walked as one, in registers. A letter is a subtree: L a leaf, T a twig, H a node with a twig and a leaf,
/// F one with two twigs; two letters are a node with these.
#define CSHAP_SHAPES(SHAPE) \
    /* nodes, leaves that are not a twig's */ \
    SHAPE(T, 1, 0) \
    SHAPE(H, 2, 1) \
    SHAPE(F, 3, 0) \
    SHAPE(HL, 3, 2) \
    SHAPE(FL, 4, 1) \
    SHAPE(HT, 4, 1) \
    SHAPE(FT, 5, 0) \
    SHAPE(HH, 5, 2) \
    SHAPE(FH, 6, 1) \
    SHAPE(FF, 7, 0)

enum {
#define SHAPE(NAME, NODES, LEAVES) cshap_##NAME,
    CSHAP_SHAPES(SHAPE)
#undef SHAPE
    cshap_shape_count
};

/// The subtrees of a shape, one behind the other: a slot each, nodes and leaves depth first, a node before its first child.
typedef struct {
    int32_t first, count;
} cshap_range;

/// A leaf below a node that is walked on its own.
typedef struct {
    double value;
    int64_t slot;
} cshap_leaf;

/// Some trees of one output, walked together so that every level has work enough: breadth first over all of them.
///
/// The slots of a node's children are 2i and 2i+1, i being the node's place in the grove; those of the roots follow, from 2 x nodes on.
typedef struct {
    /// Nodes that are walked on their own, and their children that are leaves.
    cshap_range nodes, leaves;
    /// By shape, counted in subtrees of that shape.
    cshap_range shapes[cshap_shape_count];
    int32_t root_count, output;
} cshap_grove;

/// What nodes compare, in their order.
typedef struct {
    const int32_t *columns;
    /// A row goes right above it.
    const int32_t *ranks;
    /// A row is past the node, whose feature was asked about further up, unless `lows < value <= highs`.
    const int32_t *lows;
    const int32_t *highs;
} cshap_tests;

/// The same of thirty-two tests in half of the room, where columns are few and ranks small: a test's column is found in a register.
/// Columns stand in the order 0-7, 16-23, 8-15, 24-31, in which two bytes a value come together again in order.
typedef struct {
    uint8_t columns[32];
    int16_t ranks[32], lows[32], highs[32];
} cshap_block;

/// A node whose feature was asked about further up under another rule for missing values, so that no range of ranks tells: a row is past it
/// if it is past the earlier node, or if that sent it to the other side.
typedef struct {
    int32_t node;
    /// The earlier node shifted left by one, and the side on which this node hangs below it.
    int32_t earlier;
} cshap_repeat;

typedef struct {
    const cshap_grove *groves;
    /// First those that are walked on their own, then the shapes', shape after shape.
    const cshap_node *nodes;
    /// By node that is walked on its own, then by subtree: the byte offset of its slot.
    const int32_t *slots;
    const cshap_leaf *leaves;
    /// Values of the shapes' leaves, shape after shape.
    const double *values;
    /// By shape: where its nodes, slots and values begin.
    int32_t shape_nodes[cshap_shape_count], shape_slots[cshap_shape_count], shape_values[cshap_shape_count];
    /// Pairs of vectors of `lane_count` doubles: what is known of the feature, and how fast that grows.
    const double *factors;
    cshap_tests tests;
    /// The tests by thirty-two, the last block filled up; NULL where they do not fit.
    const cshap_block *blocks;
    /// In an order that settles upper nodes first.
    const cshap_repeat *repeats;
    int64_t repeat_count;
    int32_t node_count;
    int32_t grove_count;
    /// 4, or a multiple of 8.
    int32_t lane_count;
    /// Sums of a feature, which its nodes take in turn, so that none waits for the one before.
    int32_t bank_count;
    /// Sums of an output.
    int32_t sum_count;
    /// The lanes' weights in the integral.
    const double *points;
} cshap_plan;

/// Room on cache lines for the largest grove, `lane_count` doubles each: weights and expectations by slot; by node its probability to go to
/// its first child, then its worth. And room for the sums of all outputs, `sum_count` times as many.
typedef struct {
    double *weights, *expectations, *turns, *sums;
} cshap_scratch;

/// 0 portable, 1 AVX2, 2 AVX-512: the best that this processor has. All give the same bits.
int cshap_level(void);

/// How many of the ascending thresholds are less than the value, found without a branch to guess.
int32_t cshap_rank(const double *thresholds, int64_t count, double value);

/// Packs the plan's tests; false where they do not fit: more than 32 columns, or ranks above 32,766.
_Bool cshap_pack(const cshap_plan *plan, cshap_block *blocks);

/// Answers all tests of a row, filled up to a multiple of thirty-two.
///
/// `columns` holds `column_count` ranks.
void cshap_answer_all(int level, const cshap_plan *plan, const int32_t *columns, int32_t column_count, cshap_answer *answers);

/// Adds every tree's contributions to those of a row (`outputs x features`).
void cshap_add(
    int level, const cshap_plan *plan, const cshap_answer *answers, const cshap_scratch *scratch, int64_t outputs, double *contributions);

#endif
