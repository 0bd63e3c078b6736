-- The event log: every event once, as ingest accepted it, and every record that ingest refused.

CREATE SCHEMA ledger;

CREATE TABLE ledger.event_log (
    event_time       timestamptz NOT NULL,
    topic            smallint    NOT NULL,
    source_partition integer     NOT NULL,
    source_offset    bigint      NOT NULL,
    source_time      timestamptz NOT NULL,
    transaction_id   text        NOT NULL,
    entities         text[]      NOT NULL,
    amount_minor     bigint,
    currency         text,
    verdict          smallint,
    transaction_time timestamptz,
    event            bytea       NOT NULL
) PARTITION BY RANGE (event_time);
CREATE INDEX event_log_transaction_id ON ledger.event_log (transaction_id);
COMMENT ON TABLE ledger.event_log IS 'Append only. A correction is a new event. Partitioned by the UTC day of the event time.';
COMMENT ON COLUMN ledger.event_log.topic IS '0 transactions, 1 outcomes.';
COMMENT ON COLUMN ledger.event_log.source_time IS 'Timestamp of the Kafka record: when the producer sent it.';
COMMENT ON COLUMN ledger.event_log.entities IS 'Keys of the entities in schema order, for cards: customer, terminal.';
COMMENT ON COLUMN ledger.event_log.verdict IS '1 fraud, 2 chargeback, 3 cleared; null for a transaction.';
COMMENT ON COLUMN ledger.event_log.event IS 'assay.v1.Event, Protobuf: the exact bytes that went to the next stage.';

CREATE TABLE ledger.rejected (
    rejected_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    topic            smallint    NOT NULL,
    source_partition integer     NOT NULL,
    source_offset    bigint      NOT NULL,
    source_time      timestamptz NOT NULL,
    reason           text        NOT NULL,
    field            text,
    detail           text        NOT NULL,
    original         bytea,
    PRIMARY KEY (topic, source_partition, source_offset)
);
COMMENT ON COLUMN ledger.rejected.original IS 'The record''s value as it came; null when the record had none.';

-- Days are made by the services before they are needed. A day is attached rather than created in place, so that
-- readers and writers of other days do not wait.
CREATE FUNCTION pipeline.ensure_days(parent regclass, days date[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    nsp text; base text; day date; child text; made integer := 0;
BEGIN
    SELECT n.nspname, c.relname INTO nsp, base
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = parent;
    IF (nsp, base) NOT IN (('ledger', 'event_log'), ('scoring', 'score'), ('scoring', 'marker')) THEN
        RAISE EXCEPTION 'ensure_days: % is not kept by day', parent USING ERRCODE = 'AS001';
    END IF;
    -- The lock comes first even when the day is there: who made it lets go of the lock only after telling every session of
    -- it, and a COPY that begins between the commit and the telling would not find the day. For the same reason pg_class is
    -- asked rather than to_regclass, whose cache need not have heard.
    PERFORM pg_advisory_xact_lock(hashtext(nsp || '.' || base));
    FOREACH day IN ARRAY days LOOP
        child := base || to_char(day, '_YYYYMMDD');
        CONTINUE WHEN EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = nsp AND c.relname = child);
        EXECUTE format('CREATE TABLE %I.%I (LIKE %s INCLUDING ALL)', nsp, child, parent);
        EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I.%I FOR VALUES FROM (%L) TO (%L)', parent, nsp, child,
            day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
