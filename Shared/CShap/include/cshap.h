/// The inner loops of path-dependent TreeSHAP by quadrature, compiled for several instruction sets; see ShapEngine.swift for the idea.
#ifndef CSHAP_H
#define CSHAP_H

#include <stdint.h>

/// An inner node with at least one inner child. Its children's slots are 2i and 2i+1, i being its place in the tree.
typedef struct {
    /// Share of the rows that go to the child that a row does not go to, by the side that it does go to: right's, left's.
    double other_share[2];
    /// Where its own weight and expectation lie.
    int32_t slot;
    /// Which pair of factors it takes, as an index into `factors`.
    int32_t factor;
    int32_t feature;
    int32_t reserved;
} cshap_node;

/// An inner node with two leaves.
typedef struct {
    /// The leaf's value, by side.
    double value[2];
    /// By side: the other leaf's share times the difference of this leaf's value and the other's.
    double difference[2];
    int32_t slot;
    int32_t factor;
    int32_t feature;
    int32_t reserved;
} cshap_twig;

/// A leaf whose sibling is no leaf.
typedef struct {
    double value;
    int32_t slot;
    int32_t reserved;
} cshap_leaf;

typedef struct {
    int32_t node_first, node_count, twig_first, twig_count, leaf_first, leaf_count, root_slot, output;
} cshap_tree;

/// A node's answer: bit 0, the row goes right; bit 1, an earlier answer about the same feature already left this path.
typedef uint8_t cshap_answer;

typedef struct {
    const cshap_tree *trees;
    const cshap_node *nodes;
    const cshap_twig *twigs;
    const cshap_leaf *leaves;
    /// Pairs of vectors of `lane_count` doubles: what is unknown of the feature, and how fast that falls. Pair 0 is that of a feature
    /// met for the first time, pair 1 that of a dead answer.
    const double *factors;
    int32_t tree_count;
    /// 4, or a multiple of 8.
    int32_t lane_count;
    int32_t feature_count;
} cshap_plan;

/// By node: what it compares. Answer: `columns[column] > rank`.
typedef struct {
    int32_t column;
    int32_t rank;
} cshap_test;

/// A node whose feature was asked about further up: it is dead if that node is, or if it sent the row to the other side.
typedef struct {
    int32_t node;
    /// Index of the earlier node shifted left by one, and the side on which this node hangs below it.
    int32_t earlier;
} cshap_repeat;

/// 0 portable, 1 AVX2, 2 AVX-512: the best that this processor has. All give the same bits.
int cshap_level(void);

/// Answers all tests, then settles the repeats in order.
void cshap_answer_all(
    int level, const cshap_test *tests, int64_t test_count, const cshap_repeat *repeats, int64_t repeat_count, const int32_t *columns,
    cshap_answer *answers);

/// Adds every tree's contributions to `sums` (`outputs × feature_count × lane_count`).
///
/// @param node_answers,twig_answers indexed as the plan's nodes and twigs.
/// @param weights,expectations scratch for the slots of the largest tree, each slot `lane_count` doubles.
void cshap_add(
    int level, const cshap_plan *plan, const cshap_answer *node_answers, const cshap_answer *twig_answers, double *weights,
    double *expectations, double *sums);

#endif
