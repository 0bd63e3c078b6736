-- Reasons in words: a score row names the words by their place, the model's artifact holds them.

ALTER TABLE model.artifact ADD COLUMN reason_codes text[];
ALTER TABLE model.artifact ADD COLUMN reason_texts text[];
COMMENT ON COLUMN model.artifact.reason_codes IS 'Codes of the reasons that the model''s decisions can have, in order.';
COMMENT ON COLUMN model.artifact.reason_texts IS 'Four texts for each reason, one reason behind the other: plain, high, low, missing.';

ALTER TABLE scoring.score ADD COLUMN reason_words smallint[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN scoring.score.reason_features IS 'For each reason the place in the feature vector (from 0) that did most of it; at most four reasons.';
COMMENT ON COLUMN scoring.score.reason_contributions IS 'How much each reason added to the margin: the sum of its features'' Shapley values.';
COMMENT ON COLUMN scoring.score.reason_words IS 'Each reason''s place among the model''s reason_texts (from 0); empty in rows older than reasons in words.';

-- A row per reason. Rows older than reasons in words tell the features' names.
CREATE VIEW analytics.reason AS
SELECT s.event_time,
       s.transaction_id,
       s.entities[1]                                               AS customer,
       s.entities[2]                                               AS terminal,
       analytics.decision_word(s.decision)                         AS decision,
       r.rank,
       coalesce(m.reason_codes[r.word / 4 + 1], m.features[r.place + 1]) AS code,
       coalesce(m.reason_texts[r.word + 1], m.features[r.place + 1])     AS text,
       m.features[r.place + 1]                                     AS feature,
       s.features[r.place + 1]                                     AS value,
       r.contribution
FROM scoring.score s
LEFT JOIN model.artifact m ON m.hash = s.model
CROSS JOIN LATERAL unnest(s.reason_features, s.reason_contributions, s.reason_words) WITH ORDINALITY AS r (place, contribution, word, rank);
COMMENT ON VIEW analytics.reason IS 'The reasons of every decision, one a row: rank 1 raised the score most.';

-- What a reason says in one line: words and the feature that did most of it.
CREATE FUNCTION analytics.reason_line(words text, feature text, value double precision, contribution double precision) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE RETURN
    CASE WHEN words = feature THEN '' ELSE words || ': ' END
    || format('%s = %s (%s)', feature, CASE WHEN value = 'NaN' THEN 'none'
                                           WHEN abs(value) < 1e15 THEN trim_scale(value::numeric(30, 4))::text
                                           ELSE value::text END,
              to_char(contribution, 'FMSG999999990.000'));

CREATE OR REPLACE VIEW analytics.scored AS
SELECT s.event_time,
       s.transaction_id,
       s.entities[1]                                        AS customer,
       s.entities[2]                                        AS terminal,
       analytics.major_units(s.amount_minor, s.currency)    AS amount,
       s.currency,
       s.score,
       analytics.decision_word(s.decision)                  AS decision,
       (SELECT string_agg(analytics.reason_line(coalesce(m.reason_texts[r.word + 1], m.features[r.place + 1]), m.features[r.place + 1],
                                                s.features[r.place + 1], r.contribution), '; ' ORDER BY r.rank)
        FROM unnest(s.reason_features, s.reason_contributions, s.reason_words)
             WITH ORDINALITY AS r (place, contribution, word, rank)) AS reasons,
       s.features,
       encode(substring(s.model FROM 1 FOR 6), 'hex')       AS model,
       s.latency_micros / 1000.0                            AS latency_ms,
       extract(epoch FROM s.stored_at - s.source_time) * 1000 AS stored_ms,
       s.source_partition, s.source_offset, s.stored_at
FROM scoring.score s
LEFT JOIN model.artifact m ON m.hash = s.model;

GRANT SELECT ON analytics.reason TO assay_operator, analyst;
