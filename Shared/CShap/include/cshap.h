/// The inner loops of path-dependent TreeSHAP by quadrature, compiled for several instruction sets; see ShapEngine.swift for the idea.
#ifndef CSHAP_H
#define CSHAP_H

#include <stdint.h>

/// An inner node with at least one inner child. Its children's slots are 2i and 2i+1, i being its place in the grove.
typedef struct {
    /// Share of the rows that go to the child that a row does not go to, by the side that it does go to: right's, left's.
    double other_share[2];
    /// Where its own weight and expectation lie.
    int32_t slot;
    int32_t feature;
} cshap_node;

/// An inner node with two leaves.
typedef struct {
    /// The leaf's value, by side.
    double value[2];
    /// By side: the other leaf's share times the difference of this leaf's value and the other's.
    double difference[2];
    int32_t slot;
    int32_t feature;
} cshap_twig;

/// A leaf whose sibling is no leaf.
typedef struct {
    double value;
    int64_t slot;
} cshap_leaf;

/// Some trees of one output, walked together so that every level has work enough: breadth first over all of them.
/// Root slots follow the children's, from 2 × node_count on.
typedef struct {
    int32_t node_first, node_count, twig_first, twig_count, leaf_first, leaf_count, root_count, output;
} cshap_grove;

/// A node's answer: bit 0, the row goes right; above it, the pair of factors that holds.
typedef int32_t cshap_answer;

typedef struct {
    const cshap_grove *groves;
    const cshap_node *nodes;
    const cshap_twig *twigs;
    const cshap_leaf *leaves;
    /// Pairs of vectors of `lane_count` doubles: what is unknown of the feature, and how fast that falls. Pair 0 is that of a feature
    /// met for the first time, pair 1 that of a dead answer.
    const double *factors;
    /// By node, then by twig: the column it compares, the rank above which a row goes right, and its pair of factors times 2.
    const int32_t *test_columns;
    const int32_t *test_ranks;
    const cshap_answer *test_answers;
    /// Nodes whose feature was asked about further up, in an order that settles the upper ones first.
    const struct cshap_repeat *repeats;
    int64_t repeat_count;
    int32_t node_count;
    int32_t twig_count;
    int32_t grove_count;
    /// 4, or a multiple of 8.
    int32_t lane_count;
    int32_t feature_count;
} cshap_plan;

/// A node is dead if the earlier one that asked about its feature is, or if that sent the row to the other side.
typedef struct cshap_repeat {
    int32_t node;
    /// The earlier node shifted left by one, and the side on which this node hangs below it.
    int32_t earlier;
} cshap_repeat;

/// 0 portable, 1 AVX2, 2 AVX-512: the best that this processor has. All give the same bits.
int cshap_level(void);

/// Answers the tests of all nodes and twigs.
void cshap_answer_all(int level, const cshap_plan *plan, const int32_t *columns, cshap_answer *answers);

/// Adds every tree's contributions to `sums` (`outputs × feature_count × lane_count`).
///
/// @param weights,expectations scratch for the slots of the largest grove, each slot `lane_count` doubles, on cache lines.
void cshap_add(
    int level, const cshap_plan *plan, const cshap_answer *answers, double *weights, double *expectations, double *sums);

#endif
