-- What analysts read: words instead of numbers, names instead of places.

CREATE SCHEMA analytics;

CREATE FUNCTION analytics.decision_word(decision smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (ARRAY['approve', 'review', 'decline'])[decision];

CREATE FUNCTION analytics.verdict_word(verdict smallint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (ARRAY['fraud', 'chargeback', 'cleared'])[verdict];

-- Minor units a currency has, ISO 4217: two for most, none, three or four for a few.
CREATE FUNCTION analytics.major_units(amount_minor bigint, currency text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN CASE
    WHEN currency IN ('BIF','CLP','DJF','GNF','ISK','JPY','KMF','KRW','PYG','RWF','UGX','UYI','VND','VUV','XAF','XOF','XPF') THEN amount_minor::numeric
    WHEN currency IN ('BHD','IQD','JOD','KWD','LYD','OMR','TND') THEN amount_minor::numeric(30, 3) / 1000
    WHEN currency IN ('CLF','UYW') THEN amount_minor::numeric(30, 4) / 10000
    ELSE round(amount_minor::numeric / 100, 2) END;

CREATE VIEW analytics.scored AS
SELECT s.event_time,
       s.transaction_id,
       s.entities[1]                                        AS customer,
       s.entities[2]                                        AS terminal,
       analytics.major_units(s.amount_minor, s.currency)    AS amount,
       s.currency,
       s.score,
       analytics.decision_word(s.decision)                  AS decision,
       (SELECT string_agg(format('%s = %s (%s)', f.features[r.place + 1], trim_scale(s.features[r.place + 1]::numeric(30, 4)),
                                 to_char(r.contribution, 'FMSG0.000')), '; ' ORDER BY r.rank)
        FROM unnest(s.reason_features, s.reason_contributions) WITH ORDINALITY AS r (place, contribution, rank)) AS reasons,
       s.features,
       encode(substring(s.model FROM 1 FOR 6), 'hex')       AS model,
       s.latency_micros / 1000.0                            AS latency_ms,
       extract(epoch FROM s.stored_at - s.source_time) * 1000 AS stored_ms,
       s.source_partition, s.source_offset, s.stored_at
FROM scoring.score s
LEFT JOIN model.artifact f ON f.hash = s.model;
COMMENT ON VIEW analytics.scored IS 'Every scored transaction with its decision, reasons in words and the model that said it.';

CREATE VIEW analytics.alert AS
SELECT event_time, transaction_id, customer, terminal, amount, currency, round(score::numeric, 4) AS score, decision, reasons
FROM analytics.scored WHERE decision <> 'approve';
COMMENT ON VIEW analytics.alert IS 'Transactions to look at: decision review or decline.';

CREATE VIEW analytics.outcome AS
SELECT event_time AS known_at, transaction_id, transaction_time, entities[1] AS customer, entities[2] AS terminal,
       analytics.verdict_word(verdict) AS verdict
FROM ledger.event_log WHERE topic = 1;
COMMENT ON VIEW analytics.outcome IS 'What became known of transactions after the fact.';

CREATE VIEW analytics.timeline AS
SELECT event_time AS at, entities[1] AS customer, 'scored' AS what, transaction_id,
       format('%s %s at terminal %s: %s (%s)', analytics.major_units(amount_minor, currency), currency, entities[2],
              analytics.decision_word(decision), round(score::numeric, 4)) AS detail
FROM scoring.score
UNION ALL
SELECT event_time, entities[1], 'outcome', transaction_id,
       format('%s of %s', analytics.verdict_word(verdict), transaction_time)
FROM ledger.event_log WHERE topic = 1;
COMMENT ON VIEW analytics.timeline IS 'What happened to a customer, in event time: filter by customer, order by at.';

CREATE VIEW analytics.caught_per_day AS
WITH fraud AS (
    SELECT DISTINCT ON (transaction_id, transaction_time) transaction_id, transaction_time, verdict
    FROM ledger.event_log WHERE topic = 1 ORDER BY transaction_id, transaction_time, event_time DESC, source_offset DESC
)
SELECT (s.event_time AT TIME ZONE 'UTC')::date AS day,
       count(*)                                                       AS frauds,
       count(*) FILTER (WHERE s.decision > 1)                         AS caught,
       round(100.0 * count(*) FILTER (WHERE s.decision > 1) / count(*), 1) AS caught_percent,
       sum(analytics.major_units(s.amount_minor, s.currency)) FILTER (WHERE s.decision > 1) AS amount_caught,
       sum(analytics.major_units(s.amount_minor, s.currency)) FILTER (WHERE s.decision = 1) AS amount_missed
FROM fraud f
JOIN scoring.score s ON s.transaction_id = f.transaction_id AND s.event_time = f.transaction_time
WHERE f.verdict IN (1, 2)
GROUP BY 1;
COMMENT ON VIEW analytics.caught_per_day IS 'Confirmed frauds per UTC day of the transaction and how many were reviewed or declined.';

CREATE VIEW analytics.latency AS
SELECT date_trunc('minute', stored_at) AS minute, count(*) AS scored,
       round((percentile_cont(0.5)  WITHIN GROUP (ORDER BY latency_micros) / 1000)::numeric, 1) AS score_p50_ms,
       round((percentile_cont(0.99) WITHIN GROUP (ORDER BY latency_micros) / 1000)::numeric, 1) AS score_p99_ms,
       round((percentile_cont(0.5)  WITHIN GROUP (ORDER BY extract(epoch FROM stored_at - source_time)) * 1000)::numeric, 1) AS sql_p50_ms,
       round((percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM stored_at - source_time)) * 1000)::numeric, 1) AS sql_p99_ms
FROM scoring.score GROUP BY 1;
COMMENT ON VIEW analytics.latency IS 'Milliseconds from the producer''s timestamp to the score and to the row, per minute.';

CREATE VIEW analytics.rejected AS
SELECT rejected_at, (ARRAY['transactions', 'outcomes'])[topic + 1] AS topic, source_partition, source_offset, reason, field, detail,
       encode(substring(original FROM 1 FOR 200), 'escape') AS begins_with
FROM ledger.rejected;

-- The order-free digest of each day over all partitions, to compare runs.
CREATE VIEW analytics.digest AS
SELECT stage, day, sum(records) AS records, mod(sum(digest), 340282366920938463463374607431768211456) AS digest
FROM pipeline.digest GROUP BY stage, day;
