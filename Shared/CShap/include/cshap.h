/// The inner loops of path-dependent TreeSHAP by quadrature, compiled for several instruction sets; see ShapEngine.swift for the idea.
#ifndef CSHAP_H
#define CSHAP_H

#include <stdint.h>

/// An inner node with at least one inner child. Its children's slots are 2i and 2i+1, i being its place in the grove.
typedef struct {
    /// By answer, left then right: minus the right child's share of the training rows; the left child's. What is unknown of the feature times
    /// this, plus 1 where the answer is left, is the probability to go left.
    double spread[2];
    /// Byte offsets of the node's own slot and of one of its feature's sums.
    int32_t slot, sum;
} cshap_node;

/// An inner node with two leaves.
typedef struct {
    /// By answer: the leaf's value.
    double value[2];
    /// By answer: the other leaf's share times the difference of this leaf's value and the other's.
    double difference[2];
    /// As a node's.
    int32_t slot, sum;
} cshap_twig;

/// A leaf whose sibling is no leaf.
typedef struct {
    double value;
    int64_t slot;
} cshap_leaf;

/// Some trees of one output, walked together so that every level has work enough: breadth first over all of them.
/// Root slots follow the children's, from 2 x node_count on.
typedef struct {
    int32_t node_first, node_count, twig_first, twig_count, leaf_first, leaf_count, root_count, output;
} cshap_grove;

/// A node's answer: the byte offset of the pair of factors that holds, plus 8 if the row goes right.
typedef int32_t cshap_answer;

/// What the nodes, then the twigs, compare.
typedef struct {
    const int32_t *columns;
    /// A row goes right above it.
    const int32_t *ranks;
    /// A row is past the node, whose feature was asked about further up, unless `lows < value <= highs`.
    const int32_t *lows;
    const int32_t *highs;
    /// The pair of factors where a row is not past it.
    const cshap_answer *factors;
} cshap_tests;

/// The same of thirty-two tests in a quarter of the room, where columns are few and ranks small: a test's column is found in a register.
/// Columns stand in the order 0-7, 16-23, 8-15, 24-31, in which two bytes a value come together again in order.
typedef struct {
    uint8_t columns[32];
    int16_t ranks[32], lows[32], highs[32];
    /// Pairs of factors, counted.
    uint16_t factors[32];
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
    const cshap_node *nodes;
    const cshap_twig *twigs;
    const cshap_leaf *leaves;
    /// Pairs of vectors of `lane_count` doubles: what is unknown of the feature, and how fast that falls. The first pair is that of a
    /// feature met for the first time, the second that of a node that a row is past.
    const double *factors;
    cshap_tests tests;
    /// The tests by thirty-two, the last block filled up; NULL where they do not fit.
    const cshap_block *blocks;
    /// In an order that settles upper nodes first.
    const cshap_repeat *repeats;
    int64_t repeat_count;
    int32_t node_count;
    int32_t twig_count;
    int32_t grove_count;
    /// 4, or a multiple of 8.
    int32_t lane_count;
    /// Sums of an output: each feature has several, which its nodes take in turn, so that none waits for the one before.
    int32_t sum_count;
} cshap_plan;

/// Room on cache lines for the largest grove, `lane_count` doubles each: weights and expectations by slot; by node its probability to go left,
/// then its worth.
typedef struct {
    double *weights, *expectations, *turns;
} cshap_scratch;

/// 0 portable, 1 AVX2, 2 AVX-512: the best that this processor has. All give the same bits.
int cshap_level(void);

/// Packs the plan's tests; false where they do not fit: more than 32 columns, ranks above 32,766, or more than 65,536 pairs of factors.
_Bool cshap_pack(const cshap_plan *plan, cshap_block *blocks);

/// Answers the tests of all nodes and twigs, filled up to a multiple of thirty-two.
///
/// `columns` holds `column_count` ranks.
void cshap_answer_all(int level, const cshap_plan *plan, const int32_t *columns, int32_t column_count, cshap_answer *answers);

/// Adds every tree's contributions to `sums` (`outputs × sum_count × lane_count`).
void cshap_add(int level, const cshap_plan *plan, const cshap_answer *answers, const cshap_scratch *scratch, double *sums);

#endif
